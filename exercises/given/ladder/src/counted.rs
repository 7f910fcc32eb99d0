//! A file for the embedded engine that counts its syncs. What a commit costs drifts with the disk
//! and the hour; how many syncs it makes is the same everywhere.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::scratch;

/// The engine's own file backend, counted.
#[derive(Debug)]
pub struct Counted {
    file: FileBackend,
    counts: Arc<Counts>,
    /// Whether the file has got another length, and nothing was written since.
    resized: AtomicBool,
}

/// How many syncs there have been. Clones look at the same file.
#[derive(Clone, Debug)]
pub struct Syncs(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    commits: AtomicU64,
    growths: AtomicU64,
}

impl Counted {
    /// A new file without a name in `folder`, and its count.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(folder: &Path, name: &str) -> Result<(Self, Syncs), String> {
        let file = scratch::file(folder, name).map_err(|error| error.to_string())?;
        Self::of(file)
    }

    fn of(file: File) -> Result<(Self, Syncs), String> {
        let file = FileBackend::new(file).map_err(|error| error.to_string())?;
        let counts = Arc::new(Counts::default());
        let counted = Self {
            file,
            counts: Arc::clone(&counts),
            resized: AtomicBool::new(false),
        };
        Ok((counted, Syncs(counts)))
    }
}

impl Syncs {
    /// So many for commits until now.
    #[must_use]
    pub fn of_commits(&self) -> u64 {
        self.0.commits.load(Ordering::Relaxed)
    }

    /// So many to make a longer file durable before anything points into it. The engine doubles the
    /// file each time, so that they become rare.
    #[must_use]
    pub fn of_growth(&self) -> u64 {
        self.0.growths.load(Ordering::Relaxed)
    }
}

impl StorageBackend for Counted {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.resized.store(true, Ordering::Relaxed);
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        // Only growing is followed by a sync at once; a commit writes first.
        let which = if self.resized.swap(false, Ordering::Relaxed) {
            &self.counts.growths
        } else {
            &self.counts.commits
        };
        which.fetch_add(1, Ordering::Relaxed);
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.resized.store(false, Ordering::Relaxed);
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}
