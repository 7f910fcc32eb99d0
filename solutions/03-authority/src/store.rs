//! One transaction for a group of writes, on an embedded engine.
//!
//! What belongs together is in one transaction: the fact, the reply that is kept for retries, the order
//! in which replies are forgotten, and the highest epoch. Kept apart, each pair of them has a moment
//! between its two commits, and a crash finds every such moment sooner or later.
//!
//! The engine gives atomicity: a transaction is there or it is not. What it can't give is the question
//! *when to say so*, nor what a retry means.

use crate::fact::{Epoch, OpenError, ReadError, Receipt, Record, Write, WriteError};
use domain::{LessonKey, Progress, Version};
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    StorageBackend, StorageError, Table, TableDefinition, WriteTransaction,
};
use serde::{Deserialize, Serialize};
use std::io;
use std::num::NonZeroU64;

/// Learner and lesson to the fact, as [`StoredFact`].
const FACTS: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("facts");
/// Idempotency key to the reply, as [`StoredReply`].
const REPLIES: TableDefinition<&str, &[u8]> = TableDefinition::new("replies");
/// The number of an accepted write to its idempotency key: which reply is the oldest.
const ORDER: TableDefinition<u64, &str> = TableDefinition::new("order");
/// Single numbers.
const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
/// In [`NUMBERS`]: the highest epoch that has written.
const EPOCH: &str = "epoch";

/// What the engine may keep in memory.
const ENGINE_CACHE_BYTES: usize = 16 << 20;

#[derive(Serialize, Deserialize)]
struct StoredFact {
    version: Version,
    steps_done: u32,
    completed: bool,
    note: String,
}

/// The whole request is kept, and not a hash of it: a hash would be smaller, and this cannot collide.
#[derive(Serialize, Deserialize)]
struct StoredReply {
    asked: Asked,
    version: Version,
}

/// What a write asks for: all of it but who asks, and in whose name.
#[derive(Debug, Eq, PartialEq, Serialize, Deserialize)]
struct Asked {
    key: LessonKey,
    expected: Option<Version>,
    steps_done: u32,
    completed: bool,
    note: String,
}

/// The store.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    retained_replies: NonZeroU64,
}

/// What came of one write of a group.
pub(crate) enum Judged {
    /// It is new, and is in the transaction.
    Accepted(Receipt),
    /// It had been done before, and this is the reply of then.
    Repeated(Receipt),
    /// It was refused, and left nothing behind.
    Refused(WriteError),
}

/// The disk failed, and whether the group took effect is unknown.
pub(crate) struct Failed;

impl Store {
    // ANCHOR: open
    /// Opens a store, and checks that it is whole.
    ///
    /// The check reads the whole file, which is the price for finding a damaged page now and not when
    /// it is read as somebody's progress. A store of many gigabytes would check in the background and
    /// keep a checksum with each record.
    pub(crate) fn open(
        backend: impl StorageBackend,
        retained_replies: NonZeroU64,
    ) -> Result<Self, OpenError> {
        let mut builder = Database::builder();
        builder
            .set_cache_size(ENGINE_CACHE_BYTES)
            .set_check_integrity_on_open(true);
        let database = builder
            .create_with_backend(backend)
            .map_err(|error| open_error(&error))?;
        // Every table is there from the start, so that reading never has to ask.
        let create = || -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            transaction.open_table(FACTS)?;
            transaction.open_table(REPLIES)?;
            transaction.open_table(ORDER)?;
            transaction.open_table(NUMBERS)?;
            transaction.commit()?;
            Ok(())
        };
        create().map_err(|error| match error {
            redb::Error::Io(error) => OpenError::Disk(error.to_string()),
            other => OpenError::Corrupt(other.to_string()),
        })?;
        Ok(Self {
            database,
            retained_replies,
        })
    }
    // ANCHOR_END: open

    /// The fact under `key`, if there is one.
    pub(crate) fn read(&self, key: LessonKey) -> Result<Option<Record>, ReadError> {
        let read = || -> Result<_, redb::Error> {
            let facts = self.database.begin_read()?.open_table(FACTS)?;
            Ok(fact_in(&facts, key)?)
        };
        read().map_err(|error| ReadError::Disk(error.to_string()))
    }

    // ANCHOR: commit
    /// Judges a group of writes, one after the other, and commits what was accepted: all of it with one
    /// sync, or none of it.
    ///
    /// A group in which nothing is new costs no sync: a repeated reply was durable before it was first
    /// given.
    pub(crate) fn commit(&self, writes: &[Write]) -> Result<Vec<Judged>, Failed> {
        let commit = || -> Result<_, redb::Error> {
            let transaction = self.database.begin_write()?;
            let judged = self.judge(&transaction, writes)?;
            if judged
                .iter()
                .any(|judged| matches!(judged, Judged::Accepted(_)))
            {
                transaction.commit()?;
            } else {
                transaction.abort()?;
            }
            Ok(judged)
        };
        commit().map_err(|error| {
            tracing::error!(%error, "a group of {} writes could not be committed", writes.len());
            Failed
        })
    }
    // ANCHOR_END: commit

    fn judge(
        &self,
        transaction: &WriteTransaction,
        writes: &[Write],
    ) -> Result<Vec<Judged>, redb::Error> {
        let mut tables = Tables {
            facts: transaction.open_table(FACTS)?,
            replies: transaction.open_table(REPLIES)?,
            order: transaction.open_table(ORDER)?,
            numbers: transaction.open_table(NUMBERS)?,
        };
        let mut judged = Vec::with_capacity(writes.len());
        for write in writes {
            judged.push(tables.judge(write)?);
        }
        tables.forget_beyond(self.retained_replies)?;
        Ok(judged)
    }
}

