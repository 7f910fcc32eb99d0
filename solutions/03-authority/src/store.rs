//! One transaction for a group of writes, on an embedded engine.
//!
//! What belongs together is in one transaction: the fact, the reply that is kept for retries, the one
//! that is forgotten for it, and the highest epoch. Kept apart, each pair of them has a moment between
//! its two commits, and a crash finds every such moment sooner or later.
//!
//! The engine gives atomicity: a transaction is there or it is not. What it can't give is the question
//! *when to say so*, nor what a retry means.
//!
//! Which reply an idempotency key has is looked up in memory, and found in the file when it is opened.
//! A table from keys to replies was the other choice. Keys come in no order, so that each write of a
//! group would change a page of its own there: nearly half of what a group has to write.

use crate::fact::{Epoch, OpenError, ReadError, Receipt, Record, Write, WriteError};
use crate::rows::{
    Asked, FACTS, FENCE, FactRow, REPLIES, ReplyRow, decode, encode, fact_in, newest_in, place_of,
    version_in,
};
use alongside::Alongside;
use domain::{LessonKey, Progress, Version};
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend, StorageError, Table,
    TableHandle as _, WriteTransaction,
};
use std::collections::HashMap;
use std::io;
use std::num::NonZeroU64;
use std::sync::Arc;

/// What the engine may keep in memory.
const ENGINE_CACHE_BYTES: usize = 16 << 20;

/// The facts, as of the last commit. Clones show the same.
#[derive(Clone, Debug)]
pub(crate) struct Facts(Arc<Database>);

/// The store, for the one who commits.
#[derive(Debug)]
pub(crate) struct Store {
    /// What else is put into each transaction.
    alongside: Box<dyn Alongside>,
    database: Arc<Database>,
    known: Known,
    retained_replies: NonZeroU64,
}

/// What is known in memory of what is in the file. A write under judgement counts at once, since the
/// next of its group has to see it; so this is ahead of the file once a commit has failed.
#[derive(Debug)]
struct Known {
    /// Idempotency key to the number of its reply.
    replies: HashMap<Box<str>, u64>,
    /// The number that the next reply gets.
    next: u64,
    /// The highest epoch that has written.
    newest: Epoch,
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

/// The disk failed, and whether the group took effect is unknown. The store must not be used again:
/// what it knows may be ahead of the file.
pub(crate) struct Failed;

impl Facts {
    /// The fact under `key`, if there is one.
    pub(crate) fn read(&self, key: LessonKey) -> Result<Option<Record>, ReadError> {
        let read = || -> Result<_, redb::Error> {
            let facts = self.0.begin_read()?.open_table(FACTS)?;
            Ok(fact_in(&facts, key)?)
        };
        read().map_err(|error| ReadError::Disk(error.to_string()))
    }
}

impl Store {
    // ANCHOR: open
    /// Opens a database for a store and what commits alongside, and checks that it is whole.
    ///
    /// The check reads the whole file, which is the price for finding a damaged page now and not when
    /// it is read as somebody's progress. A store of many gigabytes would check in the background and
    /// keep a checksum with each record.
    pub(crate) fn database(backend: impl StorageBackend) -> Result<Arc<Database>, OpenError> {
        let mut builder = Database::builder();
        builder
            .set_cache_size(ENGINE_CACHE_BYTES)
            .set_check_integrity_on_open(true);
        let database = builder
            .create_with_backend(backend)
            .map_err(|error| open_error(&error))?;
        Ok(Arc::new(database))
    }

    /// Opens a store in a database that was found whole, beside what else commits there.
    pub(crate) fn open(
        database: Arc<Database>,
        retained_replies: NonZeroU64,
        alongside: Box<dyn Alongside>,
    ) -> Result<Self, OpenError> {
        if let Some(table) = strangers_table(&database, alongside.tables()).map_err(unopened)? {
            let why = format!("it is somebody else's, and has a table `{table}`");
            return Err(OpenError::Corrupt(why));
        }
        // Every table is there from the start, so that reading never has to ask.
        let create = || -> Result<Known, redb::Error> {
            let transaction = database.begin_write()?;
            transaction.open_table(FACTS)?;
            let known = Known {
                newest: newest_in(&transaction.open_table(FENCE)?)?,
                ..Known::of(&transaction.open_table(REPLIES)?)?
            };
            transaction.commit()?;
            Ok(known)
        };
        let known = create().map_err(unopened)?;
        Ok(Self {
            alongside,
            database,
            known,
            retained_replies,
        })
    }
    // ANCHOR_END: open

    /// A way to look at the facts, and at nothing else.
    pub(crate) fn facts(&self) -> Facts {
        Facts(Arc::clone(&self.database))
    }

