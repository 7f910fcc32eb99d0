//! What a worker has done and has to remember.
//!
//! Deliveries repeat. A relay that died before it marked, a consumer that died before it stored its
//! offset, a retry that was late: each delivers a record again, and no channel can prevent it. What can
//! happen exactly once is the *effect*, if the effect and the memory of it are one transaction.
//!
//! So an inbox is in the database that the effect writes to. A list of the ids that were seen is one way
//! to remember; but it grows for ever, or forgets after a while, and what was forgotten is applied
//! again. Events of a key come in the order of its versions, so the highest version that was applied
//! holds the same information in one row.

use crate::effects::Effect;
use crate::message::{Message, Record};
use domain::{EventError, LessonKey, Offset, Version};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use thiserror::Error;

/// What became of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was applied, now or by an earlier delivery.
    Done,
    /// It cannot be applied, and is among the dead letters.
    Dead,
    /// It was skipped, because the worker was further behind than it is allowed to be.
    Shed,
}

/// The result of [`Inbox::apply`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Applied {
    /// The effect has happened.
    Now,
    /// It had happened before, and did not happen again.
    Before,
}

/// Why a record was not applied. Nothing of it has happened.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ApplyError {
    /// The effect failed, or panicked. It may succeed later.
    #[error("the effect failed: {why}")]
    Failed {
        /// What it said.
        why: String,
    },
    /// The payload cannot be read, and never will be by this program.
    #[error(transparent)]
    Unreadable(#[from] EventError),
    /// The database failed.
    #[error(transparent)]
    Inbox(#[from] InboxError),
}

/// The database failed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("the worker's database failed: {0}")]
pub struct InboxError(pub String);

/// What to do about a record that could not be applied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Try again: this many tries have failed.
    Again {
        /// How many.
        tries: u32,
    },
    /// It is among the dead letters now.
    Dead,
}

/// A record that was given up on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeadLetter {
    /// The record, as it was delivered.
    pub record: Record,
    /// How many tries it has had.
    pub tries: u32,
    /// Why the last one failed: the effect's error, or why the record cannot be read.
    pub why: String,
}

/// The tables of one worker. Their names begin with the worker's, so that several workers may share a
/// database.
#[derive(Clone, Debug)]
struct Names {
    progress: String,
    settled: String,
    applied: String,
    tries: String,
    dead: String,
}

type Progress<'n> = TableDefinition<'n, &'static str, u64>;
type Settled<'n> = TableDefinition<'n, u64, ()>;
type Marks<'n> = TableDefinition<'n, (u64, u64), u64>;
type Tries<'n> = TableDefinition<'n, u64, u32>;
type Dead<'n> = TableDefinition<'n, u64, (u32, &'static str, &'static [u8])>;

impl Names {
    fn of(worker: &str) -> Self {
        let name = |table: &str| format!("{worker}/{table}");
        Self {
            progress: name("progress"),
            settled: name("settled"),
            applied: name("applied"),
            tries: name("tries"),
            dead: name("dead"),
        }
    }

    /// `"offset"` to the offset, and the name of each outcome to how many records had it.
    fn progress(&self) -> Progress<'_> {
        TableDefinition::new(&self.progress)
    }

    /// The records that are settled ahead: above the offset, because one before them is not settled.
    fn settled(&self) -> Settled<'_> {
        TableDefinition::new(&self.settled)
    }

    /// Learner and lesson to the highest version that no longer needs an effect.
    fn applied(&self) -> Marks<'_> {
        TableDefinition::new(&self.applied)
    }

    /// Offset to how many tries have failed.
    fn tries(&self) -> Tries<'_> {
        TableDefinition::new(&self.tries)
    }

    /// Offset to the tries it had, why it failed, and the message.
    fn dead(&self) -> Dead<'_> {
        TableDefinition::new(&self.dead)
    }
}

/// What a worker remembers. Clones are the same inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    database: Arc<Database>,
    names: Names,
}

const OFFSET: &str = "offset";

const fn name_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Dead => "dead",
        Outcome::Shed => "shed",
    }
}

