//! Many requests, bounded work.
//!
//! A server that answers one request after the other makes every caller wait for the slowest. One
//! that starts whatever arrives is at the mercy of whoever sends most. Between the two lies a
//! server that works on several requests at once, up to a bound, and at the bound stops reading:
//! then the requests wait in the network's buffers, and at last in the client, which is where the
//! work came from. That is backpressure, and it needs no message of its own.

use crate::frame::FrameError;
use bytes::Bytes;
use std::future::Future;
use std::sync::Arc;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};

/// How many handlers one connection may have running. Enough to keep a few cores and a disk busy;
/// a client that wants more waits.
pub const MAX_HANDLERS: usize = 64;

// ANCHOR: handler
/// What a server does with a request.
pub trait Handler: Send + Sync + 'static {
    /// Answers `request`. What an error says is for the server's own log; the caller learns only
    /// that there is no answer.
    fn handle(&self, request: Bytes) -> impl Future<Output = Result<Bytes, HandlerError>> + Send;
}

/// Why a handler has no answer.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("the handler has no answer: {0}")]
pub struct HandlerError(pub String);
// ANCHOR_END: handler

/// Why a connection ended other than by the client closing it.
#[derive(Debug, Error)]
pub enum ServeError {
    /// What arrived is not a frame, or a frame that no client may send.
    #[error("the client broke the protocol: {0}")]
    Protocol(#[from] FrameError),
    /// The stream failed.
    #[error("the connection failed: {0}")]
    Io(#[from] std::io::Error),
}

// ANCHOR: stubs
/// Serves one connection until the client closes it.
///
/// - Up to [`MAX_HANDLERS`] handlers run at once; while that many do, nothing further is started.
/// - A reply leaves when its handler is done, whatever else is still running: in one frame and one
///   write (replies that are done together may share it), and flushed.
/// - A client that sends and sends, and takes no replies, is not served for ever. Nothing further is
///   started once some [`MAX_HANDLERS`] answers wait for it; small ones may be more, up to some 64 KiB.
/// - Memory follows what has arrived. A read may be given room, up to 256 KiB of it.
/// - A handler that fails, panics (perhaps before it returns a future), or answers more than a frame
///   can carry costs its own caller an answer of kind
///   [`Kind::Failure`](crate::frame::Kind::Failure), and nobody else anything.
/// - When the client closes its sending side between two frames, what it has asked is still
///   answered; then this side is closed too, and the connection is done.
///
/// Dropping the future stops everything that it had started. Work on the caller's runtime: the tests
/// run all of it on one thread, in paused time.
///
/// # Errors
/// [`ServeError::Protocol`] when it comes to bytes that are no proper request, whatever is still
/// running then, and also when the stream ends within a frame. A proper frame that only a server may
/// send counts as one of unknown kind. [`ServeError::Io`] when reading or writing fails.
///
/// Judged by the tests in `server` and `together`.
pub async fn serve<S, H>(stream: S, handler: Arc<H>) -> Result<(), ServeError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Handler,
{
    let _ = (stream, handler);
    todo!(
        "Serve a connection: read requests, run handlers side by side up to the bound, write replies."
    )
}
// ANCHOR_END: stubs
