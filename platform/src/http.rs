//! Something that answers requests, in this process or over loopback.
//!
//! Tests call the same router as a service; the running platform puts a socket in between. Both look the
//! same to whoever asks.

use crate::parts::{Fut, Http, NoAnswer};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::HOST;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::net::SocketAddr;
use std::sync::Arc;
use tower::ServiceExt as _;

/// The largest answer that is accepted. Ours have a few kilobytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Answers within this process.
#[derive(Clone)]
pub struct InProcess(Router);

impl InProcess {
    /// Asks `router`.
    pub fn new(router: Router) -> Self {
        Self(router)
    }
}

impl Http for InProcess {
    fn call(&self, request: Request<Bytes>) -> Fut<'_, Result<Response<Bytes>, NoAnswer>> {
        let router = self.0.clone();
        Box::pin(async move {
            let Ok(response) = router.oneshot(request.map(Body::from)).await;
            whole(response).await
        })
    }
}

/// Answers at a socket.
#[derive(Clone)]
pub struct Loopback {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

impl Loopback {
    /// Asks whoever listens at `address`.
    pub fn new(address: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            address,
        }
    }
}

impl Http for Loopback {
    fn call(&self, request: Request<Bytes>) -> Fut<'_, Result<Response<Bytes>, NoAnswer>> {
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            let uri = format!("http://{}{path}", self.address);
            parts.uri = uri.parse::<Uri>().map_err(|_| NoAnswer::Absent)?;
            parts.headers.remove(HOST);
            let request = Request::from_parts(parts, Full::new(body));
            match self.client.request(request).await {
                Ok(response) => whole(response.map(Body::new)).await,
                // Not even connected: it reached nobody. Anything else may have.
                Err(error) if error.is_connect() => Err(NoAnswer::Absent),
                Err(_) => Err(NoAnswer::Lost),
            }
        })
    }
}

async fn whole(response: Response<Body>) -> Result<Response<Bytes>, NoAnswer> {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|_| NoAnswer::Lost)?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}

impl<T: Http + ?Sized> Http for Arc<T> {
    fn call(&self, request: Request<Bytes>) -> Fut<'_, Result<Response<Bytes>, NoAnswer>> {
        (**self).call(request)
    }
}
