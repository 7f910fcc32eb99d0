//! Rows that commit with the fact that they announce.
//!
//! "Commit, then publish" has a moment between the two, and a crash there leaves a fact that nobody ever
//! hears of. "Publish, then commit" has one as well: news of a fact that never existed. One transaction
//! has no moment in between. So the news is first a row next to the fact, and is sent from there.

use crate::message::Message;
use alongside::Alongside;
use domain::{Event, Progress};
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableDefinition, WriteTransaction};
use std::sync::Arc;
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
    // How the next row gets its number is for you to design.
}

impl Outbox {
    /// Opens the outbox in `database`, or creates an empty one. It refuses to have more than `max_rows`
    /// rows.
    ///
    /// # Errors
    /// [`OutboxError::Disk`] when the database fails.
    pub fn open(database: Arc<Database>, max_rows: u64) -> Result<Self, OutboxError> {
        let transaction = database.begin_write()?;
        transaction.open_table(ROWS)?;
        transaction.commit()?;
        Ok(Self { database, max_rows })
    }

    /// How many messages wait to be sent.
    ///
    /// # Errors
    /// [`OutboxError::Disk`] when the database fails.
    pub fn waiting(&self) -> Result<u64, OutboxError> {
        Ok(self.database.begin_read()?.open_table(ROWS)?.len()?)
    }

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
    ///
    /// Judged by every test in `outbox`, and first by `outbox::a_fact_is_committed_with_its_news`.
    pub fn stage(
        &self,
        transaction: &WriteTransaction,
        events: &[Event],
    ) -> Result<(), OutboxError> {
        let _ = (self.max_rows, transaction, events);
        todo!("Add a row for each event to the transaction, unless that would make too many.")
    }

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
    /// The first rows that were not marked as sent, at most `max`, in the order of their numbers.
    ///
    /// A row that is not committed is not returned. Reading changes nothing: a second read returns the
    /// same rows.
    ///
    /// Judged by `outbox::a_fact_is_committed_with_its_news`.
    fn unsent(&self, max: usize) -> Result<Vec<Row>, OutboxError> {
        let _ = (&self.database, max);
        todo!("Read the first rows that are committed and not marked.")
    }

    /// Removes exactly the rows with these numbers, in one transaction.
    ///
    /// A number that is not there (any more) is fine. When it returns, the rows are gone permanently.
    ///
    /// Judged by `outbox::what_is_marked_is_gone_and_nothing_else` and
    /// `outbox::a_number_is_never_given_to_two_rows`.
    fn mark_sent(&self, numbers: &[u64]) -> Result<(), OutboxError> {
        let _ = numbers;
        todo!("Remove exactly the rows with these numbers.")
    }
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
