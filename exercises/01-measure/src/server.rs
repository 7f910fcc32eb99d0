//! Many requests, bounded work.
//!
//! A server that answers one request after the other makes every caller wait for the slowest. One
//! that starts whatever arrives is at the mercy of whoever sends most. This one runs handlers
//! side by side up to a bound, and at the bound it stops reading: the requests wait in the
//! network's buffers, then in the client, which is where the work came from. That is backpressure,
//! and it needs no message of its own.

use crate::frame::{CallId, Frame, FrameError, Kind};
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
    /// What arrived is not a frame, or one that no client may send: that counts as one of unknown kind.
    #[error("the client broke the protocol: {0}")]
    Protocol(#[from] FrameError),
    /// The stream failed.
    #[error("the connection failed: {0}")]
    Io(#[from] std::io::Error),
}

/// Serves one connection until the client closes it. Dropping the future stops all that it had started.
///
/// - Up to [`MAX_HANDLERS`] handlers run at once. Nothing is started, and next to nothing read, while that
///   many do, or once some [`MAX_HANDLERS`] replies, or some 64 KiB of smaller ones, wait for a client that
///   takes none.
/// - A reply leaves, flushed, when its handler is done, whatever else still runs.
/// - When the client closes its sending side between two frames, what it asked is still answered; then
///   this side is closed too.
///
/// # Errors
/// [`ServeError::Protocol`] for bytes that are no request, or an end within a frame, whatever still runs;
/// [`ServeError::Io`] when reading or writing fails.
///
/// Judged by the tests in `server`, first by `server::a_slow_request_delays_no_other`, and in hardening.
pub async fn serve<S, H>(stream: S, handler: Arc<H>) -> Result<(), ServeError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Handler,
{
    let _ = (stream, handler, answer::<H>);
    todo!(
        "Serve: read requests, run their handlers side by side up to the bound, write the replies."
    )
}

/// Runs one handler and makes its answer a frame: a reply, or a failure that carries nothing if the handler
/// fails, panics (perhaps before it returns a future), or answers more than a frame can carry. None of
/// these may cost anybody else anything.
///
/// Judged by `server::a_handlers_error_costs_its_own_caller_only` and
/// `server::a_handlers_panic_costs_its_own_caller_only`; answers that are too large, in hardening.
async fn answer<H: Handler>(handler: Arc<H>, request: Frame) -> Frame {
    let _ = (handler, request, failure);
    todo!(
        "Answer: run the handler so that an error or a panic is a failure, and its answer a reply."
    )
}

/// The frame that says no more than that there is no answer. Why not is for this side's log.
fn failure(id: CallId, why: &str) -> Frame {
    tracing::warn!(call = id.0, why, "no answer");
    Frame {
        id,
        kind: Kind::Failure,
        payload: Bytes::new(),
    }
}
