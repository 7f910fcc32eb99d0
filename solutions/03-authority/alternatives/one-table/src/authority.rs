//! What callers hold: the one who writes, and all the others.
//!
//! An [`Authority`] can reach the desk, and a [`Reader`] cannot. Who is still there is counted by what
//! they hold: when the last writer goes the committer may end, and when it has gone too so do the
//! changes.

/// Given by the lab.
pub use ours::authority::Settings;

use crate::changes::{Changes, Hub};
use crate::desk::Desk;
use crate::fact::{MAX_NOTE_BYTES, OpenError, ReadError, Receipt, Record, Write, WriteError};
use crate::group::Committer;
use crate::shelf;
use alongside::{Alongside, Nothing};
use domain::LessonKey;
use redb::backends::FileBackend;
use redb::{Database, StorageBackend};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is needed to look, and to commit.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) db: Arc<Database>,
    /// Whether a commit has failed. What the file holds is not known then.
    pub(crate) failed: AtomicBool,
}

/// Held by all who can still cause a change; the changes end with the last of them.
#[derive(Debug)]
pub(crate) struct Present {
    pub(crate) hub: Arc<Hub>,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.hub.end();
    }
}

/// Held by all clones of an authority; the committer may end with the last of them.
#[derive(Debug)]
struct Writers {
    desk: Arc<Desk>,
    present: Arc<Present>,
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.desk.no_more_writers();
    }
}

/// The one that decides. Clones are the same authority.
#[derive(Clone, Debug)]
pub struct Authority {
    writers: Arc<Writers>,
    store: Arc<Store>,
}

/// One that may look. Clones look at the same authority.
///
/// There is no way from here to a write, or to the authority behind it.
#[derive(Clone, Debug)]
pub struct Reader {
    store: Arc<Store>,
    hub: Arc<Hub>,
}

/// Opens the store behind `backend`, or makes a new one if it is empty.
///
/// Everything is checked here, once: the engine looks at every page, and this crate at every row.
///
/// # Errors
/// - [`OpenError::Corrupt`] when what is there is not a whole store. It is left as it is.
/// - [`OpenError::Disk`] when the backend fails.
/// - [`OpenError::InUse`] when the engine says so.
pub fn open(
    backend: impl StorageBackend,
    settings: Settings,
) -> Result<(Authority, Committer), OpenError> {
    open_in(open_database(backend)?, settings, Nothing)
}

/// Opens a database for [`open_in`], and looks at every page of it.
///
/// # Errors
/// As [`open`].
pub fn open_database(backend: impl StorageBackend) -> Result<Arc<Database>, OpenError> {
    shelf::database(backend)
}

/// Opens the store in a database that is open already, and shares it with what commits alongside.
///
/// # Errors
/// As [`open`].
pub fn open_in(
    db: Arc<Database>,
    settings: Settings,
    alongside: impl Alongside,
) -> Result<(Authority, Committer), OpenError> {
    let index = shelf::open(&db, settings.retained_replies.get(), &alongside)?;
    let store = Arc::new(Store {
        db,
        failed: AtomicBool::new(false),
    });
    let desk = Arc::new(Desk::new());
    let present = Arc::new(Present {
        hub: Arc::new(Hub::default()),
    });
    let authority = Authority {
        writers: Arc::new(Writers {
            desk: Arc::clone(&desk),
            present: Arc::clone(&present),
        }),
        store: Arc::clone(&store),
    };
    let committer = Committer {
        desk,
        store,
        index,
        alongside: Box::new(alongside),
        present,
    };
    Ok((authority, committer))
}

/// Opens the store in the file at `path`, or makes a new one if there is none.
///
/// The file is locked while it is open.
///
/// # Errors
/// As [`open`]; [`OpenError::InUse`] when another process, or another part of this one, has it open;
/// [`OpenError::Disk`] when there can be no such file.
pub fn open_file(path: &Path, settings: Settings) -> Result<(Authority, Committer), OpenError> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| OpenError::Disk(error.to_string()))?;
    let backend = FileBackend::new(file).map_err(|error| OpenError::Disk(error.to_string()))?;
    open(backend, settings)
}

impl Authority {
    /// Writes, and gives the receipt once no crash can take it back.
    ///
    /// A caller may drop the future at any time; its write may then be done or not. At most
    /// [`MAX_WAITING`](crate::group::MAX_WAITING) writes wait to be committed, and further callers wait
    /// for a place.
    ///
    /// # Errors
    /// As the lab says, in its order.
    pub async fn write(&self, write: Write) -> Result<Receipt, WriteError> {
        let bytes = write.note.len();
        if bytes > MAX_NOTE_BYTES {
            return Err(WriteError::TooLarge { bytes });
        }
        self.writers.desk.hand_in(write).await
    }

    /// What everybody else gets: caches, views, workers, the edge.
    pub fn reader(&self) -> Reader {
        Reader {
            store: Arc::clone(&self.store),
            hub: Arc::clone(&self.writers.present.hub),
        }
    }
}

impl Reader {
    /// The fact under `key`, if there is one, as of the last commit. What it shows is durable.
    ///
    /// # Errors
    /// [`ReadError`] when the disk fails or has failed.
    pub fn read(&self, key: LessonKey) -> Result<Option<Record>, ReadError> {
        if self.store.failed.load(Ordering::Acquire) {
            return Err(ReadError::Disk("it has failed before".to_owned()));
        }
        shelf::read(&self.store.db, key)
    }

    /// The changes from now on.
    ///
    /// Whoever listens can never hold the authority up, whatever it does or leaves undone.
    pub fn changes(&self) -> Changes {
        self.hub.subscribe()
    }
}
