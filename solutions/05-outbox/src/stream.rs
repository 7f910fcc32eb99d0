//! What was published, in order and durable.
//!
//! A stream is a log with readers. It answers the publisher "I have it", and the publisher deletes its
//! own copy, so the stream must not say that before the disk has. What readers are shown must not
//! disappear either: they act on it.

use crate::log_file::{LogFile, Tail};
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
    /// The end of the durable records, which is also the end of what readers see.
    durable: Offset,
    /// Whether the storage has failed. Then what the file holds is unknown.
    failed: bool,
}

/// A reader with a name of its own, which it holds until it is dropped.
#[derive(Debug)]
pub struct Consumer {
    name: String,
    stream: Stream,
}

impl Stream {
    // ANCHOR: open
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
    pub fn open(storage: impl StorageBackend) -> Result<Self, OpenError> {
        let (mut file, tail) = LogFile::open(Box::new(storage))?;
        if tail == Tail::Damaged {
            return Err(OpenError::Damaged { at: file.end() });
        }
        file.settle()?;
        Ok(Self(Arc::new(Shared {
            state: Mutex::new(State {
                durable: file.end(),
                file,
                failed: false,
            }),
            consumers: Mutex::default(),
        })))
    }
    // ANCHOR_END: open

    // ANCHOR: consumer
    /// A reader under `name`. The name is free again when the reader is dropped.
    ///
    /// # Errors
    /// [`NameTaken`] when there is one with that name.
    pub fn consumer(&self, name: &str) -> Result<Consumer, NameTaken> {
        if !self.consumers().insert(name.to_owned()) {
            return Err(NameTaken(name.to_owned()));
        }
        Ok(Consumer {
            name: name.to_owned(),
            stream: self.clone(),
        })
    }
    // ANCHOR_END: consumer

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn consumers(&self) -> MutexGuard<'_, BTreeSet<String>> {
        let names = self.0.consumers.lock();
        names.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Publish for Stream {
    // ANCHOR: publish
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
    fn publish(&self, batch: &[Message]) -> Result<(), PublishError> {
        let sizes = batch.iter().map(|message| message.payload.len());
        if let Some(bytes) = sizes.max().filter(|bytes| *bytes > MAX_PAYLOAD_BYTES) {
            return Err(PublishError::TooLarge { bytes });
        }
        let mut state = self.state();
        if state.failed {
            return Err(PublishError::Stopped);
        }
        if batch.is_empty() {
            return Ok(());
        }
        let written = state.file.append(batch).and_then(|()| state.file.sync());
        if let Err(error) = written {
            // A later sync may succeed, and would prove nothing about this batch.
            state.failed = true;
            return Err(PublishError::Disk(error.to_string()));
        }
        state.durable = state.file.end();
        Ok(())
    }
    // ANCHOR_END: publish
}

impl Log for Stream {
    /// The offset after the last record that is durable.
    fn end(&self) -> Offset {
        self.state().durable
    }

    // ANCHOR: fetch
    /// The durable records from `from` on, at most `max`, in order. At the end there are none.
    ///
    /// # Errors
    /// [`FetchError::BeyondEnd`] when `from` is beyond the end; [`FetchError::Disk`] when the storage fails.
    fn fetch(&self, from: Offset, max: usize) -> Result<Vec<Record>, FetchError> {
        let state = self.state();
        let end = state.durable;
        let Some(available) = end.0.checked_sub(from.0) else {
            return Err(FetchError::BeyondEnd { from, end });
        };
        let max = max.min(usize::try_from(available).unwrap_or(usize::MAX));
        let records = state.file.read(from, max);
        records.map_err(|error| FetchError::Disk(error.to_string()))
    }
    // ANCHOR_END: fetch
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