impl Inbox {
    /// Opens the inbox of the worker with this name in `database`, or creates an empty one.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn open(database: Arc<Database>, worker: &str) -> Result<Self, InboxError> {
        let names = Names::of(worker);
        let transaction = database.begin_write()?;
        transaction.open_table(names.progress())?;
        transaction.open_table(names.settled())?;
        transaction.open_table(names.applied())?;
        transaction.open_table(names.tries())?;
        transaction.open_table(names.dead())?;
        transaction.commit()?;
        Ok(Self { database, names })
    }

    /// The first offset that is not settled. All before it are.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn offset(&self) -> Result<Offset, InboxError> {
        Ok(Offset(self.number(OFFSET)?))
    }

    /// How many records had this outcome.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn count(&self, outcome: Outcome) -> Result<u64, InboxError> {
        self.number(name_of(outcome))
    }

    fn number(&self, name: &str) -> Result<u64, InboxError> {
        let reading = self.database.begin_read()?;
        let number = reading.open_table(self.names.progress())?.get(name)?;
        Ok(number.map_or(0, |number| number.value()))
    }

    /// The offsets that are settled although one before them is not.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn settled_ahead(&self) -> Result<BTreeSet<Offset>, InboxError> {
        let settled = self
            .database
            .begin_read()?
            .open_table(self.names.settled())?;
        let mut ahead = BTreeSet::new();
        for row in settled.iter()? {
            ahead.insert(Offset(row?.0.value()));
        }
        Ok(ahead)
    }

    /// The records that were given up on, in the order of their offsets.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn dead_letters(&self) -> Result<Vec<DeadLetter>, InboxError> {
        let dead = self.database.begin_read()?.open_table(self.names.dead())?;
        let mut letters = Vec::new();
        for row in dead.iter()? {
            let (offset, letter) = row?;
            let (tries, why, message) = letter.value();
            let message = Message::from_bytes(message);
            letters.push(DeadLetter {
                record: Record {
                    offset: Offset(offset.value()),
                    message: message.ok_or_else(|| InboxError("a row is cut short".to_owned()))?,
                },
                tries,
                why: why.to_owned(),
            });
        }
        Ok(letters)
    }

    // ANCHOR: apply
    /// Applies the event of `record`, unless it was applied before, and settles the record as
    /// [`Outcome::Done`].
    ///
    /// - The effect, the memory of it and the offset become durable in one transaction, or none of them does.
    /// - An event whose version is not above the highest that is remembered for its key was applied
    ///   before, at whatever offset it comes again and however long ago that was.
    /// - When the effect fails or panics, nothing that it wrote is kept, and nothing is settled.
    ///
    /// # Errors
    /// [`ApplyError`]; then nothing has changed.
    pub fn apply(&self, record: &Record, effect: &mut dyn Effect) -> Result<Applied, ApplyError> {
        let transaction = self.database.begin_write().map_err(InboxError::from)?;
        let applied = if self.was_applied(&transaction, record)? {
            Applied::Before
        } else {
            let event = record.message.event()?;
            let effect = AssertUnwindSafe(|| effect.apply(&transaction, &event));
            // Dropped without a commit, the transaction leaves nothing.
            match panic::catch_unwind(effect) {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => {
                    let why = failure.to_string();
                    return Err(ApplyError::Failed { why });
                }
                Err(_) => {
                    let why = "it panicked".to_owned();
                    return Err(ApplyError::Failed { why });
                }
            }
            self.remember(&transaction, record)?;
            Applied::Now
        };
        self.settle(&transaction, record.offset, Outcome::Done)?;
        transaction.commit().map_err(InboxError::from)?;
        Ok(applied)
    }

    fn was_applied(
        &self,
        transaction: &WriteTransaction,
        record: &Record,
    ) -> Result<bool, InboxError> {
        let (place, version) = place_of(record);
        let marks = transaction.open_table(self.names.applied())?;
        let highest = marks.get(place)?.map_or(0, |mark| mark.value());
        Ok(version.0 <= highest)
    }

    fn remember(&self, transaction: &WriteTransaction, record: &Record) -> Result<(), InboxError> {
        let (place, version) = place_of(record);
        let mut marks = transaction.open_table(self.names.applied())?;
        marks.insert(place, version.0)?;
        Ok(())
    }
    // ANCHOR_END: apply

    // ANCHOR: settle
    /// Settles a record in `transaction`: it is counted under its outcome, and the offset advances to
    /// the first record that is not settled.
    ///
    /// A record that is settled ahead of its turn is remembered until the offset passes it. One that is
    /// settled already stays as it is and is not counted again.
    fn settle(
        &self,
        transaction: &WriteTransaction,
        offset: Offset,
        outcome: Outcome,
    ) -> Result<(), InboxError> {
        let mut progress = transaction.open_table(self.names.progress())?;
        let mut settled = transaction.open_table(self.names.settled())?;
        let mut first = progress.get(OFFSET)?.map_or(0, |offset| offset.value());
        if offset.0 < first || settled.insert(offset.0, ())?.is_some() {
            return Ok(());
        }
        while settled.remove(first)?.is_some() {
            first += 1;
        }
        progress.insert(OFFSET, first)?;
        let name = name_of(outcome);
        let count = progress.get(name)?.map_or(0, |count| count.value());
        progress.insert(name, count + 1)?;
        transaction
            .open_table(self.names.tries())?
            .remove(offset.0)?;
        Ok(())
    }
    // ANCHOR_END: settle

    // ANCHOR: give_up
    /// Counts a try of `record` that failed because of `why`; the `max_tries`th makes it a dead letter,
    /// with everything that is needed to investigate it.
    ///
    /// - The count is durable: a restart gives a poisoned record no tries back.
    /// - A dead letter is settled as [`Outcome::Dead`], in the same transaction. When the event comes
    ///   again at another offset it no longer needs an effect.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails; then nothing is counted.
    pub fn failed(
        &self,
        record: &Record,
        why: &str,
        max_tries: u32,
    ) -> Result<Verdict, InboxError> {
        let transaction = self.database.begin_write()?;
        let tries = {
            let mut all = transaction.open_table(self.names.tries())?;
            let tries = all.get(record.offset.0)?.map_or(0, |tries| tries.value()) + 1;
            all.insert(record.offset.0, tries)?;
            tries
        };
        let verdict = if tries < max_tries {
            Verdict::Again { tries }
        } else {
            let message = record.message.to_bytes();
            let mut dead = transaction.open_table(self.names.dead())?;
            dead.insert(record.offset.0, (tries, why, message.as_slice()))?;
            drop(dead);
            self.remember(&transaction, record)?;
            self.settle(&transaction, record.offset, Outcome::Dead)?;
            Verdict::Dead
        };
        transaction.commit()?;
        Ok(verdict)
    }
    // ANCHOR_END: give_up

    // ANCHOR: shed
    /// Settles as [`Outcome::Shed`] all records before `offset` that are not settled yet. Returns how
    /// many.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails; then none is settled.
    pub fn shed_before(&self, offset: Offset) -> Result<u64, InboxError> {
        let transaction = self.database.begin_write()?;
        let first = {
            let progress = transaction.open_table(self.names.progress())?;
            progress.get(OFFSET)?.map_or(0, |offset| offset.value())
        };
        let before = self.count(Outcome::Shed)?;
        for offset in first..offset.0 {
            self.settle(&transaction, Offset(offset), Outcome::Shed)?;
        }
        transaction.commit()?;
        Ok(self.count(Outcome::Shed)? - before)
    }
    // ANCHOR_END: shed
}

/// The row of a record's key in `applied`, and the record's version.
fn place_of(record: &Record) -> ((u64, u64), Version) {
    let LessonKey { learner, lesson } = record.message.id.key;
    ((learner.0, lesson.0), record.message.id.version)
}

/// The engine has an error type for each operation; callers here need only one.
macro_rules! from_engine {
    ($($error:ty),*) => {
        $(impl From<$error> for InboxError {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        })*
    };
}
from_engine!(
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);
