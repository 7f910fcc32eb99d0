//! The id of each event that no longer needs an effect, and for each offset its outcome.

/// Given by the lab.
pub use ours::inbox::{Applied, ApplyError, DeadLetter, InboxError, Outcome, Verdict};

use crate::effects::Effect;
use crate::message::{Message, Record};
use domain::Offset;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

type Fates<'n> = TableDefinition<'n, u64, u8>;
type Ids<'n> = TableDefinition<'n, (u64, u64, u64), ()>;
/// The number of failed tries, and, for a dead letter, the reason and the message.
type Troubles<'n> = TableDefinition<'n, u64, (u32, &'static str, &'static [u8])>;

/// What a worker remembers. Clones are the same inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    database: Arc<Database>,
    fates: String,
    ids: String,
    troubles: String,
}

impl Inbox {
    /// Opens the inbox of the worker with this name, or creates an empty one.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn open(database: Arc<Database>, worker: &str) -> Result<Self, InboxError> {
        let inbox = Self {
            database,
            fates: format!("{worker}:fates"),
            ids: format!("{worker}:ids"),
            troubles: format!("{worker}:troubles"),
        };
        let transaction = inbox.database.begin_write()?;
        transaction.open_table(inbox.fates())?;
        transaction.open_table(inbox.ids())?;
        transaction.open_table(inbox.troubles())?;
        transaction.commit()?;
        Ok(inbox)
    }

    fn fates(&self) -> Fates<'_> {
        TableDefinition::new(&self.fates)
    }

    fn ids(&self) -> Ids<'_> {
        TableDefinition::new(&self.ids)
    }

    fn troubles(&self) -> Troubles<'_> {
        TableDefinition::new(&self.troubles)
    }

    /// Each settled offset with its outcome, in order. It grows with the stream, which is the price of
    /// this design.
    fn all(&self) -> Result<Vec<(u64, u8)>, InboxError> {
        let fates = self.database.begin_read()?.open_table(self.fates())?;
        let mut all = Vec::new();
        for row in fates.iter()? {
            let (offset, fate) = row?;
            all.push((offset.value(), fate.value()));
        }
        Ok(all)
    }

    /// The first offset that is not settled.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn offset(&self) -> Result<Offset, InboxError> {
        let all = self.all()?.into_iter();
        let in_a_row = all.zip(0..).take_while(|((offset, _), at)| offset == at);
        Ok(Offset(in_a_row.count() as u64))
    }

    /// How many records had this outcome.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn count(&self, outcome: Outcome) -> Result<u64, InboxError> {
        let all = self.all()?.into_iter();
        Ok(all.filter(|(_, fate)| *fate == outcome as u8).count() as u64)
    }

    /// The offsets that are settled although one before them is not.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn settled_ahead(&self) -> Result<BTreeSet<Offset>, InboxError> {
        let first = self.offset()?;
        let all = self.all()?.into_iter().map(|(offset, _)| Offset(offset));
        Ok(all.filter(|offset| *offset > first).collect())
    }

    /// The records that were given up on.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn dead_letters(&self) -> Result<Vec<DeadLetter>, InboxError> {
        let reading = self.database.begin_read()?;
        let (fates, troubles) = (
            reading.open_table(self.fates())?,
            reading.open_table(self.troubles())?,
        );
        let mut letters = Vec::new();
        for row in troubles.iter()? {
            let (offset, trouble) = row?;
            let fate = fates.get(offset.value())?.map(|fate| fate.value());
            if fate != Some(Outcome::Dead as u8) {
                continue;
            }
            let (tries, why, message) = trouble.value();
            let Some(message) = Message::from_bytes(message) else {
                return Err(InboxError("not a message".to_owned()));
            };
            letters.push(DeadLetter {
                record: Record {
                    offset: Offset(offset.value()),
                    message,
                },
                tries,
                why: why.to_owned(),
            });
        }
        Ok(letters)
    }

    /// Applies the event of `record`, unless that has happened before.
    ///
    /// # Errors
    /// As in the lab's contract.
    pub fn apply(&self, record: &Record, effect: &mut dyn Effect) -> Result<Applied, ApplyError> {
        let transaction = self.database.begin_write().map_err(InboxError::from)?;
        let is_new = self.take_note(&transaction, record)?;
        if is_new {
            let event = record.message.event()?;
            let tried = catch_unwind(AssertUnwindSafe(|| effect.apply(&transaction, &event)));
            let said = tried.map_or_else(
                |_| Some("a panic".to_owned()),
                |done| done.err().map(|failure| failure.to_string()),
            );
            if let Some(why) = said {
                transaction.abort().map_err(InboxError::from)?;
                return Err(ApplyError::Failed { why });
            }
        }
        self.settle(&transaction, record.offset, Outcome::Done)?;
        transaction.commit().map_err(InboxError::from)?;
        Ok(if is_new {
            Applied::Now
        } else {
            Applied::Before
        })
    }

    /// Notes that the event no longer needs an effect. Returns whether that is new.
    fn take_note(
        &self,
        transaction: &WriteTransaction,
        record: &Record,
    ) -> Result<bool, InboxError> {
        let id = record.message.id;
        let (learner, lesson, version) = (id.key.learner.0, id.key.lesson.0, id.version.0);
        let mut ids = transaction.open_table(self.ids())?;
        // An event that was shed and comes again must not be applied after its successors.
        let later = (learner, lesson, version)..=(learner, lesson, u64::MAX);
        if ids.range(later)?.next().is_some() {
            return Ok(false);
        }
        ids.insert((learner, lesson, version), ())?;
        Ok(true)
    }

    fn settle(
        &self,
        transaction: &WriteTransaction,
        offset: Offset,
        outcome: Outcome,
    ) -> Result<bool, InboxError> {
        let mut fates = transaction.open_table(self.fates())?;
        if fates.get(offset.0)?.is_some() {
            return Ok(false);
        }
        fates.insert(offset.0, outcome as u8)?;
        Ok(true)
    }

    /// Counts a failed try; the last one makes a dead letter.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn failed(
        &self,
        record: &Record,
        why: &str,
        max_tries: u32,
    ) -> Result<Verdict, InboxError> {
        let transaction = self.database.begin_write()?;
        let mut troubles = transaction.open_table(self.troubles())?;
        let before = troubles
            .get(record.offset.0)?
            .map_or(0, |trouble| trouble.value().0);
        let tries = before + 1;
        let message = record.message.to_bytes();
        troubles.insert(record.offset.0, (tries, why, message.as_slice()))?;
        drop(troubles);
        let is_last = tries >= max_tries;
        if is_last {
            self.take_note(&transaction, record)?;
            self.settle(&transaction, record.offset, Outcome::Dead)?;
        }
        transaction.commit()?;
        Ok(if is_last {
            Verdict::Dead
        } else {
            Verdict::Again { tries }
        })
    }

    /// Settles as shed all records before `offset` that are not settled yet. Returns how many.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn shed_before(&self, offset: Offset) -> Result<u64, InboxError> {
        let transaction = self.database.begin_write()?;
        let mut shed = 0;
        for offset in 0..offset.0 {
            shed += u64::from(self.settle(&transaction, Offset(offset), Outcome::Shed)?);
        }
        transaction.commit()?;
        Ok(shed)
    }
}
