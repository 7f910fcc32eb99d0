//! Where a part keeps its bytes: a file, or a disk in memory that can lose what was not synced.

use crashdisk::{Disk, Handle, Loss};
use platform::parts::NotStarted;
use platform::stage::Ground;
use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How many times to try to open something that a former owner of ours may not have released yet.
const TRIES: u32 = 40;

/// The wait before each further try.
const AGAIN: Duration = Duration::from_millis(50);

/// A file, or a disk in memory.
pub(crate) enum Medium {
    File(PathBuf),
    Memory(Mutex<Disk>),
}

impl Medium {
    /// `name` in the folder, or its own disk in memory.
    pub(crate) fn new(ground: &Ground, name: &str) -> Self {
        match ground {
            Ground::Folder(folder) => Self::File(folder.join(name)),
            Ground::Memory => Self::Memory(Mutex::new(Disk::new())),
        }
    }

    /// On that disk.
    pub(crate) fn on(disk: Disk) -> Self {
        Self::Memory(Mutex::new(disk))
    }

    /// Whether work on it blocks, and so needs a thread of its own.
    pub(crate) fn blocks(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// In memory, the power fails: what was not synced is gone. A file stays as it is.
    pub(crate) fn power_fails(&self) {
        if let Self::Memory(disk) = self {
            let mut disk = lock(disk);
            *disk = disk.crash(disk.position(), Loss::Lost);
        }
    }

    /// A handle on it.
    pub(crate) fn backend(&self) -> Result<Backend, Trouble> {
        match self {
            Self::Memory(disk) => Ok(Backend::Memory(lock(disk).handle())),
            Self::File(path) => {
                let file = OpenOptions::new()
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(path)
                    .and_then(|file| sync_folder_of(path).map(|()| file))
                    .map_err(|error| self.trouble(&error))?;
                match FileBackend::new(file) {
                    Ok(backend) => Ok(Backend::File(backend)),
                    Err(DatabaseError::DatabaseAlreadyOpen) => Err(self.in_use()),
                    Err(error) => Err(self.trouble(&error)),
                }
            }
        }
    }

    /// Something else has it open.
    pub(crate) fn in_use(&self) -> Trouble {
        Trouble::InUse(self.name())
    }

    /// A description of what is wrong with it, for people.
    pub(crate) fn trouble(&self, error: &dyn std::fmt::Display) -> Trouble {
        Trouble::Other(format!("{}: {error}", self.name()))
    }

    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Memory(_) => "the disk in memory".to_owned(),
        }
    }
}

/// Opens something, and tries again while a former owner may be about to release it.
pub(crate) async fn opened<T>(open: impl Fn() -> Result<T, Trouble>) -> Result<T, NotStarted> {
    let mut tries = 0;
    loop {
        tries += 1;
        match open() {
            Err(Trouble::InUse(_)) if tries < TRIES => tokio::time::sleep(AGAIN).await,
            other => return other.map_err(NotStarted::from),
        }
    }
}

/// Runs `work` where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// The steps of a part, one at a time.
///
/// A step that blocks runs to its end even if the task that waits for it is aborted, and until then it has
/// the files open that it works on. A part that stops waits for that, by [`Steps::ended`].
#[derive(Default)]
pub(crate) struct Steps(Arc<tokio::sync::Mutex<()>>);

impl Steps {
    /// Runs `step`, on a thread where it may block if it `blocks`.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        blocks: bool,
        step: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if !blocks {
            return Some(step());
        }
        let running = Arc::clone(&self.0).lock_owned().await;
        // In this order: if nobody waits any more, what the step returns is dropped before its lock.
        let (returned, _running) = blocking(move || (step(), running)).await?;
        Some(returned)
    }

    /// Ends `task`, whose steps these are, and waits until the last of them has ended.
    pub(crate) async fn ended(&self, task: JoinHandle<()>) {
        task.abort();
        // Until it has stopped, it may begin another step.
        let _ = task.await;
        drop(self.0.lock().await);
    }
}

/// Makes a file's name durable.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Why something cannot be opened.
pub(crate) enum Trouble {
    /// Something has it open: another process, or a part of ours that is about to end.
    InUse(String),
    Other(String),
}

impl From<Trouble> for NotStarted {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::InUse(what) => Self(format!(
                "{what} is in use: does another platform run in this folder?"
            )),
            Trouble::Other(why) => Self(why),
        }
    }
}

/// A file, or a disk in memory, as the engine needs it.
#[derive(Debug)]
pub(crate) enum Backend {
    File(FileBackend),
    Memory(Handle),
}

/// Each call is passed on, without exception: a default implementation would be a lock that locks
/// nothing, and would allow two platforms in one folder.
macro_rules! passed_on {
    ($(fn $name:ident(&self $(, $arg:ident: $of:ty)*) -> $out:ty;)*) => {
        impl StorageBackend for Backend {
            $(fn $name(&self $(, $arg: $of)*) -> $out {
                match self {
                    Self::File(file) => file.$name($($arg),*),
                    Self::Memory(disk) => disk.$name($($arg),*),
                }
            })*
        }
    };
}

passed_on! {
    fn len(&self) -> io::Result<u64>;
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    fn set_len(&self, len: u64) -> io::Result<()>;
    fn sync_data(&self) -> io::Result<()>;
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;
    fn close(&self) -> io::Result<()>;
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError>;
    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError>;
    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError>;
    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError>;
    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError>;
    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError>;
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
