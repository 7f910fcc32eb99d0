//! Every record in memory, and the file for the next start.
//!
//! Two locks: one for what readers see, held during a copy, and one for the file, held during the sync.
//! So no reader waits for a disk.

/// Given by the lab.
pub use ours::stream::{FetchError, Log, NameTaken, OpenError, PublishError};

use crate::log_file::{LogFile, Tail};
use crate::message::{MAX_PAYLOAD_BYTES, Message, Record};
use crate::relay::Publish;
use domain::Offset;
use redb::StorageBackend;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

/// A stream. Clones are the same stream.
#[derive(Clone, Debug)]
pub struct Stream {
    shown: Arc<RwLock<Vec<Record>>>,
    /// `None` once the storage has failed.
    file: Arc<Mutex<Option<LogFile>>>,
    names: Arc<Mutex<HashMap<String, Weak<()>>>>,
}

/// A reader with a name of its own: the name is taken until its token is dropped.
#[derive(Debug)]
pub struct Consumer {
    stream: Stream,
    _token: Arc<()>,
}

impl Stream {
    /// Opens the stream in `storage`, or creates an empty one.
    ///
    /// # Errors
    /// As in the lab's contract.
    pub fn open(storage: impl StorageBackend) -> Result<Self, OpenError> {
        let mut file = match LogFile::open(Box::new(storage))? {
            (file, Tail::Damaged) => return Err(OpenError::Damaged { at: file.end() }),
            (file, Tail::Clean | Tail::Torn) => file,
        };
        file.settle()?;
        let records = file.read(Offset(0), usize::MAX)?;
        Ok(Self {
            shown: Arc::new(RwLock::new(records)),
            file: Arc::new(Mutex::new(Some(file))),
            names: Arc::default(),
        })
    }

    /// A reader under `name`.
    ///
    /// # Errors
    /// [`NameTaken`] when there is one with that name.
    pub fn consumer(&self, name: &str) -> Result<Consumer, NameTaken> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names
            .get(name)
            .is_some_and(|token| token.strong_count() > 0)
        {
            return Err(NameTaken(name.to_owned()));
        }
        let token = Arc::new(());
        names.insert(name.to_owned(), Arc::downgrade(&token));
        Ok(Consumer {
            stream: self.clone(),
            _token: token,
        })
    }
}

impl Publish for Stream {
    fn publish(&self, batch: &[Message]) -> Result<(), PublishError> {
        for message in batch {
            let bytes = message.payload.len();
            if bytes > MAX_PAYLOAD_BYTES {
                return Err(PublishError::TooLarge { bytes });
            }
        }
        let mut slot = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out until the sync has succeeded: after a failure there is nothing to publish to.
        let Some(mut file) = slot.take() else {
            return Err(PublishError::Stopped);
        };
        let first = file.end().0;
        if !batch.is_empty() {
            file.append(batch)
                .and_then(|()| file.sync())
                .map_err(|error| PublishError::Disk(error.to_string()))?;
        }
        *slot = Some(file);
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        shown.extend((first..).zip(batch).map(|(offset, message)| Record {
            offset: Offset(offset),
            message: message.clone(),
        }));
        Ok(())
    }
}

impl Log for Stream {
    fn end(&self) -> Offset {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Offset(shown.len() as u64)
    }

    fn fetch(&self, from: Offset, max: usize) -> Result<Vec<Record>, FetchError> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        let end = Offset(shown.len() as u64);
        let behind = usize::try_from(from.0)
            .ok()
            .and_then(|from| shown.get(from..));
        let behind = behind.ok_or(FetchError::BeyondEnd { from, end })?;
        Ok(behind.iter().take(max).cloned().collect())
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
