//! From the outbox to the stream.
//!
//! The relay does two things that cannot be one: it publishes, and it marks as sent. Whatever is second may
//! not happen. If that is the marking, a message is sent again; if it is the publishing, a message is lost.
//! So the question is not how to avoid both, but which of the two the receivers can cope with.

use crate::message::Message;
use crate::outbox::{OutboxError, Rows};
use crate::stream::PublishError;
use thiserror::Error;

/// How many messages a batch has at most. It bounds what a sync is for, and what is sent again after a
/// crash.
pub const MAX_BATCH: usize = 512;

/// Where messages are published.
pub trait Publish {
    /// Adds `batch` to the end, in its order. Returns once no crash can take it back.
    ///
    /// # Errors
    /// [`PublishError`]. Some of the batch, or all of it, may be there all the same.
    fn publish(&self, batch: &[Message]) -> Result<(), PublishError>;
}

/// Why a step of the relay came to nothing, or to half of what it wanted.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum RelayError {
    /// The outbox failed. What was published may be published again.
    #[error("the outbox: {0}")]
    Outbox(#[from] OutboxError),
    /// The stream failed. Nothing was marked.
    #[error("the stream: {0}")]
    Stream(#[from] PublishError),
}

/// The one who carries messages from an outbox to a stream.
#[derive(Debug)]
pub struct Relay<R, P> {
    rows: R,
    stream: P,
}

impl<R: Rows, P: Publish> Relay<R, P> {
    /// A relay between the two. It keeps nothing that a crash could take.
    pub fn new(rows: R, stream: P) -> Self {
        Self { rows, stream }
    }

    /// Publishes what waits, at most [`MAX_BATCH`] rows, and marks it as sent. Says how many rows there
    /// were; 0 when nothing waits.
    ///
    /// - The rows of a step are published as one batch, in the order of their numbers, and no row is left
    ///   out.
    /// - Exactly those rows are marked, after they were published. Rows that became visible meanwhile, with
    ///   whatever number, wait for the next step.
    /// - When publishing fails nothing is marked, and the next step begins with the same rows. When marking
    ///   fails the rows are published again: twice is allowed, never is not.
    /// - With nothing to send, nothing is published or marked.
    ///
    /// # Errors
    /// [`RelayError`]; a later step may succeed.
    ///
    /// Judged by the tests in `relay`.
    pub fn step(&mut self) -> Result<usize, RelayError> {
        let _ = (&self.rows, &self.stream);
        todo!("Publish what waits as one batch, and then mark it.")
    }
}
