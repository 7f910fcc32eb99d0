//! A log in memory, and a store of files.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Event, LessonKey, Offset, Progress, Version};
use projection::log::{Body, Log, LogError, Recorded};
use projection::store::{Store, StoreError};

/// Lessons of the platform: each event is about one of these, by one of the learners.
const LESSONS: u64 = 40;
const LEARNERS: u64 = 500;

/// The events of learners who go through their lessons, again and again. Clones are the same log, each of which may
/// end elsewhere.
#[derive(Clone)]
pub struct Events {
    all: Arc<Vec<Recorded>>,
    end: Arc<AtomicU64>,
    /// How many times the end was asked for.
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

    /// All that it will ever have.
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
    // Mixed, so that neighbours in the log are no neighbours in the view.
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

/// A store of files, each written aside, synced and renamed.
#[derive(Clone)]
pub struct Files(PathBuf);

impl Files {
    pub fn new(folder: &Path, name: &str) -> Result<Self, String> {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        Ok(Self(folder))
    }

    fn put_now(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let aside = self.0.join("aside");
        let mut file = File::create(&aside)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(aside, self.0.join(name))
    }
}

impl Store for Files {
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let put = self.put_now(name, &bytes);
        put.map_err(|_| StoreError::Unavailable)
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(fs::read(self.0.join(name)).ok())
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        let _ = fs::remove_file(self.0.join(name));
        Ok(())
    }

    async fn names(&self) -> Result<Vec<String>, StoreError> {
        let files = fs::read_dir(&self.0).map_err(|_| StoreError::Unavailable)?;
        let names = files.flatten().map(|file| file.file_name());
        Ok(names.filter_map(|name| name.into_string().ok()).collect())
    }
}
