//! One connection, many callers.
//!
//! Opening a connection for each call costs several times the call itself, so callers share one. Then two
//! things must not be left to chance: whose reply a reply is, and what one caller can do to another.
//! A caller may be slow, not be polled for a while, be dropped half-way (every `.await` is a place
//! where that can happen), or be one of a thousand. None of that may be felt by the next, but for this: a
//! caller may keep its place until it has taken its answer or is dropped.

use crate::frame::MAX_PAYLOAD_BYTES;
use bytes::Bytes;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};

/// How many calls of one connection may be waiting for their replies. Each costs both sides memory,
/// so there is a bound; a thousand is far beyond what keeps a connection busy, by Little's law: at
/// 10 µs a call it takes 10 ms of queueing to get there. Further callers wait for their turn.
pub const MAX_IN_FLIGHT: usize = 1024;

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
    // What a caller needs to reach the connection. It is yours to design.
}

impl Client {
    // ANCHOR: stubs
    /// Takes over a connected stream.
    ///
    /// Work on the caller's runtime: the tests run all of it on one thread, in paused time. Memory follows
    /// what has arrived; a read may be given room, up to 256 KiB of it.
    ///
    /// # Panics
    /// It may, when called outside a Tokio runtime.
    ///
    /// Judged by every test in `client`, and first by
    /// `client::replies::replies_find_their_calls_in_any_order`.
    pub fn new<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let _ = stream;
        todo!(
            "Take over the stream: decide who reads it, who writes it, and how callers reach them."
        )
    }

    /// Sends one request and waits for its reply.
    ///
    /// - The reply is the one that carries this call's id, and no id is used twice on a connection. A
    ///   reply or failure that nobody waits for (late, repeated, made up) is dropped, and the
    ///   connection goes on.
    /// - A call is one frame, handed to the stream in one write (calls that wait together may share
    ///   it) and flushed.
    /// - At most [`MAX_IN_FLIGHT`] calls are on the wire at once; further callers wait.
    /// - There is no time limit in here: a caller that has one drops the future, whenever it likes.
    ///   That gives up this call, frees its place and harms no other. Its request, if it was still
    ///   waiting to be sent, may be sent or not; but however many callers give up, what is kept for
    ///   them stays bounded (by some mebibytes), also while the server reads nothing.
    ///
    /// # Errors
    /// - [`CallError::TooLarge`] before anything is sent.
    /// - [`CallError::Failed`] when the server sends a failure for this call.
    /// - [`CallError::Unknown`] when the connection ends (closed, torn, by a read or a write that fails, or
    ///   by a frame that is no reply and no failure) and some of this request may have been written.
    /// - [`CallError::NotSent`] when the connection ends, or had ended before, and surely none of it
    ///   was. A call that is made once the end is known gets this at once, and so does one that still
    ///   waited for its place. Of a request that waited its turn in a buffer, [`CallError::Unknown`] is
    ///   no lie; of one that may have left, `NotSent` is, whatever has stopped the connection.
    ///
    /// Judged by the tests in `client` and `together`.
    pub async fn call(&self, request: Bytes) -> Result<Bytes, CallError> {
        let _ = request;
        todo!("Make a call: take a place, send one frame, and wait for the reply that has its id.")
    }

    /// How many calls have a place on the connection at this moment: sent or about to be sent, and
    /// still waited for.
    ///
    /// Judged by `client::callers::leaving::a_call_that_is_given_up_frees_its_place`.
    pub fn in_flight(&self) -> usize {
        todo!("Count the calls that have a place, without those whose caller has given up.")
    }
    // ANCHOR_END: stubs
}
