//! One table. The first byte of a row's key says what the row is:
//!
//! - `o`: the offset, and the counts of the outcomes
//! - `s` and an offset: settled ahead of the offset
//! - `k` and a learner and a lesson: the highest version that no longer needs an effect
//! - `t` and an offset: how many tries have failed
//! - `d` and an offset: a dead letter

/// Given by the lab.
pub use ours::inbox::{Applied, ApplyError, DeadLetter, InboxError, Outcome, Verdict};

use crate::effects::Effect;
use crate::message::{Message, Record};
use domain::Offset;
use redb::{
    Database, ReadableDatabase, ReadableTable, StorageError, Table, TableDefinition,
    WriteTransaction,
};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

type Rows<'t> = Table<'t, &'static [u8], &'static [u8]>;

/// The row `o`: the offset, and how many are done, dead and shed.
#[derive(Clone, Copy, Default)]
struct Progress([u64; 4]);

/// What a worker remembers. Clones are the same inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    database: Arc<Database>,
    table: String,
}

fn place(kind: u8, numbers: &[u64]) -> Vec<u8> {
    let mut place = vec![kind];
    for number in numbers {
        place.extend_from_slice(&number.to_be_bytes());
    }
    place
}

fn number(bytes: &[u8]) -> u64 {
    bytes.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

fn progress_in(
    rows: &impl ReadableTable<&'static [u8], &'static [u8]>,
) -> Result<Progress, StorageError> {
    let row = rows.get(&b"o"[..])?;
    Ok(row.map_or_else(Progress::default, |row| {
        let (numbers, _) = row.value().as_chunks::<8>();
        Progress(std::array::from_fn(|at| {
            numbers.get(at).copied().map_or(0, u64::from_be_bytes)
        }))
    }))
}

impl Inbox {
    /// Opens the inbox of the worker with this name, or creates an empty one.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn open(database: Arc<Database>, worker: &str) -> Result<Self, InboxError> {
        let table = format!("inbox of {worker}");
        let inbox = Self { database, table };
        let transaction = inbox.database.begin_write()?;
        inbox.rows(&transaction)?;
        transaction.commit()?;
        Ok(inbox)
    }

    fn definition(&self) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
        TableDefinition::new(&self.table)
    }

    fn rows<'t>(&self, transaction: &'t WriteTransaction) -> Result<Rows<'t>, InboxError> {
        Ok(transaction.open_table(self.definition())?)
    }

    fn progress(&self) -> Result<Progress, InboxError> {
        let rows = self.database.begin_read()?.open_table(self.definition())?;
        Ok(progress_in(&rows)?)
    }

    /// The first offset that is not settled.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn offset(&self) -> Result<Offset, InboxError> {
        Ok(Offset(self.progress()?.0[0]))
    }

    /// How many records had this outcome.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn count(&self, outcome: Outcome) -> Result<u64, InboxError> {
        Ok(self.progress()?.0[1 + outcome as usize])
    }

    /// The offsets that are settled although one before them is not.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn settled_ahead(&self) -> Result<BTreeSet<Offset>, InboxError> {
        let rows = self.database.begin_read()?.open_table(self.definition())?;
        let mut ahead = BTreeSet::new();
        for row in rows.range(&b"s"[..]..&b"t"[..])? {
            ahead.insert(Offset(number(&row?.0.value()[1..])));
        }
        Ok(ahead)
    }

    /// The records that were given up on.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn dead_letters(&self) -> Result<Vec<DeadLetter>, InboxError> {
        let rows = self.database.begin_read()?.open_table(self.definition())?;
        let mut letters = Vec::new();
        for row in rows.range(&b"d"[..]..&b"e"[..])? {
            let (at, letter) = row?;
            let broken = || InboxError("not a dead letter".to_owned());
            let (head, rest) = letter.value().split_at_checked(16).ok_or_else(broken)?;
            let why_bytes = usize::try_from(number(&head[8..])).map_err(|_| broken())?;
            let (why, message) = rest.split_at_checked(why_bytes).ok_or_else(broken)?;
            letters.push(DeadLetter {
                record: Record {
                    offset: Offset(number(&at.value()[1..])),
                    message: Message::from_bytes(message).ok_or_else(broken)?,
                },
                tries: u32::try_from(number(head)).unwrap_or(u32::MAX),
                why: String::from_utf8_lossy(why).into_owned(),
            });
        }
        Ok(letters)
    }

    /// Applies the event of `record`, unless that has happened before.
    ///
    /// # Errors
    /// As in the lab's contract.
    pub fn apply(&self, record: &Record, effect: &mut dyn Effect) -> Result<Applied, ApplyError> {
        let began = self.database.begin_write();
        let transaction = began.map_err(InboxError::from)?;
        let (key, version) = (record.message.id.key, record.message.id.version);
        let mark = place(b'k', &[key.learner.0, key.lesson.0]);
        let highest = {
            let rows = self.rows(&transaction)?;
            let row = rows.get(&mark[..]).map_err(InboxError::from)?;
            row.map_or(0, |row| number(row.value()))
        };
        let mut applied = Applied::Before;
        if version.0 > highest {
            applied = Applied::Now;
            let event = record.message.event()?;
            let run = AssertUnwindSafe(|| effect.apply(&transaction, &event));
            let why = match std::panic::catch_unwind(run) {
                Ok(Ok(())) => None,
                Ok(Err(failure)) => Some(failure.to_string()),
                Err(_) => Some("the effect panicked".to_owned()),
            };
            if let Some(why) = why {
                return Err(ApplyError::Failed { why });
            }
        }
        let mut rows = self.rows(&transaction)?;
        let highest = highest.max(version.0).to_be_bytes();
        rows.insert(&mark[..], &highest[..])
            .map_err(InboxError::from)?;
        settle(&mut rows, record.offset, Outcome::Done)?;
        drop(rows);
        transaction.commit().map_err(InboxError::from)?;
        Ok(applied)
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
        let mut rows = self.rows(&transaction)?;
        let count = place(b't', &[record.offset.0]);
        let tries = 1 + rows
            .get(&count[..])?
            .map_or(0, |tries| number(tries.value()));
        let verdict = if tries >= u64::from(max_tries) {
            let mut letter = place(0, &[tries, why.len() as u64]).split_off(1);
            letter.extend_from_slice(why.as_bytes());
            letter.extend_from_slice(&record.message.to_bytes());
            rows.insert(&place(b'd', &[record.offset.0])[..], &letter[..])?;
            let key = record.message.id.key;
            let mark = place(b'k', &[key.learner.0, key.lesson.0]);
            let highest = rows.get(&mark[..])?.map_or(0, |row| number(row.value()));
            let highest = highest.max(record.message.id.version.0).to_be_bytes();
            rows.insert(&mark[..], &highest[..])?;
            rows.remove(&count[..])?;
            settle(&mut rows, record.offset, Outcome::Dead)?;
            Verdict::Dead
        } else {
            rows.insert(&count[..], &tries.to_be_bytes()[..])?;
            let tries = u32::try_from(tries).unwrap_or(u32::MAX);
            Verdict::Again { tries }
        };
        drop(rows);
        transaction.commit()?;
        Ok(verdict)
    }

    /// Settles as shed all records before `offset` that are not settled yet. Returns how many.
    ///
    /// # Errors
    /// [`InboxError`] when the database fails.
    pub fn shed_before(&self, offset: Offset) -> Result<u64, InboxError> {
        let transaction = self.database.begin_write()?;
        let mut rows = self.rows(&transaction)?;
        let mut shed = 0;
        for at in progress_in(&rows)?.0[0]..offset.0 {
            shed += u64::from(settle(&mut rows, Offset(at), Outcome::Shed)?);
        }
        drop(rows);
        transaction.commit()?;
        Ok(shed)
    }
}

/// Settles a record. Returns whether that is new.
fn settle(rows: &mut Rows<'_>, offset: Offset, outcome: Outcome) -> Result<bool, InboxError> {
    let Progress(mut numbers) = progress_in(rows)?;
    let ahead = place(b's', &[offset.0]);
    if offset.0 < numbers[0] || rows.get(&ahead[..])?.is_some() {
        return Ok(false);
    }
    numbers[1 + outcome as usize] += 1;
    if offset.0 == numbers[0] {
        numbers[0] += 1;
        while rows.remove(&place(b's', &[numbers[0]])[..])?.is_some() {
            numbers[0] += 1;
        }
    } else {
        rows.insert(&ahead[..], &[][..])?;
    }
    let numbers = place(0, &numbers);
    rows.insert(&b"o"[..], &numbers[1..])?;
    Ok(true)
}
