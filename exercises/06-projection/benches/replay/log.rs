//! A log in memory, and a store.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Event, LessonKey, Offset, Progress, Version};
use ladder::scratch;
use projection::log::{Body, Log, LogError, Recorded};
use projection::store::{Store, StoreError};

/// Lessons of the platform: each event is about one of these, by one of the learners.
const LESSONS: u64 = 40;
const LEARNERS: u64 = 500;

/// The events of learners who go through their lessons, again and again. Clones share one log, but each
/// may end at a different place.
#[derive(Clone)]
pub struct Events {
    all: Arc<Vec<Recorded>>,
    end: Arc<AtomicU64>,
    /// How many times the log was asked for its end.
    pub ends: Arc<AtomicU64>,
}

impl Events {
    /// A log with room for `room` events that ends after `end`.
    pub fn new(room: u64, end: u64) -> Self {
        Self {
            all: Arc::new((0..room).map(recorded).collect()),
            end: Arc::new(AtomicU64::new(end)),
            ends: Arc::default(),
        }
    }

    /// Every event that it will ever have.
    pub fn all(&self) -> &[Recorded] {
        &self.all
    }

    /// Sets where it ends.
    pub fn ends_at(&self, end: u64) {
        self.end.store(end, Ordering::Relaxed);
    }
}

fn recorded(offset: u64) -> Recorded {
    let key = offset % (LESSONS * LEARNERS);
    let version = 1 + offset / (LESSONS * LEARNERS);
    // Mixed, so that neighbours in the log are not neighbours in the view.
    let mixed = key * 7919 % (LESSONS * LEARNERS);
    Recorded {
        offset: Offset(offset),
        body: Body::Event(Event {
            progress: Progress {
                key: LessonKey::new(mixed / LESSONS, mixed % LESSONS),
                version: Version(version),
                steps_done: u32::try_from(version % 12).unwrap_or(0),
                completed: version % 3 != 2,
            },
            committed_at_ms: offset,
        }),
    }
}

impl Log for Events {
    async fn read(&self, from: Offset, at_most: usize) -> Result<Vec<Recorded>, LogError> {
        let end = self.end.load(Ordering::Relaxed);
        if from.0 > end {
            return Err(LogError::Beyond { end: Offset(end) });
        }
        let until = from.0.saturating_add(at_most as u64).min(end);
        let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(self.all[place(from.0)..place(until)].to_vec())
    }

    async fn end(&self) -> Result<Offset, LogError> {
        self.ends.fetch_add(1, Ordering::Relaxed);
        Ok(Offset(self.end.load(Ordering::Relaxed)))
    }
}

/// A store in memory; with a disk, each put is also appended to an unnamed file there, and synced.
/// Clones are the same store.
#[derive(Clone, Default)]
pub struct Kept {
    contents: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    disk: Option<Arc<File>>,
}

impl Kept {
    /// A store in memory.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// A store whose puts wait for the disk that `folder` is on.
    pub fn on_disk(folder: &Path) -> Result<Self, String> {
        let file = scratch::file(folder, "checkpoints").map_err(|error| error.to_string())?;
        Ok(Self {
            disk: Some(Arc::new(file)),
            ..Self::default()
        })
    }

    fn contents(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Kept {
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        if let Some(mut disk) = self.disk.as_deref() {
            let synced = disk.write_all(&bytes).and_then(|()| disk.sync_data());
            synced.map_err(|_| StoreError::Unavailable)?;
        }
        self.contents().insert(name.to_owned(), bytes);
        Ok(())
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.contents().get(name).cloned())
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.contents().remove(name);
        Ok(())
    }

    async fn names(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.contents().keys().cloned().collect())
    }
}
