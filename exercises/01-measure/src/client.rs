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

use crate::frame::{self, CallId, FrameError, MAX_PAYLOAD_BYTES};
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

    /// Sends one request and waits for its reply.
    ///
    /// - At most [`MAX_IN_FLIGHT`] calls are in flight at once; further callers wait for a place. A call
    ///   has its place until it returns or is dropped, and frees it then.
    /// - There is no time limit in here. A caller that has one drops the future, whenever it likes.
    ///
    /// # Errors
    /// - [`CallError::NotSent`] at once, when the connection has ended and so gives no place or takes no call.
    /// - [`CallError::Unknown`] when the task that owns the stream is gone and has not answered: some of
    ///   the request may have been written.
    /// - What the task answers.
    ///
    /// Judged by the tests in `calls`, and first by `calls::replies::replies_find_their_calls_in_any_order`.
    pub async fn call(&self, request: Bytes) -> Result<Bytes, CallError> {
        let (reply, answer) = oneshot::channel();
        let call = Call { request, reply };
        let _ = (&self.places, &self.calls, call, answer);
        todo!("Make a call: take a place, hand the request to the task, and wait for its reply.")
    }

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

    /// Puts a call's frame into the outbox under an id of its own, and remembers who waits for it.
    ///
    /// - No id is used twice on a connection, however many calls there are.
    /// - A request that fits no frame is answered with [`CallError::TooLarge`], and leaves nothing.
    /// - A call whose caller has given up need not be sent.
    /// - What is kept for callers who gave up stays bounded, also when no reply to them ever comes.
    ///
    /// Judged by the tests in `calls`; the second promise and the last in hardening, by
    /// `silence::a_request_beyond_the_limit_is_refused_unsent` and
    /// `callers::calls_that_are_given_up_leave_nothing_behind`.
    fn put(&mut self, call: Call) {
        let Call { request, reply } = call;
        let _ = (request, reply, &mut self.next_id, &mut self.waiting);
        let _ = Outbox::put;
        todo!("Send a call: give it an id, put its frame into the outbox, remember who waits.")
    }

    /// Hands each whole frame in the inbox to the caller that it belongs to.
    ///
    /// - A reply is the answer of the call that has its id; a failure is [`CallError::Failed`] for it.
    /// - Either of them for a call that nobody waits for (late, repeated, made up) is dropped, and the
    ///   connection goes on.
    ///
    /// # Errors
    /// When the bytes are no frame, or one that no server may send: that counts as one of unknown kind.
    /// What came before has been handed out.
    ///
    /// Judged by the tests in `calls`.
    fn take_replies(&mut self) -> Result<(), FrameError> {
        let _ = (&mut self.inbox, frame::decode);
        todo!("Take replies: decode each whole frame, and give it to whoever waits for its id.")
    }

    /// Lets go of the stream, and tells everybody who still waits what is certain.
    ///
    /// - [`CallError::Unknown`] for each call of which some may have been written: its frame has been in
    ///   the outbox.
    /// - [`CallError::NotSent`] for those in `calls` that were never taken, since surely nothing of them was.
    ///   (`Unknown` would not be wrong there, only useless.)
    /// - Nothing further can be handed in, and nobody is left waiting.
    ///
    /// Judged by the tests in `calls::silence`.
    async fn end(self, calls: mpsc::Receiver<Call>) {
        let _ = (self.let_go(), calls);
        todo!("End: tell those in the table and those in the queue what is certain of their calls.")
    }

    /// Drops the stream, closes the places, and leaves those who wait for a reply.
    fn let_go(self) -> HashMap<CallId, Reply> {
        drop((self.reader, self.writer, self.places));
        self.waiting
    }
}
