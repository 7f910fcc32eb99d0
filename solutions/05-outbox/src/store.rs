//! A small authority, whose facts the outbox announces.
//!
//! It stands in for lab 3's, which has much more (idempotency keys, epochs, group commit). What matters
//! here is that a fact and its row are in one transaction.

use crate::outbox::{Outbox, OutboxError};
use domain::{Event, LessonKey, Progress, Version};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::sync::Arc;
use thiserror::Error;

/// Learner and lesson to version, steps and whether it is completed.
const FACTS: TableDefinition<(u64, u64), (u64, u32, bool)> = TableDefinition::new("facts");

/// Why a command was not done.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum CommandError {
    /// The outbox is full. The command was not done; it may succeed later.
    #[error("too many messages wait to be sent")]
    Busy,
    /// The disk failed. The command may have been done.
    #[error("the disk failed: {0}")]
    Disk(String),
}

/// The authority. Clones are the same.
#[derive(Clone, Debug)]
pub struct Store {
    database: Arc<Database>,
    outbox: Outbox,
}

impl Store {
    /// The authority in `database`, with its outbox.
    pub fn new(database: Arc<Database>, outbox: Outbox) -> Self {
        Self { database, outbox }
    }

    // ANCHOR: record
    /// Records how far a learner is, and returns the fact when it is durable. The news of it is a row in
    /// the same transaction.
    ///
    /// # Errors
    /// [`CommandError`]; after [`CommandError::Busy`] nothing has changed.
    pub fn record(
        &self,
        key: LessonKey,
        steps_done: u32,
        completed: bool,
        now_ms: u64,
    ) -> Result<Progress, CommandError> {
        let commit = || -> Result<Progress, OutboxError> {
            let transaction = self.database.begin_write()?;
            let progress = {
                let mut facts = transaction.open_table(FACTS)?;
                let place = (key.learner.0, key.lesson.0);
                let current = facts.get(place)?.map_or(0, |fact| fact.value().0);
                facts.insert(place, (current + 1, steps_done, completed))?;
                Progress {
                    key,
                    version: Version(current + 1),
                    steps_done,
                    completed,
                }
            };
            let event = Event {
                progress,
                committed_at_ms: now_ms,
            };
            // Dropped without a commit, the transaction leaves nothing.
            self.outbox.stage(&transaction, &[event])?;
            transaction.commit()?;
            Ok(progress)
        };
        Ok(commit()?)
    }
    // ANCHOR_END: record

    /// All facts, in the order of their keys.
    ///
    /// # Errors
    /// [`CommandError::Disk`] when the disk fails.
    pub fn facts(&self) -> Result<Vec<Progress>, CommandError> {
        let read = || -> Result<Vec<Progress>, OutboxError> {
            let facts = match self.database.begin_read()?.open_table(FACTS) {
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                facts => facts?,
            };
            let mut all = Vec::new();
            for row in facts.iter()? {
                let (key, fact) = row?;
                let ((learner, lesson), (version, steps_done, completed)) =
                    (key.value(), fact.value());
                all.push(Progress {
                    key: LessonKey::new(learner, lesson),
                    version: Version(version),
                    steps_done,
                    completed,
                });
            }
            Ok(all)
        };
        Ok(read()?)
    }
}

impl From<OutboxError> for CommandError {
    fn from(error: OutboxError) -> Self {
        match error {
            OutboxError::Full { .. } => Self::Busy,
            OutboxError::Disk(why) => Self::Disk(why),
        }
    }
}
