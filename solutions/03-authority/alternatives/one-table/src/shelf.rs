//! The table.
//!
//! There is one, and the first byte of a key says what it is: a fact, a reply or the epoch. Replies are
//! numbered, and what is kept is a window of the numbers: a new one at its end, and the oldest one gone.
//! Which number an idempotency key has is known in memory only, and found out when the store is opened.

use crate::fact::Receipt;
use crate::fact::{Epoch, IdempotencyKey, OpenError, ReadError, Record, Reply, Write, WriteError};
use alongside::Alongside;
use domain::{LessonKey, Progress, Version};
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend, StorageError, Table,
    TableDefinition, TableError, TableHandle as _,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;

type Bytes = &'static [u8];

const SHELF: TableDefinition<Bytes, Bytes> = TableDefinition::new("shelf");

const FACT: u8 = b'f';
const REPLY: u8 = b'r';
const EPOCH: u8 = b'e';

/// Everything about a lesson of a learner.
#[derive(Serialize, Deserialize)]
struct Fact {
    version: Version,
    steps_done: u32,
    completed: bool,
    note: String,
}

fn fact_key(key: LessonKey) -> [u8; 17] {
    let mut bytes = [FACT; 17];
    bytes[1..9].copy_from_slice(&key.learner.0.to_be_bytes());
    bytes[9..].copy_from_slice(&key.lesson.0.to_be_bytes());
    bytes
}

fn reply_key(number: u64) -> [u8; 9] {
    let mut bytes = [REPLY; 9];
    bytes[1..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// Which replies there are.
#[derive(Debug)]
pub(crate) struct Index {
    numbers: HashMap<IdempotencyKey, u64>,
    /// The number of the oldest reply in the table.
    oldest: u64,
    /// The number that the next reply gets.
    next: u64,
    retained: u64,
}

/// What changes in an index with one group. It is of no effect until the group is durable.
#[derive(Debug, Default)]
struct Changes {
    numbers: HashMap<IdempotencyKey, u64>,
    forgotten: Vec<(IdempotencyKey, u64)>,
}

/// What came of a group.
pub(crate) struct Outcome {
    pub(crate) answers: Vec<Result<Receipt, WriteError>>,
    /// What has changed, in its order.
    pub(crate) changed: Vec<Receipt>,
}

/// Opens a database, and looks at every page of it.
pub(crate) fn database(backend: impl StorageBackend) -> Result<Arc<Database>, OpenError> {
    let db = redb::Builder::new()
        .set_check_integrity_on_open(true)
        .create_with_backend(backend)
        .map_err(why_not_open)?;
    Ok(Arc::new(db))
}

/// Opens the table, looks at every row of it, and finds out which replies there are.
pub(crate) fn open(
    db: &Database,
    retained: u64,
    alongside: &dyn Alongside,
) -> Result<Index, OpenError> {
    let mut rows: Vec<(IdempotencyKey, u64)> = Vec::new();
    let mut look = || -> Result<(), redb::Error> {
        let strangers = |name: &str| name != SHELF.name() && !alongside.tables().contains(&name);
        if (db.begin_read()?.list_tables()?).any(|table| strangers(table.name())) {
            return Err(corrupted("a table is somebody else's").into());
        }
        let table = match db.begin_read()?.open_table(SHELF) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            table => table?,
        };
        for row in table.iter()? {
            let (key, value) = row?;
            if let Some(row) = row_of(key.value(), value.value()).map_err(corrupted)? {
                rows.push(row);
            }
        }
        Ok(())
    };
    look().map_err(|error| match error {
        redb::Error::Io(error) => OpenError::Disk(error.to_string()),
        error => OpenError::Corrupt(error.to_string()),
    })?;
    let oldest = rows.first().map_or(0, |(_, number)| *number);
    let next = rows.last().map_or(0, |(_, number)| number + 1);
    // There may be more than are kept now: the settings may have changed.
    let kept = rows
        .into_iter()
        .filter(|(_, number)| next - number <= retained);
    let index = Index {
        numbers: kept.collect(),
        oldest,
        next,
        retained,
    };
    Ok(index)
}

/// Looks at one row, and says which reply it is if it is one.
fn row_of(key: &[u8], value: &[u8]) -> postcard::Result<Option<(IdempotencyKey, u64)>> {
    match key {
        [FACT, rest @ ..] if rest.len() == 16 => decode::<Fact>(value).map(|_| None),
        [EPOCH] => decode::<Epoch>(value).map(|_| None),
        [REPLY, number @ ..] => {
            let number = number
                .try_into()
                .map_err(|_| postcard::Error::DeserializeBadEncoding)?;
            let reply: Reply = decode(value)?;
            Ok(Some((reply.idempotency_key, u64::from_be_bytes(number))))
        }
        _ => Err(postcard::Error::DeserializeBadEncoding),
    }
}

/// Commits a group: one transaction, and none if nothing is new.
pub(crate) fn commit(
    db: &Database,
    index: &mut Index,
    alongside: &mut dyn Alongside,
    writes: Vec<Write>,
) -> Result<Outcome, redb::Error> {
    let transaction = db.begin_write()?;
    let mut changes = Changes::default();
    let mut facts = Vec::new();
    let mut outcome = Outcome {
        answers: Vec::with_capacity(writes.len()),
        changed: Vec::new(),
    };
    {
        let mut group = Group {
            table: transaction.open_table(SHELF)?,
            index,
            changes: &mut changes,
            next: index.next,
        };
        for write in writes {
            let known = group.number_of(&write.idempotency_key).is_some();
            let (steps_done, completed) = (write.steps_done, write.completed);
            let answer = group.judge(write)?;
            if let Some(receipt) = answer.as_ref().ok().filter(|_| !known) {
                outcome.changed.push(*receipt);
                facts.push(Progress {
                    key: receipt.key(),
                    version: receipt.version(),
                    steps_done,
                    completed,
                });
            }
            outcome.answers.push(answer);
        }
        group.forget()?;
    }
    if outcome.changed.is_empty() {
        transaction.abort()?;
        return Ok(outcome);
    }
    alongside.commit(&transaction, &facts)?;
    transaction.commit()?;
    index.apply(changes);
    Ok(outcome)
}

/// A group in the making.
struct Group<'a> {
    table: Table<'a, Bytes, Bytes>,
    index: &'a Index,
    changes: &'a mut Changes,
    next: u64,
}

