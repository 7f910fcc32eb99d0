//! The relay, without any state of its own.

/// Given by the lab.
pub use ours::relay::{MAX_BATCH, Publish, RelayError};

use crate::message::Message;
use crate::outbox::Rows;

/// Carries messages from an outbox to a stream.
#[derive(Debug)]
pub struct Relay<R, P> {
    from: R,
    to: P,
}

impl<R: Rows, P: Publish> Relay<R, P> {
    /// A relay between the two.
    pub fn new(from: R, to: P) -> Self {
        Self { from, to }
    }

    /// Publishes what waits and marks it. Returns how many rows there were.
    ///
    /// # Errors
    /// As in the lab's contract.
    pub fn step(&mut self) -> Result<usize, RelayError> {
        let found = self.from.unsent(MAX_BATCH)?;
        let Some(last) = found.last().map(|row| row.number) else {
            return Ok(0);
        };
        debug_assert!(found.iter().all(|row| row.number <= last));
        let batch: Vec<Message> = found.iter().map(|row| row.message.clone()).collect();
        self.to.publish(&batch)?;
        let sent: Vec<u64> = found.iter().map(|row| row.number).collect();
        self.from.mark_sent(&sent)?;
        Ok(found.len())
    }
}