/// The tables of one transaction.
struct Tables<'t> {
    facts: Table<'t, (u64, u64), &'static [u8]>,
    replies: Table<'t, &'static str, &'static [u8]>,
    order: Table<'t, u64, &'static str>,
    numbers: Table<'t, &'static str, u64>,
}

impl Tables<'_> {
    // ANCHOR: judge
    /// Decides about one write. The order of the questions is the contract.
    fn judge(&mut self, write: &Write) -> Result<Judged, redb::Error> {
        // Was it done before? That is asked first, because the answer is about the past: neither a
        // newer epoch nor a newer version makes it untrue that this caller's write was done.
        let asked = Asked::by(write);
        if let Some(reply) = self.reply(write)? {
            return Ok(if reply.asked == asked {
                Judged::Repeated(Receipt::of(write.key, reply.version))
            } else {
                Judged::Refused(WriteError::Conflict)
            });
        }
        let newest = Epoch(self.numbers.get(EPOCH)?.map_or(0, |epoch| epoch.value()));
        if write.epoch < newest {
            return Ok(Judged::Refused(WriteError::Fenced { newest }));
        }
        let current = fact_in(&self.facts, write.key)?.map(|fact| fact.progress().version);
        if write.expected != current {
            return Ok(Judged::Refused(WriteError::Stale { current }));
        }
        let version = Version(current.map_or(1, |version| version.0 + 1));
        if write.epoch > newest {
            self.numbers.insert(EPOCH, write.epoch.0)?;
        }
        self.accept(write, version, asked)?;
        Ok(Judged::Accepted(Receipt::of(write.key, version)))
    }
    // ANCHOR_END: judge

    fn reply(&self, write: &Write) -> Result<Option<StoredReply>, redb::Error> {
        self.replies
            .get(write.idempotency_key.as_str())?
            .map(|bytes| decode(bytes.value()))
            .transpose()
            .map_err(Into::into)
    }

    fn accept(&mut self, write: &Write, version: Version, asked: Asked) -> Result<(), redb::Error> {
        let fact = encode(&StoredFact {
            version,
            steps_done: write.steps_done,
            completed: write.completed,
            note: write.note.clone(),
        });
        self.facts.insert(place_of(write.key), fact.as_slice())?;
        let idempotency_key = write.idempotency_key.as_str();
        let reply = encode(&StoredReply { asked, version });
        self.replies.insert(idempotency_key, reply.as_slice())?;
        let number = self.order.last()?.map_or(0, |(last, _)| last.value() + 1);
        self.order.insert(number, idempotency_key)?;
        Ok(())
    }

    // ANCHOR: forget
    /// Forgets the oldest replies, in the transaction that made them too many.
    fn forget_beyond(&mut self, retained: NonZeroU64) -> Result<(), redb::Error> {
        while self.order.len()? > retained.get() {
            if let Some((_, idempotency_key)) = self.order.pop_first()? {
                self.replies.remove(idempotency_key.value())?;
            }
        }
        Ok(())
    }
    // ANCHOR_END: forget
}

impl Asked {
    fn by(write: &Write) -> Self {
        Self {
            key: write.key,
            expected: write.expected,
            steps_done: write.steps_done,
            completed: write.completed,
            note: write.note.clone(),
        }
    }
}

fn place_of(key: LessonKey) -> (u64, u64) {
    (key.learner.0, key.lesson.0)
}

fn fact_in(
    facts: &impl ReadableTable<(u64, u64), &'static [u8]>,
    key: LessonKey,
) -> Result<Option<Record>, StorageError> {
    let Some(bytes) = facts.get(place_of(key))? else {
        return Ok(None);
    };
    let fact: StoredFact = decode(bytes.value())?;
    let progress = Progress {
        key,
        version: fact.version,
        steps_done: fact.steps_done,
        completed: fact.completed,
    };
    Ok(Some(Record::stored(progress, fact.note)))
}

fn encode(what: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(what).expect("a vector takes everything that these types can hold")
}

fn decode<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, StorageError> {
    postcard::from_bytes(bytes).map_err(|error| StorageError::Corrupted(error.to_string()))
}

fn open_error(error: &DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse,
        // A file that is no store at all, or ends within its first page.
        DatabaseError::Storage(StorageError::Io(error))
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
            ) =>
        {
            OpenError::Corrupt(error.to_string())
        }
        DatabaseError::Storage(StorageError::Io(error)) => OpenError::Disk(error.to_string()),
        other => OpenError::Corrupt(other.to_string()),
    }
}