impl Group<'_> {
    fn number_of(&self, name: &IdempotencyKey) -> Option<u64> {
        let number = self.changes.numbers.get(name);
        number.or_else(|| self.index.numbers.get(name)).copied()
    }

    /// Judges a write as if those before it were done already.
    fn judge(&mut self, write: Write) -> Result<Result<Receipt, WriteError>, redb::Error> {
        if let Some(number) = self.number_of(&write.idempotency_key) {
            let reply: Option<Reply> = self.get(&reply_key(number))?;
            let reply = reply.ok_or_else(|| corrupted("a reply is missing"))?;
            return Ok(reply.repeated_for(&write));
        }
        if let Some(newest) = self.get::<Epoch>(&[EPOCH])?
            && write.epoch < newest
        {
            return Ok(Err(WriteError::Fenced { newest }));
        }
        let fact: Option<Fact> = self.get(&fact_key(write.key))?;
        let current = fact.map(|fact| fact.version);
        if write.expected != current {
            return Ok(Err(WriteError::Stale { current }));
        }
        let version = Version(current.map_or(0, |version| version.0) + 1);
        self.put(
            &fact_key(write.key),
            &Fact {
                version,
                steps_done: write.steps_done,
                completed: write.completed,
                note: write.note.clone(),
            },
        )?;
        self.put(&[EPOCH], &write.epoch)?;
        let reply = Reply::to(write, version);
        let receipt = reply.receipt();
        self.put(&reply_key(self.next), &reply)?;
        let name = reply.idempotency_key;
        self.changes.numbers.insert(name, self.next);
        self.next += 1;
        Ok(Ok(receipt))
    }

    /// Takes out the replies that are too many now.
    fn forget(&mut self) -> Result<(), redb::Error> {
        for number in self.index.oldest..self.next.saturating_sub(self.index.retained) {
            if let Some(reply) = self.table.remove(&reply_key(number)[..])? {
                let reply: Reply = decode(reply.value()).map_err(corrupted)?;
                let forgotten = (reply.idempotency_key, number);
                self.changes.forgotten.push(forgotten);
            }
        }
        Ok(())
    }

    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, redb::Error> {
        let value = self.table.get(key)?;
        let value = value.map(|value| decode(value.value()));
        Ok(value.transpose().map_err(corrupted)?)
    }

    fn put(&mut self, key: &[u8], value: &impl Serialize) -> Result<(), redb::Error> {
        let value = postcard::to_stdvec(value).map_err(corrupted)?;
        self.table.insert(key, &value[..])?;
        Ok(())
    }
}

impl Index {
    fn apply(&mut self, changes: Changes) {
        self.next += changes.numbers.len() as u64;
        self.oldest = self.oldest.max(self.next.saturating_sub(self.retained));
        self.numbers.extend(changes.numbers);
        for (name, number) in changes.forgotten {
            // A key that was forgotten is free, and may by now stand for another write.
            if self.numbers.get(&name) == Some(&number) {
                self.numbers.remove(&name);
            }
        }
    }
}

/// The fact under `key` as of the last commit.
pub(crate) fn read(db: &Database, key: LessonKey) -> Result<Option<Record>, ReadError> {
    let look = || -> Result<Option<Fact>, redb::Error> {
        let table = match db.begin_read()?.open_table(SHELF) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            table => table?,
        };
        let value = table.get(&fact_key(key)[..])?;
        let value = value.map(|value| decode(value.value()));
        Ok(value.transpose().map_err(corrupted)?)
    };
    let fact = look().map_err(|error| ReadError::Disk(error.to_string()))?;
    Ok(fact.map(|fact| Record {
        progress: Progress {
            key,
            version: fact.version,
            steps_done: fact.steps_done,
            completed: fact.completed,
        },
        note: fact.note,
    }))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> postcard::Result<T> {
    postcard::from_bytes(bytes)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn corrupted(what: impl ToString) -> StorageError {
    StorageError::Corrupted(what.to_string())
}

fn why_not_open(error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse,
        // The engine's words for "not mine" and "shorter than it says".
        DatabaseError::Storage(StorageError::Io(error))
            if !matches!(
                error.kind(),
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof
            ) =>
        {
            OpenError::Disk(error.to_string())
        }
        error => OpenError::Corrupt(error.to_string()),
    }
}
