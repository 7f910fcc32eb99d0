//! What callers hold: the one who writes, and all the others.
//!
//! An [`Authority`] is what the API gets. A [`Reader`] is what everybody else gets: caches, views,
//! workers, the edge. It can read and listen, and there is no way from it to a write, so that a cache
//! which behaves like a database does not compile.

use crate::changes::{Announcer, Changes};
use crate::fact::{MAX_NOTE_BYTES, OpenError, ReadError, Receipt, Record, Write, WriteError};
use crate::group::{self, Committer, Queue};
use crate::store::{Facts, Store};
use alongside::{Alongside, Nothing};
use domain::LessonKey;
use redb::backends::FileBackend;
use redb::{Database, StorageBackend};
use std::fs::{File, OpenOptions};
use std::io;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

/// How an authority is run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// For how many of the latest accepted writes the reply is kept. A retry that comes later is judged
    /// as a new write.
    pub retained_replies: NonZeroU64,
}

impl Default for Settings {
    /// A hundred thousand replies: at a hundred writes a second that is a quarter of an hour, far
    /// longer than any caller retries.
    fn default() -> Self {
        Self {
            retained_replies: NonZeroU64::new(100_000).expect("not zero"),
        }
    }
}

/// Decides what is true. Clones are the same authority.
#[derive(Clone, Debug)]
pub struct Authority {
    queue: Queue,
    reader: Reader,
}

/// Reads and listens. Clones belong to the same authority.
///
/// There is no way from here to a write, or to the authority behind it.
#[derive(Clone, Debug)]
pub struct Reader {
    facts: Facts,
    announcer: Announcer,
}

// ANCHOR: open
/// Opens the store behind `backend`, or creates a new one if it is empty.
///
/// Everything is checked here, once: a file that has been damaged since it was closed is refused, and
/// never read as somebody's progress. What was committed is there.
///
/// The backend is dropped when the last authority, reader and committer are gone.
///
/// # Errors
/// - [`OpenError::Corrupt`] when what is there is not a whole store. It is left as it is.
/// - [`OpenError::Disk`] when the backend fails.
/// - [`OpenError::InUse`] when the engine or the file's lock says so.
pub fn open(
    backend: impl StorageBackend,
    settings: Settings,
) -> Result<(Authority, Committer), OpenError> {
    open_in(open_database(backend)?, settings, Nothing)
}

/// Opens a database for [`open_in`], and checks that it is whole.
///
/// # Errors
/// As [`open`].
pub fn open_database(backend: impl StorageBackend) -> Result<Arc<Database>, OpenError> {
    Store::database(backend)
}

/// Opens the store in a database that is open already, and shares it with `alongside`: the accepted writes
/// of a group are passed to it, in their order, inside the transaction that makes them durable. If
/// `alongside` fails, so does the group. Lab 5 puts its outbox there.
///
/// It could take a backend and pass the database on. But then there would be an outbox that has no
/// database yet; so whoever assembles the two opens it first.
///
/// # Errors
/// As [`open`].
pub fn open_in(
    database: Arc<Database>,
    settings: Settings,
    alongside: impl Alongside,
) -> Result<(Authority, Committer), OpenError> {
    let store = Store::open(database, settings.retained_replies, Box::new(alongside))?;
    let announcer = Announcer::new();
    let facts = store.facts();
    let (queue, committer) = group::queue(store, announcer.clone());
    let reader = Reader { facts, announcer };
    Ok((Authority { queue, reader }, committer))
}

/// Opens the store in the file at `path`, or creates a new one if there is none.
///
/// # Errors
/// As [`open`]. The file is locked while it is open.
pub fn open_file(path: &Path, settings: Settings) -> Result<(Authority, Committer), OpenError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| OpenError::Disk(error.to_string()))?;
    sync_folder_of(path).map_err(|error| OpenError::Disk(error.to_string()))?;
    let backend = FileBackend::new(file).map_err(|error| match error {
        redb::DatabaseError::DatabaseAlreadyOpen => OpenError::InUse,
        other => OpenError::Disk(other.to_string()),
    })?;
    open(backend, settings)
}
// ANCHOR_END: open

/// Makes the file's name durable. Its content has syncs of its own, and a store that is whole and that
/// nobody can find is lost as well.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file; there the name is up to the file system.
    if cfg!(unix) {
        // By its full name: a bare one has an empty parent.
        if let Some(folder) = path.canonicalize()?.parent() {
            File::open(folder)?.sync_all()?;
        }
    }
    Ok(())
}

impl Authority {
    // ANCHOR: write
    /// Writes, and returns the receipt once no crash can undo the write.
    ///
    /// A caller may drop the future at any time. Whether its write has been committed, will be, or never
    /// will be is then unknown to it, and a retry with the same idempotency key finds out.
    ///
    /// At most [`MAX_WAITING`](crate::group::MAX_WAITING) writes wait to be committed, and further callers
    /// wait for a place.
    ///
    /// # Errors
    /// [`WriteError`], each variant of which says what is true of the write. A note beyond
    /// [`MAX_NOTE_BYTES`] is refused first, and at once.
    pub async fn write(&self, write: Write) -> Result<Receipt, WriteError> {
        // Judged before it is queued: what cannot be written should cost no place.
        let bytes = write.note.len();
        if bytes > MAX_NOTE_BYTES {
            return Err(WriteError::TooLarge { bytes });
        }
        self.queue.submit(write).await
    }
    // ANCHOR_END: write

    /// What everybody else gets: caches, views, workers, the edge.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }
}

impl Reader {
    /// The fact under `key`, if there is one, as of the last commit. What it shows is durable.
    ///
    /// # Errors
    /// [`ReadError`] when the disk fails or has failed.
    pub fn read(&self, key: LessonKey) -> Result<Option<Record>, ReadError> {
        self.facts.read(key)
    }

    /// The changes from now on.
    ///
    /// A listener can never hold up the authority, whatever it does.
    pub fn changes(&self) -> Changes {
        self.announcer.subscribe()
    }
}
