//! Connections in, a handler, responses out.

use crate::body::{Outgoing, incoming};
use crate::patient::Patient;
use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use web::http::header::{self, HeaderValue};
use web::http::{self, Method, StatusCode, Version};
use web::{Body, Read, Request, Response};

/// What clients may make a server hold or wait for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The most connections at once. One more is closed with a 503.
    pub max_connections: usize,
    /// The most headers in a request; one with more is answered by a 431.
    pub max_headers: usize,
    /// The most bytes in a request's head; one with more is answered by a 431. At least 8 KiB.
    pub max_head_bytes: usize,
    /// The most bytes in a request's body; one with more is answered by a 413.
    pub max_body_bytes: usize,
    /// How long a request's head may take to arrive, on an idle connection too.
    pub head_timeout: Duration,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// How long a response may wait for a client to read on.
    pub write_timeout: Duration,
    /// How long running requests may still take when the server stops.
    pub stop_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Below the 1,024 open files that a process may have by default, even if each connection
            // needs one to an origin.
            max_connections: 400,
            // Browsers send about twenty.
            max_headers: 100,
            // What other servers allow, so nobody is surprised.
            max_head_bytes: 16 << 10,
            max_body_bytes: 1 << 20,
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(15),
            stop_timeout: Duration::from_secs(5),
        }
    }
}

/// Serves connections until `stop` is ready; then lets the running requests end.
pub async fn serve<Handler, Handling>(
    listener: TcpListener,
    limits: Limits,
    handler: Handler,
    stop: impl Future<Output = ()>,
) where
    Handler: Fn(Request) -> Handling + Clone + Send + Sync + 'static,
    Handling: Future<Output = Response> + Send,
{
    let places = Arc::new(Semaphore::new(
        limits.max_connections.min(Semaphore::MAX_PERMITS),
    ));
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((mut socket, _)) = accepted else {
            // Most likely out of file handles: some will be closed soon.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            let refusal = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\
                            retry-after: 1\r\nconnection: close\r\n\r\n";
            let _ = socket.try_write(refusal);
            let _ = socket.shutdown().now_or_never();
            continue;
        };
        let _ = socket.set_nodelay(true);
        let (handler, mut stopped) = (handler.clone(), stopped.clone());
        connections.spawn(async move {
            let _place = place;
            let stop = async move {
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            connection(socket, limits, handler, stop).await;
        });
    }
    drop(listener);
    stopping.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(limits.stop_timeout, all).await;
}

/// Serves one connection until its client leaves.
pub async fn serve_connection<Io, Handler, Handling>(io: Io, limits: Limits, handler: Handler)
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    Handler: Fn(Request) -> Handling + Clone + Send + Sync + 'static,
    Handling: Future<Output = Response> + Send,
{
    connection(io, limits, handler, std::future::pending()).await;
}

async fn connection<Io, Handler, Handling>(
    io: Io,
    limits: Limits,
    handler: Handler,
    stop: impl Future<Output = ()>,
) where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    Handler: Fn(Request) -> Handling + Clone + Send + Sync + 'static,
    Handling: Future<Output = Response> + Send,
{
    let service = service_fn(move |request| {
        let handler = handler.clone();
        async move {
            let response = match read(request, limits).await {
                Ok(request) => {
                    let handling = AssertUnwindSafe(async { handler(request).await });
                    let handled = handling.catch_unwind().await;
                    handled.unwrap_or_else(|_| refusal(StatusCode::INTERNAL_SERVER_ERROR))
                }
                Err(status) => refusal(status),
            };
            Ok::<_, Infallible>(response.map(Outgoing))
        }
    });
    let io = TokioIo::new(Patient::new(io, limits.write_timeout));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(limits.max_headers)
        .max_buf_size(limits.max_head_bytes.max(8 << 10))
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    // How a connection ends matters only to its client.
    tokio::select! {
        _ended = &mut connection => {}
        () = stop => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

/// Reads a whole request, or returns the status that refuses it.
async fn read(request: http::Request<Incoming>, limits: Limits) -> Result<Request, StatusCode> {
    let (mut head, body) = request.into_parts();
    let headers = &mut head.headers;
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next();
    // With two hosts, or two lengths, one request can look like another one to a server behind this one.
    let ambiguous = hosts.next().is_some()
        || (headers.contains_key(header::TRANSFER_ENCODING)
            && (headers.contains_key(header::CONTENT_LENGTH) || head.version < Version::HTTP_11))
        || headers.get_all(header::CONTENT_LENGTH).iter().count() > 1;
    let nameless = host.is_none() && head.version >= Version::HTTP_11;
    if ambiguous || nameless || host.is_some_and(|host| !is_host(host)) {
        return Err(StatusCode::BAD_REQUEST);
    }
    if matches!(head.method, Method::CONNECT | Method::TRACE) {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    // From here on the body is complete, and no announced length counts.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::EXPECT);
    let announced = http_body::Body::size_hint(&body).lower();
    if announced > limits.max_body_bytes as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = incoming(body, limits.body_timeout).within(limits.max_body_bytes);
    match timeout(limits.body_timeout, body).await {
        Ok(Ok(Read::Whole(body))) => Ok(Request::from_parts(head, body)),
        Ok(Ok(Read::Longer(_))) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Whether this can be a host with a port: nothing in it that means something elsewhere in a message.
fn is_host(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|host| {
        host.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]%".contains(&byte))
    })
}

/// An answer to something that is not a request. The connection ends with it: what follows may be
/// anything.
fn refusal(status: StatusCode) -> Response {
    let mut response = http::Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
