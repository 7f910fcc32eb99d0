//! Where events are read from.
//!
//! The log is the stream's: it was written by a relay from the authority's outbox. A view needs only two
//! operations of it.

use domain::{Event, Offset};
use std::future::Future;
use thiserror::Error;

// ANCHOR: log
/// A log of events, in the order in which they were recorded. An event may be recorded twice, and an
/// older event of a key again after a newer one: relays deliver at least once.
pub trait Log: Send + Sync {
    /// The records from `from` on: at most `at_most`, in order and without a gap, and at least one if
    /// there is one. Empty at the end of the log.
    ///
    /// A log delivers at least once as well: the result may begin with some records from before `from`.
    /// They do not count towards `at_most`.
    ///
    /// # Errors
    /// [`LogError`].
    fn read(
        &self,
        from: Offset,
        at_most: usize,
    ) -> impl Future<Output = Result<Vec<Recorded>, LogError>> + Send;

    /// The offset of the next event to be recorded, which is the number of records so far.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    fn end(&self) -> impl Future<Output = Result<Offset, LogError>> + Send;
}

/// One record of the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recorded {
    /// Its offset. The first record ever is at 0.
    pub offset: Offset,
    /// What it holds.
    pub body: Body,
}

/// What a record holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Body {
    /// An event.
    Event(Event),
    /// Bytes that this program cannot read: they may be an event of a newer one.
    Unreadable {
        /// The schema that they name.
        schema: u8,
    },
}

/// Why the log returned nothing.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum LogError {
    /// No answer, for now.
    #[error("the log gave no answer")]
    Unavailable,
    /// What was asked for is no longer kept.
    #[error("the log begins at {}", first.0)]
    Gone {
        /// The first offset that is still kept.
        first: Offset,
    },
    /// What was asked for is beyond the end, where nothing has been recorded yet.
    #[error("the log ends at {}", end.0)]
    Beyond {
        /// The end.
        end: Offset,
    },
}
// ANCHOR_END: log
