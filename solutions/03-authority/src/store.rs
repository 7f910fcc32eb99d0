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
use crate::judge::Group;
use crate::rows::{FACTS, FENCE, REPLIES, ReplyRow, decode, fact_in, newest_in};
use alongside::Alongside;
use domain::{LessonKey, Progress};
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend, StorageError,
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

/// The store, as the committer has it.
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
pub(crate) struct Known {
    /// Idempotency key to the number of its reply.
    pub(crate) replies: HashMap<Box<str>, u64>,
    /// The number that the next reply gets.
    pub(crate) next: u64,
    /// The highest epoch that has written; 0 while nobody has.
    pub(crate) newest: Epoch,
}

/// The outcome of one write of a group.
#[derive(Debug)]
pub(crate) enum Judged {
    /// It is new, and is in the transaction.
    Accepted(Receipt),
    /// It had been done before, and this is the reply that it got then.
    Repeated(Receipt),
    /// It was refused, and left nothing behind.
    Refused(WriteError),
}

/// Why a group could not be committed. Whether it took effect is unknown, and the store must not be used
/// again: what it knows may be ahead of the file.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) redb::Error);

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
        if let Some(table) = foreign_table(&database, alongside.tables()).map_err(unopened)? {
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

    /// Read access to the facts, and to nothing else.
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
            let judged = self.judge_all(&transaction, writes)?;
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
        commit().map_err(Failed)
    }
    // ANCHOR_END: commit

    /// Has each write judged, in order, and puts what was accepted into the transaction, with what commits
    /// alongside. Whether it becomes true is not decided here.
    fn judge_all(
        &mut self,
        transaction: &WriteTransaction,
        writes: &[Write],
    ) -> Result<Vec<Judged>, redb::Error> {
        let mut group = Group::on(transaction, &mut self.known, self.retained_replies)?;
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

    /// Adds a reply under `next`, and then advances `next`. Insert its row first.
    pub(crate) fn add(&mut self, idempotency_key: &str) {
        self.replies.insert(idempotency_key.into(), self.next);
        self.next += 1;
    }
}

/// The name of a table that belongs neither to the store nor to `alongside`, if there is one. To add our
/// tables beside it would turn somebody else's file into a store.
fn foreign_table(database: &Database, alongside: &[&str]) -> Result<Option<String>, redb::Error> {
    let ours = [FACTS.name(), REPLIES.name(), FENCE.name()];
    let reading = database.begin_read()?;
    let mut tables = reading.list_tables()?;
    let is_ours = |name: &str| ours.contains(&name) || alongside.contains(&name);
    let foreign = tables.find(|table| !is_ours(table.name()));
    Ok(foreign.map(|table| table.name().to_owned()))
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
