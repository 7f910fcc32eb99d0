//! Numbers from a table of one row, which commits with the rows that have them.

/// Given by the lab.
pub use ours::outbox::{OutboxError, Row, Rows};

use crate::message::Message;
use alongside::Alongside;
use domain::{Event, Progress};
use redb::{
    Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};
use std::sync::Arc;

const TABLES: [&str; 2] = ["outbox", "outbox.drawn"];

const ROWS: TableDefinition<u64, &[u8]> = TableDefinition::new(TABLES[0]);
/// How many numbers have been drawn so far.
const DRAWN: TableDefinition<(), u64> = TableDefinition::new(TABLES[1]);

/// The outbox in a database. Clones are the same outbox.
#[derive(Clone, Debug)]
pub struct Outbox {
    database: Arc<Database>,
    max_rows: u64,
}

impl Outbox {
    /// Opens the outbox in `database`, or creates an empty one.
    ///
    /// # Errors
    /// [`OutboxError::Disk`] when the database fails.
    pub fn open(database: Arc<Database>, max_rows: u64) -> Result<Self, OutboxError> {
        let transaction = database.begin_write()?;
        transaction.open_table(ROWS)?;
        transaction.open_table(DRAWN)?;
        transaction.commit()?;
        Ok(Self { database, max_rows })
    }

    /// How many messages wait to be sent.
    ///
    /// # Errors
    /// [`OutboxError::Disk`] when the database fails.
    pub fn waiting(&self) -> Result<u64, OutboxError> {
        let rows = self.database.begin_read()?.open_table(ROWS)?;
        Ok(rows.len()?)
    }

    /// Adds a row for each event.
    ///
    /// # Errors
    /// As in the lab's contract.
    pub fn stage(
        &self,
        transaction: &WriteTransaction,
        events: &[Event],
    ) -> Result<(), OutboxError> {
        let mut rows = transaction.open_table(ROWS)?;
        let free = self.max_rows.saturating_sub(rows.len()?);
        if events.len() as u64 > free {
            return Err(OutboxError::Full {
                max_rows: self.max_rows,
            });
        }
        let mut drawn = transaction.open_table(DRAWN)?;
        let mut number = drawn.get(())?.map_or(0, |drawn| drawn.value());
        for event in events {
            let message = Message::from(event).to_bytes();
            rows.insert(number, &message[..])?;
            number += 1;
        }
        drawn.insert((), number)?;
        Ok(())
    }

    /// What lab 3's authority calls in its transaction.
    pub fn alongside(&self, clock: fn() -> u64) -> impl Alongside + use<> {
        Announcing {
            outbox: self.clone(),
            clock,
        }
    }
}

impl Rows for Outbox {
    fn unsent(&self, max: usize) -> Result<Vec<Row>, OutboxError> {
        let rows = self.database.begin_read()?.open_table(ROWS)?;
        rows.iter()?
            .take(max)
            .map(|row| {
                let (number, message) = row?;
                match Message::from_bytes(message.value()) {
                    Some(message) => Ok(Row {
                        number: number.value(),
                        message,
                    }),
                    None => Err(OutboxError::Disk("not a message".to_owned())),
                }
            })
            .collect()
    }

    fn mark_sent(&self, numbers: &[u64]) -> Result<(), OutboxError> {
        if numbers.is_empty() {
            return Ok(());
        }
        let transaction = self.database.begin_write()?;
        let mut rows = transaction.open_table(ROWS)?;
        rows.retain(|number, _| !numbers.contains(&number))?;
        drop(rows);
        transaction.commit()?;
        Ok(())
    }
}

#[derive(Debug)]
struct Announcing {
    outbox: Outbox,
    clock: fn() -> u64,
}

impl Alongside for Announcing {
    fn tables(&self) -> &[&str] {
        &TABLES
    }

    fn commit(
        &mut self,
        transaction: &WriteTransaction,
        facts: &[Progress],
    ) -> Result<(), redb::Error> {
        let committed_at_ms = (self.clock)();
        for progress in facts {
            let event = Event {
                progress: *progress,
                committed_at_ms,
            };
            let staged = self.outbox.stage(transaction, &[event]);
            staged.map_err(|error| redb::Error::Io(std::io::Error::other(error)))?;
        }
        Ok(())
    }
}
