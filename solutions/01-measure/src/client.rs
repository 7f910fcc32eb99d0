//! One connection, many callers.
//!
//! Opening a connection for each call costs several times the call itself, so callers share one. Then two
//! things must not be left to chance: whose reply a reply is, and what one caller can do to another.
//!
//! One task owns the stream. A caller hands it a request and a place to put the reply, and waits.
//! So no caller ever holds the stream, and a caller that is dropped in the middle of a wait cannot
//! leave half a frame behind. The alternative, letting each caller write under a lock, saves a task
//! switch for each call and must then answer what happens when the writer is cancelled half-way.

use crate::frame::{self, CallId, Frame, FrameError, Kind, MAX_PAYLOAD_BYTES};
use crate::outbox::Outbox;
use bytes::{Bytes, BytesMut};
use std::collections::HashMap;
use std::sync::Arc;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadHalf, WriteHalf};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// How many calls of one connection may be waiting for their replies. Each costs both sides memory,
/// so there is a bound; a thousand is far beyond what keeps a connection busy, by Little's law: at
/// 10 µs a call it takes 10 ms of queueing to get there. Further callers wait for their turn.
pub const MAX_IN_FLIGHT: usize = 1024;

/// How much room each read is given, in bytes.
const READ_BYTES: usize = 16 * 1024;

// ANCHOR: error
/// What a caller knows about a call that has no answer.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum CallError {
    /// It cannot be asked: the request is too large for a frame. Nothing was sent.
    #[error("a request of {bytes} bytes is beyond the limit of {MAX_PAYLOAD_BYTES}")]
    TooLarge {
        /// The size of the request.
        bytes: usize,
    },
    /// The connection ended before a single byte of the request was written. It did not happen, and
    /// asking again elsewhere is safe.
    #[error("the connection is closed; the request was not sent")]
    NotSent,
    /// The connection ended before the reply, and after some of the request may have been written. It
    /// may have happened or not, and nobody on this side can know.
    #[error("the connection ended before the reply; whether the call took effect is unknown")]
    Unknown,
    /// The server answered that it could not do it.
    #[error("the server could not answer")]
    Failed,
    /// A reply came, and it is not an answer to the question.
    #[error("the reply does not fit the request")]
    Malformed,
}
// ANCHOR_END: error

/// A connection to a server. Clones share it.
///
/// It closes when the last clone is gone, and no call is in flight.
#[derive(Clone, Debug)]
pub struct Client {
    calls: mpsc::Sender<Call>,
    places: Arc<Semaphore>,
    /// Never sent on. Dropped with the last clone, which the task has to notice also while it takes no
    /// calls.
    _open: Arc<oneshot::Sender<()>>,
}

/// A request on its way to the task that owns the stream.
#[derive(Debug)]
struct Call {
    request: Bytes,
    reply: Reply,
}

// ANCHOR: reply
/// Where a caller waits. Dropped without an answer, it says what is certain by then. So it doesn't matter
/// what ends the task (the stream, a panic, a runtime that shuts down): nobody waits for ever, and nobody
/// is told `NotSent` of what may have arrived.
#[derive(Debug)]
struct Reply {
    to: Option<oneshot::Sender<Result<Bytes, CallError>>>,
    /// Whether some of the request may have been written.
    begun: bool,
}

impl Drop for Reply {
    fn drop(&mut self) {
        let certain = if self.begun {
            CallError::Unknown
        } else {
            CallError::NotSent
        };
        self.give(Err(certain));
    }
}
// ANCHOR_END: reply

impl Reply {
    fn give(&mut self, answer: Result<Bytes, CallError>) {
        if let Some(to) = self.to.take() {
            // The caller may have given up meanwhile.
            let _ = to.send(answer);
        }
    }

    fn is_awaited(&self) -> bool {
        self.to.as_ref().is_some_and(|to| !to.is_closed())
    }
}

