//! Rows that commit with the fact that they announce.
//!
//! "Commit, then publish" has a moment between the two, and a crash there leaves a fact that nobody ever
//! hears of. "Publish, then commit" has one as well: news of a fact that never existed. One transaction
//! has no moment in between. So the news is first a row next to the fact, and is sent from there.

use crate::message::Message;
use alongside::Alongside;
use domain::{Event, Progress};
use redb::{
    Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;

/// The table's name.
const NAME: &str = "outbox";

/// The number of a row to its message, as [`Message::to_bytes`] writes it.
pub(crate) const ROWS: TableDefinition<u64, &[u8]> = TableDefinition::new(NAME);

/// A message that waits to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// Its number, which no other row ever gets.
    pub number: u64,
    /// The message to send.
    pub message: Message,
}

/// What a relay needs to know of an outbox, whatever database it is in.
///
/// In some databases a row becomes visible after one with a higher number: the number is drawn when a
/// transaction *writes*, and the row is visible when it *commits*.
pub trait Rows {
    /// The first rows that were not marked as sent, at most `max`, in the order of their numbers.
    ///
    /// # Errors
    /// [`OutboxError`] when they cannot be read.
    fn unsent(&self, max: usize) -> Result<Vec<Row>, OutboxError>;

    /// Marks exactly the rows with these numbers as sent. A number that is not there (any more) is fine.
    ///
    /// # Errors
    /// [`OutboxError`] when it is unknown whether they are marked.
    fn mark_sent(&self, numbers: &[u64]) -> Result<(), OutboxError>;
}

/// Why the outbox cannot do what it was asked to do.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum OutboxError {
    /// It has as many rows as it may have. The command that wants to add one has to be refused.
    #[error("{max_rows} messages wait to be sent already")]
    Full {
        /// How many it may have.
        max_rows: u64,
    },
    /// The database failed.
    #[error("the database failed: {0}")]
    Disk(String),
}

/// The outbox in a database. Clones are the same outbox.
#[derive(Clone, Debug)]
pub struct Outbox {
    database: Arc<Database>,
    max_rows: u64,
    /// The number that the next row gets. It only rises, even when the last row has been sent and is
    /// gone: a relay that is late must never mark a new row by an old number. Taken inside a write
    /// transaction, of which there is one at a time, it rises in the order of the commits.
    next: Arc<AtomicU64>,
}

impl Outbox {
    /// Opens the outbox in `database`, or creates an empty one. It refuses to have more than `max_rows`
    /// rows.
    ///
    /// # Errors
    /// [`OutboxError::Disk`] when the database fails.
    pub fn open(database: Arc<Database>, max_rows: u64) -> Result<Self, OutboxError> {
        let transaction = database.begin_write()?;
        let last = {
            let rows = transaction.open_table(ROWS)?;
            rows.last()?.map(|(number, _)| number.value())
        };
        transaction.commit()?;
        Ok(Self {
            database,
            max_rows,
            next: Arc::new(AtomicU64::new(last.map_or(0, |last| last + 1))),
        })
    }

    /// How many messages wait to be sent.
    ///
    /// # Errors
    /// [`OutboxError::Disk`] when the database fails.
    pub fn waiting(&self) -> Result<u64, OutboxError> {
        Ok(self.database.begin_read()?.open_table(ROWS)?.len()?)
    }

    // ANCHOR: stage
    /// Adds a row for each event, in their order, to a transaction that the caller commits.
    ///
    /// - The rows are there if the transaction commits, and only then. Nothing else is written or sent.
    /// - Numbers rise in the order of the commits. A number is never given twice while the outbox is
    ///   open, even when its row was sent long ago.
    /// - At `max_rows` rows nothing more is added: all of `events` are added, or none.
    ///
    /// # Errors
    /// [`OutboxError::Full`] when there is no room for all; [`OutboxError::Disk`] when the database fails.
    /// The transaction must then not be committed.
    pub fn stage(
        &self,
        transaction: &WriteTransaction,
        events: &[Event],
    ) -> Result<(), OutboxError> {
        let mut rows = transaction.open_table(ROWS)?;
        if rows.len()? + events.len() as u64 > self.max_rows {
            let max_rows = self.max_rows;
            return Err(OutboxError::Full { max_rows });
        }
        for event in events {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            rows.insert(number, Message::from(event).to_bytes().as_slice())?;
        }
        Ok(())
    }
    // ANCHOR_END: stage

    /// What lab 3's authority calls in its transaction. `clock` returns the time of a commit, in
    /// milliseconds since 1970.
    pub fn alongside(&self, clock: fn() -> u64) -> impl Alongside + use<> {
        Announcing {
            outbox: self.clone(),
            clock,
        }
    }
}

impl Rows for Outbox {
    // ANCHOR: unsent
    /// The first rows that were not marked as sent, at most `max`, in the order of their numbers.
    ///
    /// A row that is not committed is not returned. Reading changes nothing: a second read returns the
    /// same rows.
    fn unsent(&self, max: usize) -> Result<Vec<Row>, OutboxError> {
        let rows = self.database.begin_read()?.open_table(ROWS)?;
        let mut unsent = Vec::new();
        for row in rows.iter()?.take(max) {
            let (number, message) = row?;
            let message = Message::from_bytes(message.value());
            unsent.push(Row {
                number: number.value(),
                message: message
                    .ok_or_else(|| OutboxError::Disk("a row is cut short".to_owned()))?,
            });
        }
        Ok(unsent)
    }

    /// Removes exactly the rows with these numbers, in one transaction.
    ///
    /// A number that is not there (any more) is fine. When it returns, the rows are gone permanently.
    fn mark_sent(&self, numbers: &[u64]) -> Result<(), OutboxError> {
        let transaction = self.database.begin_write()?;
        {
            let mut rows = transaction.open_table(ROWS)?;
            for number in numbers {
                rows.remove(number)?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
    // ANCHOR_END: unsent
}

/// The outbox, as lab 3's authority sees it.
#[derive(Debug)]
struct Announcing {
    outbox: Outbox,
    clock: fn() -> u64,
}

impl Alongside for Announcing {
    fn tables(&self) -> &[&str] {
        &[NAME]
    }

    fn commit(
        &mut self,
        transaction: &WriteTransaction,
        facts: &[Progress],
    ) -> Result<(), redb::Error> {
        let committed_at_ms = (self.clock)();
        let event = |progress: &Progress| Event {
            progress: *progress,
            committed_at_ms,
        };
        let events: Vec<Event> = facts.iter().map(event).collect();
        let staged = self.outbox.stage(transaction, &events);
        staged.map_err(|error| redb::Error::Io(std::io::Error::other(error)))
    }
}

/// The engine has an error type for each operation; callers here need only one.
macro_rules! from_engine {
    ($($error:ty),*) => {
        $(impl From<$error> for OutboxError {
            fn from(error: $error) -> Self {
                Self::Disk(error.to_string())
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
