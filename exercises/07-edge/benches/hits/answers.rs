//! One client, which asks over a kept connection and waits, and the servers that answer it.

use std::net::SocketAddr;
use std::time::Duration;

use edge::edge::Edge;
use edge::settings::Settings;
use ladder::child::{Probe, Seat};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use web::http::{HeaderValue, header};
use web::{Body, Bytes, Clock, Origin, OriginError, Read, Request, Response};
use web_server::{Limits, Reach, Tcp, Upstream, serve};

/// The size of a page of forty lessons, as HTML.
const PAGE_BYTES: usize = 13 << 10;

/// Connections are kept while others are measured.
pub fn limits() -> Limits {
    Limits {
        head_timeout: Duration::from_secs(24 * 60 * 60),
        ..Limits::default()
    }
}

pub fn runtime() -> Result<Runtime, String> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())
}

pub fn page() -> Response {
    let body = Bytes::from_static(&[b'x'; PAGE_BYTES]);
    let mut response = Response::new(Body::from(body));
    let lifetime = HeaderValue::from_static("max-age=86400");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, lifetime);
    response
}

fn get() -> Request {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = "/courses/1".parse().expect("a path");
    let host = HeaderValue::from_static("learn.example");
    request.headers_mut().insert(header::HOST, host);
    request
}

/// An origin in the same process.
struct Here;

impl Origin for Here {
    async fn fetch(&self, _request: Request) -> Result<Response, OriginError> {
        Ok(page())
    }
}

fn new_edge() -> Edge<Here> {
    Edge::new(Here, Settings::default(), Clock::system())
}

/// Serves the page to every request.
pub fn bare(_: &Seat, announce: &dyn Fn(&str)) -> Result<(), String> {
    served(announce, |_request| async { page() })
}

/// Serves the page through the edge.
pub fn edge(_: &Seat, announce: &dyn Fn(&str)) -> Result<(), String> {
    let runtime = runtime()?;
    let edge = runtime.block_on(async {
        let edge = new_edge();
        // So that a stub is reported here, and not as a request without an answer.
        edge.handle(get()).await;
        edge
    });
    serve_in(&runtime, announce, move |request| {
        let edge = edge.clone();
        async move { edge.handle(request).await }
    })
}

fn served<Handling>(
    announce: &dyn Fn(&str),
    handler: impl Fn(Request) -> Handling + Clone + Send + Sync + 'static,
) -> Result<(), String>
where
    Handling: Future<Output = Response> + Send,
{
    serve_in(&runtime()?, announce, handler)
}

fn serve_in<Handling>(
    runtime: &Runtime,
    announce: &dyn Fn(&str),
    handler: impl Fn(Request) -> Handling + Clone + Send + Sync + 'static,
) -> Result<(), String>
where
    Handling: Future<Output = Response> + Send,
{
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        announce(&address.to_string());
        serve(listener, limits(), handler, std::future::pending()).await;
        Ok(())
    })
}

/// Asks for the page again and again; a sample is the time until all of it has arrived.
pub fn ask(seat: &Seat) -> Result<Probe, String> {
    let address: SocketAddr = seat.address.parse().map_err(|_| "no address".to_owned())?;
    let upstream = Upstream::new(Tcp(address), Reach::default());
    let runtime = runtime()?;
    runtime.block_on(asked(&upstream))?;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            slice.time(|| runtime.block_on(asked(&upstream)))?;
        }
        Ok(slice)
    }))
}

async fn asked(origin: &impl Origin) -> Result<(), String> {
    let response = origin
        .fetch(get())
        .await
        .map_err(|error| error.to_string())?;
    whole(response).await
}

async fn whole(response: Response) -> Result<(), String> {
    match response.into_body().within(1 << 20).await {
        Ok(Read::Whole(body)) if body.len() == PAGE_BYTES => Ok(()),
        _ => Err("the page did not arrive complete".to_owned()),
    }
}

/// A hit by a function call.
pub fn handle(_: &Seat) -> Result<Probe, String> {
    const RUN: u64 = 100;
    let runtime = runtime()?;
    let edge = runtime.block_on(async { new_edge() });
    let hit = move || runtime.block_on(async { whole(edge.handle(get()).await).await });
    hit()?;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            let start = std::time::Instant::now();
            for _ in 0..RUN {
                hit()?;
            }
            let took: Duration = start.elapsed();
            slice.keep(took, RUN);
        }
        Ok::<_, String>(slice)
    }))
}
