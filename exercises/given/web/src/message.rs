//! Requests and responses, and bodies that are whole or still arriving.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, Stream};
use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use thiserror::Error;

// ANCHOR: messages
/// A request. Its body is whole: the server reads it, within a bound, before anything is decided.
pub type Request = http::Request<Bytes>;

/// A response. Its body may still be arriving.
pub type Response = http::Response<Body>;
// ANCHOR_END: messages

/// The body of a response: whole, or still arriving.
pub struct Body {
    /// What has arrived already.
    first: Bytes,
    /// What is still to come; `None` when the body is whole.
    rest: Option<BoxStream<'static, Result<Bytes, BodyBroken>>>,
    /// Dropped when the body has ended, and not before.
    held: Option<Box<dyn Any + Send + Sync>>,
}

/// The result of [`Body::within`].
#[derive(Debug)]
pub enum Read {
    /// The whole body, which is within the limit.
    Whole(Bytes),
    /// The body is longer than the limit. Nothing of it is lost.
    Longer(Body),
}

/// The connection ended before the body did, or stalled for too long.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the body ended too early")]
pub struct BodyBroken;

impl Body {
    /// An empty body.
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// A body that arrives in pieces.
    pub fn pieces(rest: impl Stream<Item = Result<Bytes, BodyBroken>> + Send + 'static) -> Self {
        Self {
            first: Bytes::new(),
            rest: Some(rest.boxed()),
            held: None,
        }
    }

    /// Keeps `guard` until the body has ended or is dropped. A whole body has ended already.
    #[must_use]
    pub fn holding(mut self, guard: impl Any + Send + Sync) -> Self {
        if self.rest.is_some() {
            self.held = Some(Box::new((self.held.take(), guard)));
        }
        self
    }

    /// How long the body is, if it is whole.
    pub fn len(&self) -> Option<usize> {
        self.rest.is_none().then_some(self.first.len())
    }

    /// Whether the body is whole and has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Reads the whole body if it has at most `limit` bytes; and never reads much more than that.
    ///
    /// # Errors
    /// [`BodyBroken`] when it ended too early: what has arrived is then incomplete, and cannot be used.
    pub async fn within(mut self, limit: usize) -> Result<Read, BodyBroken> {
        let Some(mut rest) = self.rest.take() else {
            return Ok(if self.first.len() <= limit {
                Read::Whole(self.first)
            } else {
                Read::Longer(self)
            });
        };
        let mut read = BytesMut::from(&self.first[..]);
        while read.len() <= limit {
            match rest.next().await {
                Some(piece) => read.extend_from_slice(&piece?),
                None => return Ok(Read::Whole(read.freeze())),
            }
        }
        Ok(Read::Longer(Self {
            first: read.freeze(),
            rest: Some(rest),
            held: self.held.take(),
        }))
    }
}

impl From<Bytes> for Body {
    fn from(whole: Bytes) -> Self {
        Self {
            first: whole,
            rest: None,
            held: None,
        }
    }
}

impl From<&'static str> for Body {
    fn from(whole: &'static str) -> Self {
        Self::from(Bytes::from_static(whole.as_bytes()))
    }
}

impl From<String> for Body {
    fn from(whole: String) -> Self {
        Self::from(Bytes::from(whole))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, BodyBroken>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.first.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.first))));
        }
        let Some(rest) = self.rest.as_mut() else {
            return Poll::Ready(None);
        };
        let next = rest.poll_next_unpin(cx);
        if let Poll::Ready(None | Some(Err(_))) = next {
            self.rest = None;
            self.held = None;
        }
        next
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            Some(bytes) => write!(f, "Body({bytes} bytes)"),
            None => write!(f, "Body({} bytes and more)", self.first.len()),
        }
    }
}
