//! Requests out to an origin, over connections that are kept.

use crate::body::{Outgoing, incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use web::http::header::{self, HeaderValue};
use web::http::uri::PathAndQuery;
use web::http::{Uri, Version};
use web::{Body, Origin, OriginError, Request, Response, hop, http};

/// How connections to an origin are made.
pub trait Connect: Send + Sync + 'static {
    /// What a connection is.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Makes one.
    fn connect(&self) -> impl Future<Output = io::Result<Self::Io>> + Send;
}

/// An origin at an address.
#[derive(Clone, Copy, Debug)]
pub struct Tcp(pub SocketAddr);

impl Connect for Tcp {
    type Io = TcpStream;

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = TcpStream::connect(self.0).await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }
}

/// What an origin may make us hold or wait for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reach {
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a body may stall.
    pub body_timeout: Duration,
    /// The most idle connections that are kept.
    pub max_idle: usize,
    /// The most headers in a response.
    pub max_headers: usize,
    /// The most bytes in a response's head.
    pub max_head_bytes: usize,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            body_timeout: Duration::from_secs(10),
            max_idle: 64,
            max_headers: 100,
            max_head_bytes: 64 << 10,
        }
    }
}

/// The way to an origin. Clones share its connections.
pub struct Upstream<C> {
    inner: Arc<Inner<C>>,
}

impl<C> Clone for Upstream<C> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

struct Inner<C> {
    connect: C,
    reach: Reach,
    /// The one used last is used next, so that unneeded ones expire.
    idle: Mutex<Vec<Sender>>,
}

type Sender = SendRequest<Outgoing>;

impl<C: Connect> Upstream<C> {
    /// The way to the origin that `connect` reaches. Nothing is connected yet.
    pub fn new(connect: C, reach: Reach) -> Self {
        Self {
            inner: Arc::new(Inner {
                connect,
                reach,
                idle: Mutex::new(Vec::new()),
            }),
        }
    }

    async fn connect(&self) -> Result<Sender, OriginError> {
        let Inner { connect, reach, .. } = &*self.inner;
        let connecting = async {
            let io = connect.connect().await.ok()?;
            let handshake = Builder::new()
                .max_headers(reach.max_headers)
                .max_buf_size(reach.max_head_bytes.max(8 << 10))
                .handshake(TokioIo::new(io));
            handshake.await.ok()
        };
        let connected = timeout(reach.connect_timeout, connecting).await;
        let (sender, connection) = connected.ok().flatten().ok_or(OriginError::Unreachable)?;
        tokio::spawn(async move {
            // The request that waits for a response gets the connection's error.
            let _ended = connection.await;
        });
        Ok(sender)
    }

    fn idle(&self) -> Option<Sender> {
        let mut idle = lock(&self.inner.idle);
        idle.retain(|sender| !sender.is_closed());
        idle.pop()
    }
}

impl<C: Connect> Origin for Upstream<C> {
    async fn fetch(&self, request: Request) -> Result<Response, OriginError> {
        let mut request = prepared(request);
        // The origin may have closed a kept connection at this very moment. Only a request of which
        // nothing was sent may be sent again; then hyper returns it.
        while let Some(mut sender) = self.idle() {
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(self.received(response, sender)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(OriginError::Lost),
                },
            }
        }
        let mut sender = self.connect().await?;
        match sender.try_send_request(request).await {
            Ok(response) => Ok(self.received(response, sender)),
            Err(mut error) => Err(match error.take_message() {
                Some(_unsent) => OriginError::Unreachable,
                None => OriginError::Lost,
            }),
        }
    }
}

impl<C: Connect> Upstream<C> {
    /// The response, which returns its connection when its body has ended.
    fn received(
        &self,
        response: http::Response<hyper::body::Incoming>,
        sender: Sender,
    ) -> Response {
        let back = Back {
            inner: Arc::clone(&self.inner),
            sender: Some(sender),
        };
        let patience = self.inner.reach.body_timeout;
        response.map(|body| incoming(body, patience).holding(back))
    }
}

/// A connection that is returned when this is dropped.
struct Back<C> {
    inner: Arc<Inner<C>>,
    sender: Option<Sender>,
}

impl<C> Drop for Back<C> {
    fn drop(&mut self) {
        let Some(sender) = self.sender.take() else {
            return;
        };
        let mut idle = lock(&self.inner.idle);
        if !sender.is_closed() && idle.len() < self.inner.reach.max_idle {
            idle.push(sender);
        }
    }
}

fn lock<T>(idle: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing in here panics half-way through a change.
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The request as it is sent to the origin: in one framing, which hyper chooses.
fn prepared(request: Request) -> http::Request<Outgoing> {
    let (mut head, body) = request.into_parts();
    hop::end_to_end(&mut head.headers);
    if let Some(authority) = head.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        head.headers.insert(header::HOST, host);
    }
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers
        .append(header::VIA, HeaderValue::from_static("1.1 edge"));
    let target = head.uri.path_and_query().cloned();
    head.uri = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
    head.version = Version::HTTP_11;
    http::Request::from_parts(head, Outgoing(Body::from(body)))
}
