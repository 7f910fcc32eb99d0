//! What callers hold: the one who writes, and all the others.
//!
//! Everybody shares the file and what is true. What makes the difference is the channel to the
//! committer: an [`Authority`] has a sender of it, and a [`Reader`] has none.

/// Given by the lab.
pub use ours::authority::Settings;

use crate::changes::{self, Changes, Notice};
use crate::fact::{
    Accepted, MAX_NOTE_BYTES, OpenError, ReadError, Receipt, Record, Write, WriteError,
};
use crate::group::{Committer, MAX_WAITING, Waiting, snapshot};
use crate::log::{Log, corrupt, failed};
use crate::state::State;
use domain::LessonKey;
use redb::StorageBackend;
use redb::backends::FileBackend;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::{broadcast, mpsc, oneshot};

/// What everybody shares. The file is given back with the last of them.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What is true, and durable.
    pub(crate) state: RwLock<State>,
    pub(crate) log: Mutex<Log>,
}

/// The one that decides. Clones are the same authority.
#[derive(Clone, Debug)]
pub struct Authority {
    waiting: mpsc::Sender<Waiting>,
    shared: Arc<Shared>,
    teller: broadcast::Sender<Notice>,
}

/// One that may look. Clones look at the same authority.
///
/// There is no way from here to a write, or to the authority behind it.
#[derive(Clone, Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    teller: broadcast::WeakSender<Notice>,
}

/// Opens the store behind `backend`, or makes a new one if it is empty.
///
/// All of it is read, and every checksum looked at.
///
/// # Errors
/// - [`OpenError::Corrupt`] when what is there is not a whole store. It is left as it is.
/// - [`OpenError::Disk`] when the backend fails.
/// - [`OpenError::InUse`] when the backend is locked.
pub fn open(
    backend: impl StorageBackend,
    settings: Settings,
) -> Result<(Authority, Committer), OpenError> {
    let mut state = State::new(settings.retained_replies.get());
    let empty = snapshot(&state).map_err(failed)?;
    let (log, found) = Log::open(Box::new(backend), empty)?;
    let (forgotten, kept): (Vec<Accepted>, Vec<Accepted>) = decode(&found.snapshot)?;
    for accepted in forgotten {
        state.accept_without_reply(Arc::new(accepted));
    }
    for accepted in kept {
        state.accept(Arc::new(accepted));
    }
    for group in found.groups {
        for accepted in decode::<Vec<Accepted>>(&group)? {
            state.accept(Arc::new(accepted));
        }
    }
    let (hand_in, waiting) = mpsc::channel(MAX_WAITING);
    let shared = Arc::new(Shared {
        state: RwLock::new(state),
        log: Mutex::new(log),
    });
    let teller = changes::teller();
    let authority = Authority {
        waiting: hand_in,
        shared: Arc::clone(&shared),
        teller: teller.clone(),
    };
    let committer = Committer {
        waiting,
        shared,
        teller,
        stopped: false,
    };
    Ok((authority, committer))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, OpenError> {
    postcard::from_bytes(bytes).map_err(|error| corrupt(&error.to_string()))
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
        .map_err(failed)?;
    let backend = FileBackend::new(file).map_err(|error| OpenError::Disk(error.to_string()))?;
    open(backend, settings)
}

impl Authority {
    /// Writes, and gives the receipt once no crash can take it back.
    ///
    /// A caller may drop the future at any time; its write may then be done or not. At most
    /// [`MAX_WAITING`] writes wait to be committed, and further callers wait for a place.
    ///
    /// # Errors
    /// As the lab says, in its order.
    pub async fn write(&self, write: Write) -> Result<Receipt, WriteError> {
        let bytes = write.note.len();
        if bytes > MAX_NOTE_BYTES {
            return Err(WriteError::TooLarge { bytes });
        }
        let (answer, answered) = oneshot::channel();
        let waiting = self.waiting.send((write, answer)).await;
        waiting.map_err(|_| WriteError::Stopped)?;
        // Dropped without an answer: it was still in the channel when the committer went.
        answered.await.unwrap_or(Err(WriteError::Stopped))
    }

    /// What everybody else gets: caches, views, workers, the edge.
    pub fn reader(&self) -> Reader {
        Reader {
            shared: Arc::clone(&self.shared),
            teller: self.teller.downgrade(),
        }
    }
}

impl Reader {
    /// The fact under `key`, if there is one, as of the last commit. What it shows is durable.
    ///
    /// # Errors
    /// None here: a fact that was durable is shown from memory, also when the disk has failed since.
    pub fn read(&self, key: LessonKey) -> Result<Option<Record>, ReadError> {
        let state = self.shared.state.read();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        Ok(state.record(key))
    }

    /// The changes from now on.
    ///
    /// Whoever listens can never hold the authority up, whatever it does or leaves undone.
    pub fn changes(&self) -> Changes {
        Changes::of(self.teller.upgrade().as_ref())
    }
}
