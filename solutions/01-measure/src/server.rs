//! Many requests, bounded work.
//!
//! A server that answers one request after the other makes every caller wait for the slowest. One
//! that starts whatever arrives is at the mercy of whoever sends most. This one runs handlers
//! side by side up to a bound, and at the bound it stops reading: the requests wait in the
//! network's buffers, then in the client, which is where the work came from. That is backpressure,
//! and it needs no message of its own.

use crate::frame::{self, CallId, Frame, FrameError, Kind, MAX_PAYLOAD_BYTES};
use crate::outbox::Outbox;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::{JoinError, JoinSet};

/// How many handlers one connection may have running. Enough to keep a few cores and a disk busy;
/// a client that wants more waits.
pub const MAX_HANDLERS: usize = 64;

/// How much room each read is given, in bytes.
const READ_BYTES: usize = 16_384;

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

// ANCHOR: serve
/// Serves one connection until the client closes it. Dropping the future stops all that it had started.
///
/// - Up to [`MAX_HANDLERS`] handlers run at once. Nothing is started, and next to nothing read, while that
///   many do, or once some [`MAX_HANDLERS`] replies, or some 64 KiB of smaller ones, wait for a client that
///   takes none.
/// - A reply leaves when its handler is done, whatever else is still running, and is flushed.
/// - When the client closes its sending side between two frames, what it has asked is still answered;
///   then this side is closed too.
///
/// # Errors
/// [`ServeError::Protocol`] when it comes to bytes that are no request, or to an end within a frame,
/// whatever is still running; [`ServeError::Io`] when reading or writing fails.
pub async fn serve<S, H>(stream: S, handler: Arc<H>) -> Result<(), ServeError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Handler,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut inbox = BytesMut::new();
    let mut outbox = Outbox::default();
    // A set of tasks, so that handlers that wait can go on at more than one core. The alternative,
    // `FuturesUnordered`, polls them all from this one task.
    let mut running = JoinSet::new();
    let mut open = true;
    loop {
        while running.len() < MAX_HANDLERS
            && outbox.has_room()
            && let Some(frame) = frame::decode(&mut inbox)?
        {
            if frame.kind != Kind::Request {
                let kind = frame.kind as u8;
                return Err(FrameError::UnknownKind { kind }.into());
            }
            // An answer that is ready at once needs no task, which would cost more than the answer
            // does. The price: a handler that computes for long holds up this connection, and
            // should do that on a thread of its own.
            let mut answer = Box::pin(answer(Arc::clone(&handler), frame));
            match (&mut answer).now_or_never() {
                Some(done) => outbox.put(&done)?,
                None => drop(running.spawn(answer)),
            }
        }
        if !open && running.is_empty() && outbox.is_done() {
            frame::finish(&inbox)?;
            writer.shutdown().await?;
            return Ok(());
        }
        let room = outbox.has_room();
        let reads = open && room && running.len() < MAX_HANDLERS;
        if reads {
            inbox.reserve(READ_BYTES);
        }
        tokio::select! {
            read = reader.read_buf(&mut inbox), if reads => open = read? > 0,
            // If the client takes no replies, what is done stays in the set, and fills it.
            Some(done) = running.join_next(), if room => {
                put(done, &mut outbox)?;
                // Whatever else is done goes out in the same write.
                while outbox.has_room()
                    && let Some(done) = running.try_join_next()
                {
                    put(done, &mut outbox)?;
                }
            }
            sent = outbox.send(&mut writer), if !outbox.is_done() => sent?,
        }
    }
}
// ANCHOR_END: serve

// ANCHOR: answer
/// Runs one handler and makes its answer a frame: a reply, or a failure that carries nothing if the handler
/// fails, panics (perhaps before it returns a future), or answers more than a frame can carry.
async fn answer<H: Handler>(handler: Arc<H>, request: Frame) -> Frame {
    // The call is inside the block: a handler may panic before it returns a future, too.
    let outcome = AssertUnwindSafe(async { handler.handle(request.payload).await })
        .catch_unwind()
        .await;
    match outcome {
        Ok(Ok(payload)) if payload.len() <= MAX_PAYLOAD_BYTES => Frame {
            id: request.id,
            kind: Kind::Reply,
            payload,
        },
        Ok(Ok(payload)) => failure(
            request.id,
            &format!("an answer of {} bytes fits no frame", payload.len()),
        ),
        Ok(Err(error)) => failure(request.id, &error.to_string()),
        Err(_) => failure(request.id, "the handler panicked"),
    }
}

// ANCHOR_END: answer

/// The frame that says no more than that there is no answer. Why not is for this side's log.
fn failure(id: CallId, why: &str) -> Frame {
    tracing::warn!(call = id.0, why, "no answer");
    Frame {
        id,
        kind: Kind::Failure,
        payload: Bytes::new(),
    }
}

/// Puts a finished handler's frame into the outbox. A task has no other end than its frame: panics
/// are caught within it, and nobody aborts it while the connection lives.
fn put(done: Result<Frame, JoinError>, outbox: &mut Outbox) -> Result<(), FrameError> {
    done.map_or(Ok(()), |frame| outbox.put(&frame))
}