    // ANCHOR: commit
    /// Judges a group of writes, one after the other, and commits what was accepted: all of it with one
    /// sync, or none of it.
    ///
    /// A group in which nothing is new costs no sync: a repeated reply was durable before it was first
    /// given.
    pub(crate) fn commit(&mut self, writes: &[Write]) -> Result<Vec<Judged>, Failed> {
        let mut commit = || -> Result<_, redb::Error> {
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

    /// Decides about each write, and puts what was accepted into the transaction, with what commits
    /// alongside.
    fn judge(
        &mut self,
        transaction: &WriteTransaction,
        writes: &[Write],
    ) -> Result<Vec<Judged>, redb::Error> {
        let mut group = Group {
            transaction,
            facts: transaction.open_table(FACTS)?,
            replies: transaction.open_table(REPLIES)?,
            known: &mut self.known,
            retained_replies: self.retained_replies,
        };
        let mut judged = Vec::with_capacity(writes.len());
        for write in writes {
            judged.push(group.judge(write)?);
        }
        drop(group);
        let facts = accepted(writes, &judged);
        if !facts.is_empty() {
            self.alongside.commit(transaction, &facts)?;
        }
        Ok(judged)
    }
}

/// The facts that a group makes, in its order.
fn accepted(writes: &[Write], judged: &[Judged]) -> Vec<Progress> {
    let accepted = |(write, judged): (&Write, &Judged)| match judged {
        Judged::Accepted(receipt) => Some(Progress {
            key: write.key,
            version: receipt.version(),
            steps_done: write.steps_done,
            completed: write.completed,
        }),
        Judged::Repeated(_) | Judged::Refused(_) => None,
    };
    writes.iter().zip(judged).filter_map(accepted).collect()
}

impl Known {
    /// What is known of `replies`.
    fn of(replies: &impl ReadableTable<u64, &'static [u8]>) -> Result<Self, StorageError> {
        let mut known = Self {
            replies: HashMap::new(),
            next: 0,
            newest: Epoch(0),
        };
        for row in replies.iter()? {
            let (number, reply) = row?;
            known.next = number.value();
            known.add(decode::<ReplyRow>(reply.value())?.idempotency_key);
        }
        Ok(known)
    }

    /// Adds a reply, under the next number.
    fn add(&mut self, idempotency_key: &str) {
        self.replies.insert(idempotency_key.into(), self.next);
        self.next += 1;
    }
}

/// A group in the making.
struct Group<'g> {
    transaction: &'g WriteTransaction,
    facts: Table<'g, (u64, u64), &'static [u8]>,
    replies: Table<'g, u64, &'static [u8]>,
    known: &'g mut Known,
    retained_replies: NonZeroU64,
}

impl Group<'_> {
    // ANCHOR: judge
    /// Decides about one write. The order of the questions is the contract.
    fn judge(&mut self, write: &Write) -> Result<Judged, redb::Error> {
        // Was it done before? That is asked first, because the answer is about the past: neither a
        // newer epoch nor a newer version makes it untrue that this caller's write was done.
        if let Some(number) = self.known.replies.get(write.idempotency_key.as_str()) {
            return self.repeat(*number, write);
        }
        let newest = self.known.newest;
        if write.epoch < newest {
            return Ok(Judged::Refused(WriteError::Fenced { newest }));
        }
        let current = version_in(&self.facts, write.key)?;
        if write.expected != current {
            return Ok(Judged::Refused(WriteError::Stale { current }));
        }
        let version = Version(current.map_or(1, |version| version.0 + 1));
        self.accept(write, version)?;
        Ok(Judged::Accepted(Receipt::of(write.key, version)))
    }
    // ANCHOR_END: judge

    /// Answers a write under an idempotency key that has a reply.
    fn repeat(&self, number: u64, write: &Write) -> Result<Judged, redb::Error> {
        let row = self.replies.get(number)?;
        let row = row.ok_or_else(|| StorageError::Corrupted(format!("no reply {number}")))?;
        let reply: ReplyRow = decode(row.value())?;
        Ok(if reply.asked == Asked::by(write) {
            Judged::Repeated(Receipt::of(write.key, reply.version))
        } else {
            Judged::Refused(WriteError::Conflict)
        })
    }

    fn accept(&mut self, write: &Write, version: Version) -> Result<(), redb::Error> {
        let fact = encode(&FactRow::of(write, version));
        self.facts.insert(place_of(write.key), fact.as_slice())?;
        let reply = encode(&ReplyRow::of(write, version));
        self.replies.insert(self.known.next, reply.as_slice())?;
        self.known.add(write.idempotency_key.as_str());
        self.forget()?;
        // A newer writer is rare, and so is the need for this table.
        if write.epoch > self.known.newest {
            let mut fence = self.transaction.open_table(FENCE)?;
            fence.insert((), write.epoch.0)?;
            self.known.newest = write.epoch;
        }
        Ok(())
    }

    // ANCHOR: forget
    /// Forgets the oldest replies, in the transaction that made them too many.
    fn forget(&mut self) -> Result<(), redb::Error> {
        while self.known.replies.len() as u64 > self.retained_replies.get()
            && let Some((_, row)) = self.replies.pop_first()?
        {
            let reply: ReplyRow = decode(row.value())?;
            self.known.replies.remove(reply.idempotency_key);
        }
        Ok(())
    }
    // ANCHOR_END: forget
}

/// A table that no store of ours has, if there is one, `alongside` being ours too. To add our own beside
/// it would make a store of somebody else's file.
fn strangers_table(database: &Database, alongside: &[&str]) -> Result<Option<String>, redb::Error> {
    let ours = [FACTS.name(), REPLIES.name(), FENCE.name()];
    let reading = database.begin_read()?;
    let mut tables = reading.list_tables()?;
    let is_ours = |name: &str| ours.contains(&name) || alongside.contains(&name);
    let strangers = tables.find(|table| !is_ours(table.name()));
    Ok(strangers.map(|table| table.name().to_owned()))
}

fn unopened(error: redb::Error) -> OpenError {
    match error {
        redb::Error::Io(error) => OpenError::Disk(error.to_string()),
        other => OpenError::Corrupt(other.to_string()),
    }
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
