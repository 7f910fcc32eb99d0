//! Row by row into a batch, and out of the outbox the same way.

/// Given by the lab.
pub use ours::relay::{MAX_BATCH, Publish, RelayError};

use crate::message::Message;
use crate::outbox::Rows;

/// Carries messages from an outbox to a stream.
#[derive(Debug)]
pub struct Relay<R, P>(R, P);

impl<R: Rows, P: Publish> Relay<R, P> {
    /// A relay between the two.
    pub fn new(rows: R, stream: P) -> Self {
        Self(rows, stream)
    }

    /// Publishes what waits and marks it. Returns how many rows there were.
    ///
    /// # Errors
    /// As in the lab's contract.
    pub fn step(&mut self) -> Result<usize, RelayError> {
        let Self(rows, stream) = self;
        let mut batch: Vec<Message> = Vec::with_capacity(MAX_BATCH);
        let mut numbers = Vec::with_capacity(MAX_BATCH);
        for row in rows.unsent(MAX_BATCH)? {
            numbers.push(row.number);
            batch.push(row.message);
        }
        if !batch.is_empty() {
            stream.publish(&batch).map_err(RelayError::Stream)?;
            rows.mark_sent(&numbers).map_err(RelayError::Outbox)?;
        }
        Ok(batch.len())
    }
}