impl Client {
    // ANCHOR: new
    /// Takes over a connected stream.
    ///
    /// # Panics
    /// When called outside a Tokio runtime.
    pub fn new<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (calls, taken) = mpsc::channel(MAX_IN_FLIGHT);
        let (open, last_gone) = oneshot::channel();
        tokio::spawn(Connection::new(stream).run(taken, last_gone));
        Self {
            calls,
            places: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            _open: Arc::new(open),
        }
    }
    // ANCHOR_END: new

    // ANCHOR: call
    /// Sends one request and waits for its reply.
    ///
    /// At most [`MAX_IN_FLIGHT`] calls are on the wire at once; further callers wait. There is no
    /// time limit in here: a caller that has one drops the future, which gives up this call, frees
    /// its place and harms no other. A reply that comes after that is dropped.
    ///
    /// # Errors
    /// [`CallError::TooLarge`], [`CallError::NotSent`], [`CallError::Unknown`] or
    /// [`CallError::Failed`].
    pub async fn call(&self, request: Bytes) -> Result<Bytes, CallError> {
        let _place = self.places.acquire().await;
        let (to, answer) = oneshot::channel();
        let reply = Reply {
            to: Some(to),
            begun: false,
        };
        // A call that the task no longer takes is dropped, and says so by its reply.
        let _ = self.calls.send(Call { request, reply }).await;
        answer.await.unwrap_or(Err(CallError::Unknown))
    }
    // ANCHOR_END: call

    /// How many calls have a place on the connection at this moment: sent or about to be sent, and
    /// still waited for.
    pub fn in_flight(&self) -> usize {
        MAX_IN_FLIGHT - self.places.available_permits()
    }
}

/// The stream, and who waits for what on it. Only its own task ever touches it.
struct Connection<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    inbox: BytesMut,
    outbox: Outbox,
    waiting: HashMap<CallId, Reply>,
    next_id: u64,
}

impl<S: AsyncRead + AsyncWrite> Connection<S> {
    fn new(stream: S) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            inbox: BytesMut::new(),
            outbox: Outbox::default(),
            waiting: HashMap::new(),
            next_id: 0,
        }
    }

    // ANCHOR: run
    /// Reads and writes until the stream or the callers are gone. Those who still wait then learn it from
    /// their [`Reply`]: of what stands in the table, or has been put into the outbox, some may have left.
    ///
    /// Reading never waits for writing to finish: a server that is busy sending replies takes no
    /// more requests, and if this side then only wrote, both would wait for ever.
    async fn run(mut self, mut calls: mpsc::Receiver<Call>, mut last_gone: oneshot::Receiver<()>) {
        loop {
            self.inbox.reserve(READ_BYTES);
            tokio::select! {
                read = self.reader.read_buf(&mut self.inbox) => {
                    if !matches!(read, Ok(1..)) || self.take_replies().is_err() {
                        break;
                    }
                }
                sent = self.outbox.send(&mut self.writer), if !self.outbox.is_done() => {
                    if sent.is_err() {
                        break;
                    }
                }
                Some(call) = calls.recv(), if self.outbox.has_room() => {
                    self.put(call);
                    // Whatever else waits goes out in the same write.
                    while self.outbox.has_room()
                        && let Ok(call) = calls.try_recv()
                    {
                        self.put(call);
                    }
                }
                _ = &mut last_gone => break,
            }
        }
    }
    // ANCHOR_END: run

    /// Writes a call into the outbox and remembers who waits.
    fn put(&mut self, mut call: Call) {
        if !call.reply.is_awaited() {
            return;
        }
        self.forget_the_gone();
        let id = CallId(self.next_id);
        self.next_id += 1;
        let frame = Frame {
            id,
            kind: Kind::Request,
            payload: call.request,
        };
        if self.outbox.put(&frame).is_ok() {
            call.reply.begun = true;
            self.waiting.insert(id, call.reply);
        } else {
            let bytes = frame.payload.len();
            call.reply.give(Err(CallError::TooLarge { bytes }));
        }
    }

    /// Forgets callers that gave up on replies which never came. Callers that live are at most
    /// [`MAX_IN_FLIGHT`], so each sweep frees at least as many entries again before the next is due.
    fn forget_the_gone(&mut self) {
        if self.waiting.len() >= 2 * MAX_IN_FLIGHT {
            self.waiting.retain(|_, reply| reply.is_awaited());
        }
    }

    // ANCHOR: take_replies
    /// Hands each whole frame in the inbox to the caller it belongs to. A reply that nobody waits
    /// for is dropped: late and repeated ones look alike from here, and neither answers anybody.
    fn take_replies(&mut self) -> Result<(), FrameError> {
        while let Some(frame) = frame::decode(&mut self.inbox)? {
            let answer = match frame.kind {
                Kind::Reply => Ok(frame.payload),
                Kind::Failure => Err(CallError::Failed),
                Kind::Request => {
                    return Err(FrameError::UnknownKind {
                        kind: frame.kind as u8,
                    });
                }
            };
            if let Some(mut reply) = self.waiting.remove(&frame.id) {
                reply.give(answer);
            }
        }
        Ok(())
    }
    // ANCHOR_END: take_replies
}
