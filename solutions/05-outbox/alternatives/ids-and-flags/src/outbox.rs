//! Rows with a flag, under numbers from a table.

/// Given by the lab.
pub use ours::outbox::{OutboxError, Row, Rows};

use crate::message::Message;
use alongside::Alongside;
use domain::{Event, Progress};
use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction};
use std::sync::Arc;

const NAME: &str = "outbox";
const COUNTERS: &str = "outbox.counters";

/// A row's number to whether it was sent, and its message.
const ROWS: TableDefinition<u64, (bool, &[u8])> = TableDefinition::new(NAME);
/// `next`: the next number. `waiting`: how many rows were not sent.
const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new(COUNTERS);

/// The outbox in a database. Clones are the same outbox.
#[derive(Clone, Debug)]
pub struct Outbox {
    database: Arc<Database>,
    max_rows: u64,
}

fn number(counters: &Table<&str, u64>, name: &str) -> Result<u64, OutboxError> {
    Ok(counters.get(name)?.map_or(0, |number| number.value()))
}

impl Outbox {
    /// Opens the outbox in `database`, or creates an empty one.
    ///
    /// # Errors
    /// [`OutboxError::Disk`] when the database fails.
    pub fn open(database: Arc<Database>, max_rows: u64) -> Result<Self, OutboxError> {
        let transaction = database.begin_write()?;
        transaction.open_table(ROWS)?;
        transaction.open_table(NUMBERS)?;
        transaction.commit()?;
        Ok(Self { database, max_rows })
    }

    /// How many messages wait to be sent.
    ///
    /// # Errors
    /// [`OutboxError::Disk`] when the database fails.
    pub fn waiting(&self) -> Result<u64, OutboxError> {
        let counters = self.database.begin_read()?.open_table(NUMBERS)?;
        Ok(counters
            .get("waiting")?
            .map_or(0, |waiting| waiting.value()))
    }

    /// Adds a row for each event, and deletes the rows that were sent.
    ///
    /// # Errors
    /// As in the lab's contract.
    pub fn stage(
        &self,
        transaction: &WriteTransaction,
        events: &[Event],
    ) -> Result<(), OutboxError> {
        let mut counters = transaction.open_table(NUMBERS)?;
        let (next, waiting) = (number(&counters, "next")?, number(&counters, "waiting")?);
        let added = events.len() as u64;
        if waiting.saturating_add(added) > self.max_rows {
            let max_rows = self.max_rows;
            return Err(OutboxError::Full { max_rows });
        }
        let mut rows = transaction.open_table(ROWS)?;
        rows.retain(|_, (sent, _)| !sent)?;
        for (number, event) in (next..).zip(events) {
            rows.insert(number, (false, Message::from(event).to_bytes().as_slice()))?;
        }
        counters.insert("next", next + added)?;
        counters.insert("waiting", waiting + added)?;
        Ok(())
    }

    /// What lab 3's authority calls in its transaction.
    pub fn alongside(&self, clock: fn() -> u64) -> impl Alongside + use<> {
        Announcing(self.clone(), clock)
    }
}

impl Rows for Outbox {
    fn unsent(&self, max: usize) -> Result<Vec<Row>, OutboxError> {
        let rows = self.database.begin_read()?.open_table(ROWS)?;
        let mut unsent = Vec::new();
        let mut all = rows.iter()?;
        while unsent.len() < max {
            let Some(row) = all.next() else { break };
            let (number, row) = row?;
            let (sent, message) = row.value();
            if !sent {
                let number = number.value();
                let message = Message::from_bytes(message);
                let message =
                    message.ok_or_else(|| OutboxError::Disk("not a message".to_owned()))?;
                unsent.push(Row { number, message });
            }
        }
        Ok(unsent)
    }

    fn mark_sent(&self, numbers: &[u64]) -> Result<(), OutboxError> {
        let transaction = self.database.begin_write()?;
        {
            let mut rows = transaction.open_table(ROWS)?;
            let mut counters = transaction.open_table(NUMBERS)?;
            let mut waiting = number(&counters, "waiting")?;
            for number in numbers {
                let message = rows.get(number)?.and_then(|row| {
                    let (sent, message) = row.value();
                    (!sent).then(|| message.to_vec())
                });
                if let Some(message) = message {
                    rows.insert(number, (true, message.as_slice()))?;
                    waiting -= 1;
                }
            }
            counters.insert("waiting", waiting)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

#[derive(Debug)]
struct Announcing(Outbox, fn() -> u64);

impl Alongside for Announcing {
    fn tables(&self) -> &[&str] {
        &[NAME, COUNTERS]
    }

    fn commit(
        &mut self,
        transaction: &WriteTransaction,
        facts: &[Progress],
    ) -> Result<(), redb::Error> {
        let Self(outbox, clock) = self;
        let committed_at_ms = clock();
        let event = |progress: &Progress| Event {
            progress: *progress,
            committed_at_ms,
        };
        let staged = outbox.stage(transaction, &facts.iter().map(event).collect::<Vec<_>>());
        staged.map_err(|error| redb::Error::Io(std::io::Error::other(error)))
    }
}
