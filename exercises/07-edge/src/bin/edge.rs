//! `edge LISTEN ORIGIN`: a shared HTTP cache on one address of this machine, in front of another.
//!
//! With `EDGE_PURGE_TOKEN` set, `PURGE /path` with `Authorization: Bearer TOKEN` forgets a path.

use edge::edge::Edge;
use edge::identity::key;
use edge::settings::{Settings, plain};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use web::http::header::{AUTHORIZATION, HeaderValue};
use web::http::{Method, StatusCode};
use web::{Clock, Request};
use web_server::{Limits, Reach, Tcp, Upstream, serve};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(listen), Some(origin)) = (args.next(), args.next()) else {
        return Err("edge LISTEN ORIGIN, both as 127.0.0.1:PORT".into());
    };
    let (listen, origin): (SocketAddr, SocketAddr) = (listen.parse()?, origin.parse()?);
    let token = std::env::var("EDGE_PURGE_TOKEN").ok();
    let expected = token.map(|token| Arc::<str>::from(format!("Bearer {token}")));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await?;
        println!("edge on http://{} for {origin}", listener.local_addr()?);
        let upstream = Upstream::new(Tcp(origin), Reach::default());
        let edge = Edge::new(upstream, Settings::default(), Clock::system());
        let handler = move |request: Request| {
            let (edge, expected) = (edge.clone(), expected.clone());
            async move {
                if request.method() != Method::from_bytes(b"PURGE").expect("a method") {
                    return edge.handle(request).await;
                }
                let shown = request.headers().get(AUTHORIZATION);
                let shown = shown.map(HeaderValue::as_bytes);
                if expected.is_none() || shown != expected.as_deref().map(str::as_bytes) {
                    return plain(StatusCode::FORBIDDEN, "A purge needs the token.\n");
                }
                edge.purge(&key(&request));
                plain(StatusCode::OK, "Purged.\n")
            }
        };
        serve(listener, Limits::default(), handler, std::future::pending()).await;
        Ok(())
    })
}
