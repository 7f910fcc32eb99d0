//! One connection, many callers.
//!
//! Opening a connection for each call costs several times the call itself, so callers share one. Then two
//! things must not be left to chance: whose reply a reply is, and what one caller can do to another.
//!
//! A caller may be slow, not be polled for a while, be dropped half-way (every `.await` is a place
//! where that can happen), or be one of a thousand. The next must notice none of it, but for this: a
//! caller may keep its place until it has taken its answer or is dropped.
//!
//! So one task owns the stream. A caller hands it a request and a place for the reply, and waits. A
//! caller that is dropped in the middle leaves no half frame behind, because it never held the stream.
//! The alternative, letting each caller write under a lock, saves a task switch for each call and must
//! then answer what happens when the writer is cancelled half-way.

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
const READ_BYTES: usize = 16_384;

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

/// A connection to a server. Clones share it. It closes when the last clone is gone and no call is in
/// flight, and lets go of its stream then, or as soon as the connection has ended.
///
/// A client with a different design keeps these promises too:
///
/// - A call is one frame, handed to the stream in one write (calls that wait together may share it) and
///   flushed. What has been begun is finished, also when its caller has left.
/// - However many callers give up, what is kept for them stays bounded, by some requests for each place,
///   also while the server reads nothing. A read may be given room, up to 256 KiB of it.
/// - A caller that is not polled keeps a place from others, and nothing else.
/// - All of it works on the caller's runtime: the tests run it on one thread, in paused time.
#[derive(Clone, Debug)]
pub struct Client {
    calls: mpsc::Sender<Call>,
    /// One for each call that may be in flight; closed once the connection has ended.
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

/// Where a caller waits for what becomes of its call. Closed when the caller has given up.
type Reply = oneshot::Sender<Result<Bytes, CallError>>;

impl Client {
    /// Takes over a connected stream.
    ///
    /// # Panics
    /// When called outside a Tokio runtime.
    pub fn new<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (calls, taken) = mpsc::channel(MAX_IN_FLIGHT);
        let (open, last_client_gone) = oneshot::channel();
        let places = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
        let connection = Connection::new(stream, Places(Arc::clone(&places)));
        tokio::spawn(connection.run(taken, last_client_gone));
        Self {
            calls,
            places,
            _open: Arc::new(open),
        }
    }

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
        // No place is given once the connection has ended, and no call is taken.
        let _place = (self.places.acquire().await).map_err(|_| CallError::NotSent)?;
        let (reply, answer) = oneshot::channel();
        let call = Call { request, reply };
        (self.calls.send(call).await).map_err(|_| CallError::NotSent)?;
        // Dropped without an answer, by a task that was stopped: the request may have left.
        answer.await.unwrap_or(Err(CallError::Unknown))
    }
    // ANCHOR_END: call

    /// How many calls have a place on the connection at this moment: sent or about to be sent, and
    /// still waited for.
    pub fn in_flight(&self) -> usize {
        MAX_IN_FLIGHT - self.places.available_permits()
    }
}

/// The places of a connection. Whatever ends the connection, even a panic, closes them, so that nobody
/// waits for one any more.
struct Places(Arc<Semaphore>);

impl Drop for Places {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The stream, and who waits for what on it. Only its own task ever touches it.
struct Connection<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    /// What has arrived and is no whole frame yet.
    inbox: BytesMut,
    /// What waits to be written.
    outbox: Outbox,
    waiting: HashMap<CallId, Reply>,
    next_id: u64,
    places: Places,
}

impl<S: AsyncRead + AsyncWrite> Connection<S> {
    fn new(stream: S, places: Places) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            inbox: BytesMut::new(),
            outbox: Outbox::default(),
            waiting: HashMap::new(),
            next_id: 0,
            places,
        }
    }

    // ANCHOR: run
    /// Reads, writes and takes calls, whichever can go on, until the stream or
    /// the callers are gone.
    ///
    /// Reading never waits for writing to finish: a server that is busy sending
    /// replies takes no more requests, and if this side then only wrote, both
    /// would wait for ever.
    async fn run(
        mut self,
        mut calls: mpsc::Receiver<Call>,
        mut last_client_gone: oneshot::Receiver<()>,
    ) {
        loop {
            self.inbox.reserve(READ_BYTES);
            tokio::select! {
                read = self.reader.read_buf(&mut self.inbox) => {
                    // A read of no bytes is the end.
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
                _ = &mut last_client_gone => break,
            }
        }
        self.end(calls).await;
    }
    // ANCHOR_END: run

    // ANCHOR: put
    /// Puts a call's frame into the outbox under an id of its own, and remembers who waits for it.
    fn put(&mut self, call: Call) {
        if call.reply.is_closed() {
            return;
        }
        self.forget_the_gone();
        let id = CallId(self.next_id);
        self.next_id += 1;
        let bytes = call.request.len();
        let frame = Frame {
            id,
            kind: Kind::Request,
            payload: call.request,
        };
        if self.outbox.put(&frame).is_ok() {
            self.waiting.insert(id, call.reply);
        } else {
            let _ = call.reply.send(Err(CallError::TooLarge { bytes }));
        }
    }
    // ANCHOR_END: put

    /// Forgets callers that gave up on replies which never came. Callers that live are at most
    /// [`MAX_IN_FLIGHT`], so each sweep frees at least as many entries again before the next is due.
    fn forget_the_gone(&mut self) {
        if self.waiting.len() >= 2 * MAX_IN_FLIGHT {
            self.waiting.retain(|_, reply| !reply.is_closed());
        }
    }

    // ANCHOR: take_replies
    /// Hands each whole frame in the inbox to the caller it belongs to. A reply that nobody waits
    /// for is dropped: late and repeated ones look alike from here, and neither answers anybody.
    ///
    /// # Errors
    /// When the bytes are no frame, or one that no server may send.
    fn take_replies(&mut self) -> Result<(), FrameError> {
        while let Some(frame) = frame::decode(&mut self.inbox)? {
            let answer = match frame.kind {
                Kind::Reply => Ok(frame.payload),
                Kind::Failure => Err(CallError::Failed),
                Kind::Request => {
                    let kind = frame.kind as u8;
                    return Err(FrameError::UnknownKind { kind });
                }
            };
            if let Some(reply) = self.waiting.remove(&frame.id) {
                // The caller may have given up meanwhile.
                let _ = reply.send(answer);
            }
        }
        Ok(())
    }
    // ANCHOR_END: take_replies

    // ANCHOR: end
    /// Lets go of the stream, and tells everybody who still waits what is certain. Of what stands in the
    /// table some may have left, for its frame has been in the outbox; what was never taken has not.
    async fn end(self, mut calls: mpsc::Receiver<Call>) {
        let waiting = self.let_go();
        for reply in waiting.into_values() {
            let _ = reply.send(Err(CallError::Unknown));
        }
        calls.close();
        while let Some(call) = calls.recv().await {
            let _ = call.reply.send(Err(CallError::NotSent));
        }
    }
    // ANCHOR_END: end

    /// Drops the stream, closes the places, and leaves those who wait for a reply.
    fn let_go(self) -> HashMap<CallId, Reply> {
        drop((self.reader, self.writer, self.places));
        self.waiting
    }
}
