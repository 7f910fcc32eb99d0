//! What was published, in order and durable.
//!
//! A stream is a log with readers. It answers the publisher "I have it", and the publisher deletes its
//! own copy, so the stream must not say that before the disk has. What readers are shown must not
//! disappear either: they act on it.

use crate::log_file::LogFile;
use crate::message::{MAX_PAYLOAD_BYTES, Message, Record};
use crate::relay::Publish;
use domain::Offset;
use redb::StorageBackend;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;

/// Why the stream cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A batch in the middle has been damaged since it was durable. The file is left as it is: to cut it
    /// off there would lose the acknowledged records after it.
    #[error("the record at {} has been damaged", at.0)]
    Damaged {
        /// The first record that is missing.
        at: Offset,
    },
    /// The storage failed.
    #[error("the storage failed: {0}")]
    Disk(#[from] std::io::Error),
}

/// Why a batch was not acknowledged.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum PublishError {
    /// A payload is beyond [`MAX_PAYLOAD_BYTES`]. Nothing of the batch was published.
    #[error("a payload of {bytes} bytes is beyond the limit of {MAX_PAYLOAD_BYTES}")]
    TooLarge {
        /// The payload's size.
        bytes: usize,
    },
    /// The storage failed during this batch. It may be there when the stream is opened again, or not.
    #[error("the storage failed: {0}")]
    Disk(String),
    /// The storage failed before. This batch was not published; the stream has to be opened again.
    #[error("the stream has stopped")]
    Stopped,
}

/// Why no records can be fetched.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum FetchError {
    /// The reader is beyond the end of the stream: one of the two has lost something. To begin at either
    /// end instead would repeat or skip records that nobody has counted.
    #[error("offset {} is beyond the end, {}", from.0, end.0)]
    BeyondEnd {
        /// The offset that the reader asked for.
        from: Offset,
        /// The end of the stream.
        end: Offset,
    },
    /// The storage failed.
    #[error("the storage failed: {0}")]
    Disk(String),
}

/// There is a consumer with that name already. Two that share a name share an offset, and each would
/// count the other's records as done.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("there is a consumer `{0}` already")]
pub struct NameTaken(pub String);

/// What a worker needs to know of a stream.
pub trait Log {
    /// The offset after the last record that can be fetched.
    fn end(&self) -> Offset;

    /// The records from `from` on, at most `max`.
    ///
    /// # Errors
    /// [`FetchError`].
    fn fetch(&self, from: Offset, max: usize) -> Result<Vec<Record>, FetchError>;
}

/// A stream. Clones are the same stream.
#[derive(Clone, Debug)]
pub struct Stream(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    consumers: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
struct State {
    file: LogFile,
    // What else has to be known about the file is for you to design.
}

/// A reader with a name of its own, which it holds until it is dropped.
#[derive(Debug)]
pub struct Consumer {
    name: String,
    stream: Stream,
}

impl Stream {
    /// Opens the stream in `storage`, or creates an empty one.
    ///
    /// - All whole batches are there. What a crash has torn after them was never acknowledged: it is
    ///   removed, and the next batch takes its place.
    /// - What is found is made durable before a reader sees it: a process that was killed may have
    ///   written it without a sync.
    /// - A damaged batch with a whole one after it is refused, and the file is left as it is.
    ///
    /// # Errors
    /// [`OpenError`].
    ///
    /// Judged by `stream::what_was_acknowledged_is_there_after_any_crash` and, in the hardening, the
    /// tests in `damage`.
    pub fn open(storage: impl StorageBackend) -> Result<Self, OpenError> {
        let _ = LogFile::open(Box::new(storage))?;
        todo!(
            "Look at the end of the file, refuse a damaged one, and make the rest durable before it is shown."
        )
    }

    /// A reader under `name`. The name is free again when the reader is dropped.
    ///
    /// # Errors
    /// [`NameTaken`] when there is one with that name.
    ///
    /// Judged by `stream::a_name_belongs_to_one_consumer_at_a_time`.
    pub fn consumer(&self, name: &str) -> Result<Consumer, NameTaken> {
        let _ = name;
        todo!("Give the name to one consumer at a time.")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn consumers(&self) -> MutexGuard<'_, BTreeSet<String>> {
        let names = self.0.consumers.lock();
        names.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Publish for Stream {
    /// Adds `batch` to the end, in its order, with one sync. Returns when no crash can undo it.
    ///
    /// - No reader sees a record before it is durable.
    /// - A batch with a payload beyond [`MAX_PAYLOAD_BYTES`] is refused before anything is written.
    /// - When the storage fails the batch is not acknowledged, and the stream stops: nothing more is
    ///   published until it is opened again. What was durable can still be fetched.
    /// - An empty batch costs nothing.
    ///
    /// # Errors
    /// [`PublishError`].
    ///
    /// Judged by `stream::a_batch_costs_one_sync`,
    /// `stream::after_a_failed_sync_nothing_is_acknowledged_or_shown` and
    /// `stream::a_payload_beyond_the_limit_is_refused_with_its_batch`.
    fn publish(&self, batch: &[Message]) -> Result<(), PublishError> {
        let _ = (&self.state().file, batch);
        todo!("Append the batch, sync, and only then show it and acknowledge it.")
    }
}

impl Log for Stream {
    /// The offset after the last record that is durable.
    ///
    /// Judged by `stream::what_was_published_is_fetched_in_its_order`.
    fn end(&self) -> Offset {
        todo!("Return the end of the durable records.")
    }

    /// The durable records from `from` on, at most `max`, in order. At the end there are none.
    ///
    /// # Errors
    /// [`FetchError::BeyondEnd`] when `from` is beyond the end; [`FetchError::Disk`] when the storage fails.
    ///
    /// Judged by `stream::what_was_published_is_fetched_in_its_order` and
    /// `stream::an_offset_beyond_the_end_is_an_error`.
    fn fetch(&self, from: Offset, max: usize) -> Result<Vec<Record>, FetchError> {
        let _ = (from, max);
        todo!("Read durable records from `from` on, and refuse a reader that is beyond the end.")
    }
}

impl Log for Consumer {
    fn end(&self) -> Offset {
        self.stream.end()
    }

    fn fetch(&self, from: Offset, max: usize) -> Result<Vec<Record>, FetchError> {
        self.stream.fetch(from, max)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.stream.consumers().remove(&self.name);
    }
}
