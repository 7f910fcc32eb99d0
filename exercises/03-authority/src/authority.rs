//! What callers hold: the one who writes, and all the others.
//!
//! An [`Authority`] is what the API gets. A [`Reader`] is what everybody else gets: caches, views,
//! workers, the edge. It can read and listen, and there is no way from it to a write, so that a cache
//! which behaves like a database does not compile.

use crate::changes::Changes;
use crate::fact::{OpenError, ReadError, Receipt, Record, Write, WriteError};
use crate::group::Committer;
use alongside::Alongside;
use domain::LessonKey;
use redb::{Database, StorageBackend};
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

/// The one that decides. Clones are the same authority.
#[derive(Clone, Debug)]
pub struct Authority {
    // What it takes to hand in a write is yours to design.
}

/// One that may look. Clones look at the same authority.
///
/// There is no way from here to a write, or to the authority behind it.
///
/// Judged by `facts::what_other_roles_may_not_do_does_not_compile`.
#[derive(Clone, Debug)]
pub struct Reader {
    // What it takes to look is yours to design.
}

// ANCHOR: stubs
/// Opens the store behind `backend`, or makes a new one if it is empty.
///
/// Everything is checked here, once: a file that has been damaged since it was closed is refused, and
/// never read as somebody's progress. Writes that were handed in and not committed are gone with the
/// process; what was committed is there.
///
/// The backend is all that may be kept: what a crash leaves of it is what the store is opened on again.
/// It is given back (dropped) when the last authority, reader and committer are gone.
///
/// # Errors
/// - [`OpenError::Corrupt`] when what is there is not a whole store. It is left as it is.
/// - [`OpenError::Disk`] when the backend fails.
/// - [`OpenError::InUse`] when the engine or the file's lock says so.
///
/// Judged by every test, and by those in `days` for everything that can be wrong.
pub fn open(
    backend: impl StorageBackend,
    settings: Settings,
) -> Result<(Authority, Committer), OpenError> {
    let _ = (backend, settings);
    todo!(
        "Open the store, have the engine check all of it, and hand out an authority and its committer."
    )
}

/// Opens the store in a database that is open already, and shares it with `alongside`: what is accepted
/// of a group is passed to it, in its order, inside the transaction that makes it durable. If
/// `alongside` fails, so does the group. Tables that are neither the store's nor `alongside`'s are
/// somebody else's.
///
/// [`open`] can be this, with a database of its own and [`Nothing`](alongside::Nothing) alongside. Lab 5
/// puts its outbox there, and the platform calls it. A store without redb has no use for it, and needs an
/// outbox of its own.
///
/// # Errors
/// As [`open`].
///
/// Judged by every test, if [`open`] calls it.
pub fn open_in(
    database: Arc<Database>,
    settings: Settings,
    alongside: impl Alongside,
) -> Result<(Authority, Committer), OpenError> {
    let _ = (database, settings, alongside);
    todo!(
        "Set up the store in a database that is open, and pass each accepted group to `alongside`."
    )
}

/// Opens the store in the file at `path`, or makes a new one if there is none.
///
/// The file is locked while it is open.
///
/// # Errors
/// As [`open`]; [`OpenError::InUse`] when another process, or another part of this one, has it open;
/// [`OpenError::Disk`] when there can be no such file.
///
/// Judged by `days::a_second_opening_of_the_same_file_is_refused` and
/// `kill::what_a_killed_process_acknowledged_is_there`.
pub fn open_file(path: &Path, settings: Settings) -> Result<(Authority, Committer), OpenError> {
    let _ = (path, settings);
    todo!("Open or make the file, never truncate it, lock it, and open the store in it.")
}

impl Authority {
    /// Writes, and gives the receipt once no crash can take it back.
    ///
    /// The questions are asked in this order, and the first that is answered decides:
    ///
    /// 1. Is the note beyond [`MAX_NOTE_BYTES`](crate::fact::MAX_NOTE_BYTES)? [`WriteError::TooLarge`],
    ///    and the disk is not touched.
    /// 2. Is there a reply for the idempotency key? If it is for the same write (all but the epoch is
    ///    the same), that reply again, and nothing happens. If not, [`WriteError::Conflict`].
    /// 3. Has a newer epoch written? [`WriteError::Fenced`].
    /// 4. Is the expected version another than the current one? [`WriteError::Stale`].
    /// 5. The write becomes the next version: 1 for the first, and one more each time. The fact, the
    ///    reply and the epoch become durable together.
    ///
    /// A refused write leaves nothing behind: no fact, no reply, no epoch. Replies are kept for the
    /// latest [`retained_replies`](Settings::retained_replies) accepted writes, and those before are
    /// forgotten, at the latest with the commit that makes them too many. (Those that a lower setting makes
    /// too many go with the next commit that accepts something, at the latest.)
    ///
    /// A caller may drop the future at any time; its write may then be done or not. At most
    /// [`MAX_WAITING`](crate::group::MAX_WAITING) writes wait to be committed, and further callers wait
    /// for a place.
    ///
    /// # Errors
    /// As above; besides, [`WriteError::Unknown`] when the disk failed while this was being committed,
    /// and [`WriteError::Stopped`] when the committer is gone, or the disk had failed before.
    ///
    /// Judged by the tests in `facts`, `versions`, `idempotency`, `epochs` and `durable`.
    pub async fn write(&self, write: Write) -> Result<Receipt, WriteError> {
        let _ = write;
        todo!(
            "Refuse what cannot be written, hand the rest to the committer, and wait for its answer."
        )
    }

    /// What everybody else gets: caches, views, workers, the edge.
    ///
    /// Judged by `facts::a_write_becomes_a_record`.
    pub fn reader(&self) -> Reader {
        todo!("Make a reader: enough to look and to listen, and nothing to write with.")
    }
}

impl Reader {
    /// The fact under `key`, if there is one, as of the last commit. What it shows is durable.
    ///
    /// # Errors
    /// [`ReadError`] when the disk fails or has failed.
    ///
    /// Judged by `facts::a_write_becomes_a_record` and
    /// `durable::answers::a_read_shows_nothing_that_a_crash_can_take_back`.
    pub fn read(&self, key: LessonKey) -> Result<Option<Record>, ReadError> {
        let _ = key;
        todo!("Read the fact as of the last commit.")
    }

    /// The changes from now on.
    ///
    /// Whoever listens can never hold the authority up, whatever it does or leaves undone.
    ///
    /// Judged by the tests in `independence`.
    pub fn changes(&self) -> Changes {
        todo!("Let somebody listen to changes from now on.")
    }
}
// ANCHOR_END: stubs
