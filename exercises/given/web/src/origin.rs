//! The way to the origin, and how it fails.

use crate::message::{Request, Response};
use std::future::Future;
use thiserror::Error;

// ANCHOR: origin
/// The way to the origin: the server that decides what an address answers.
pub trait Origin: Send + Sync + 'static {
    /// Sends the request, and returns with the head of the response. Dropping the future gives up; the
    /// origin may still have acted.
    fn fetch(&self, request: Request)
    -> impl Future<Output = Result<Response, OriginError>> + Send;
}

/// Why there is no response from the origin. For a write, the difference matters to the caller.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum OriginError {
    /// Nothing was sent: too many requests are in flight already.
    #[error("too many requests are in flight to the origin")]
    Busy,
    /// Nothing was sent: there is no connection to the origin.
    #[error("the origin cannot be reached")]
    Unreachable,
    /// The request was sent, perhaps in part, and the connection ended. It may have been carried out.
    #[error("the origin's answer was lost")]
    Lost,
    /// The request was sent, and no answer came in time. It may have been carried out, or still be.
    #[error("the origin did not answer in time")]
    TimedOut,
}
// ANCHOR_END: origin
