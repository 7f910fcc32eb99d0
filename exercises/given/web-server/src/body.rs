//! Bodies, between hyper's form and ours.

use futures_util::stream::{self, Stream};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;
use web::{Body, BodyBroken, Bytes};

/// One of our bodies, as hyper wants it.
pub struct Outgoing(pub Body);

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = BodyBroken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyBroken>>> {
        let next = Pin::new(&mut self.0).poll_next(cx);
        next.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.0
            .len()
            .map_or_else(SizeHint::new, |len| SizeHint::with_exact(len as u64))
    }
}

/// One of hyper's bodies, as ours: it breaks when nothing arrives for `patience`. Trailers are dropped.
pub fn incoming(body: Incoming, patience: Duration) -> Body {
    if http_body::Body::is_end_stream(&body) {
        return Body::empty();
    }
    Body::pieces(stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        loop {
            return match timeout(patience, body.frame()).await {
                Ok(None) => None,
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => Some((Ok(data), Some(body))),
                    Err(_trailers) => continue,
                },
                Ok(Some(Err(_))) | Err(_) => Some((Err(BodyBroken), None)),
            };
        }
    }))
}
