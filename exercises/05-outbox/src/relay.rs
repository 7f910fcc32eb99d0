//! From the outbox to the stream.
//!
//! The relay does two things that cannot be one: it publishes, and it marks as sent. A crash may prevent
//! the second. If that is the marking, a message is sent again; if it is the publishing, a message is
//! lost. So the question is not how to avoid both, but which of the two the receivers can handle.

use crate::message::Message;
use crate::outbox::{OutboxError, Rows};
use crate::stream::PublishError;
use thiserror::Error;

/// The most messages in a batch. It bounds how much shares a sync, and how much is sent again after a
/// crash.
pub const MAX_BATCH: usize = 512;

/// Where messages are published.
pub trait Publish {
    /// Adds `batch` to the end, in its order. Returns when no crash can undo it.
    ///
    /// # Errors
    /// [`PublishError`]. Even then some of the batch, or all of it, may be in the stream.
    fn publish(&self, batch: &[Message]) -> Result<(), PublishError>;
}

/// Why a step of the relay did nothing, or only half of its work.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum RelayError {
    /// The outbox failed. What was published will be published again.
    #[error("the outbox: {0}")]
    Outbox(#[from] OutboxError),
    /// The stream failed. Nothing was marked.
    #[error("the stream: {0}")]
    Stream(#[from] PublishError),
}

/// Carries messages from an outbox to a stream.
#[derive(Debug)]
pub struct Relay<R, P> {
    rows: R,
    stream: P,
}

impl<R: Rows, P: Publish> Relay<R, P> {
    /// A relay between the two. It keeps nothing that a crash could lose.
    pub fn new(rows: R, stream: P) -> Self {
        Self { rows, stream }
    }

    /// Publishes what waits, at most [`MAX_BATCH`] rows, and marks them as sent. Returns how many rows
    /// there were; 0 when nothing waits.
    ///
    /// - The rows of a step are published as one batch, in the order of their numbers, and no row is left
    ///   out.
    /// - Exactly those rows are marked, after they were published. Rows that became visible meanwhile,
    ///   whatever their numbers, wait for the next step.
    /// - When publishing fails nothing is marked, and the next step begins with the same rows. When
    ///   marking fails the rows are published again: twice is allowed, not at all is not.
    /// - With nothing to send, nothing is published or marked.
    ///
    /// # Errors
    /// [`RelayError`]; a later step may succeed.
    ///
    /// Judged by the tests in `relay`.
    pub fn step(&mut self) -> Result<usize, RelayError> {
        let _ = (&self.rows, &self.stream);
        todo!("Publish the waiting rows as one batch, and then mark them.")
    }
}
