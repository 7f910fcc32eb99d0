//! The file may be read while it is synced: a sync needs the file to stay as it is, and changes nothing
//! in it.
//!
//! A lock for one publisher at a time, a lock that lets many readers read the file, and the offset up to
//! which they may.

/// Given by the lab.
pub use ours::stream::{FetchError, Log, NameTaken, OpenError, PublishError};

use crate::log_file::{LogFile, Tail};
use crate::message::{MAX_PAYLOAD_BYTES, Message, Record};
use crate::relay::Publish;
use domain::Offset;
use redb::StorageBackend;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

#[derive(Debug)]
struct Inner {
    file: RwLock<LogFile>,
    durable: AtomicU64,
    /// Held while publishing; true once the storage has failed.
    failed: Mutex<bool>,
    taken: Mutex<HashSet<String>>,
}

/// A stream. Clones are the same stream.
#[derive(Clone, Debug)]
pub struct Stream(Arc<Inner>);

/// A reader with a name of its own.
#[derive(Debug)]
pub struct Consumer(Stream, String);

impl Stream {
    /// Opens the stream in `storage`, or creates an empty one.
    ///
    /// # Errors
    /// As in the lab's contract.
    pub fn open(storage: impl StorageBackend) -> Result<Self, OpenError> {
        let (mut file, tail) = LogFile::open(Box::new(storage))?;
        let end = file.end();
        match tail {
            Tail::Damaged => return Err(OpenError::Damaged { at: end }),
            Tail::Clean | Tail::Torn => file.settle()?,
        }
        Ok(Self(Arc::new(Inner {
            file: RwLock::new(file),
            durable: AtomicU64::new(end.0),
            failed: Mutex::new(false),
            taken: Mutex::default(),
        })))
    }

    /// A reader under `name`.
    ///
    /// # Errors
    /// [`NameTaken`] when there is one with that name.
    pub fn consumer(&self, name: &str) -> Result<Consumer, NameTaken> {
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.insert(name.to_owned()) {
            Ok(Consumer(self.clone(), name.to_owned()))
        } else {
            Err(NameTaken(name.to_owned()))
        }
    }

    fn write(&self, batch: &[Message]) -> std::io::Result<u64> {
        let mut file = self.0.file.write().unwrap_or_else(PoisonError::into_inner);
        file.append(batch)?;
        let end = file.end().0;
        drop(file);
        let file = self.0.file.read().unwrap_or_else(PoisonError::into_inner);
        file.sync()?;
        Ok(end)
    }
}

impl Publish for Stream {
    fn publish(&self, batch: &[Message]) -> Result<(), PublishError> {
        let too_large = |message: &&Message| message.payload.len() > MAX_PAYLOAD_BYTES;
        if let Some(message) = batch.iter().find(too_large) {
            let bytes = message.payload.len();
            return Err(PublishError::TooLarge { bytes });
        }
        let mut failed = self.0.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if *failed {
            return Err(PublishError::Stopped);
        }
        if batch.is_empty() {
            return Ok(());
        }
        match self.write(batch) {
            Ok(end) => {
                self.0.durable.store(end, Ordering::Release);
                Ok(())
            }
            Err(error) => {
                *failed = true;
                Err(PublishError::Disk(error.to_string()))
            }
        }
    }
}

impl Log for Stream {
    fn end(&self) -> Offset {
        Offset(self.0.durable.load(Ordering::Acquire))
    }

    fn fetch(&self, from: Offset, max: usize) -> Result<Vec<Record>, FetchError> {
        let end = self.end();
        if from > end {
            return Err(FetchError::BeyondEnd { from, end });
        }
        let file = self.0.file.read().unwrap_or_else(PoisonError::into_inner);
        let found = file.read(from, max);
        let mut found = found.map_err(|error| FetchError::Disk(error.to_string()))?;
        found.retain(|record| record.offset < end);
        Ok(found)
    }
}

impl Log for Consumer {
    fn end(&self) -> Offset {
        self.0.end()
    }

    fn fetch(&self, from: Offset, max: usize) -> Result<Vec<Record>, FetchError> {
        self.0.fetch(from, max)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let taken = self.0.0.taken.lock();
        taken
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.1);
    }
}
