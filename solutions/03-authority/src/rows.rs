//! What a fact and a reply look like in the file.
//!
//! Rows are written as postcard: a length and a few bytes, without names. They borrow from the write
//! that they are made of, so that a note is copied once, into the file.

use crate::fact::{Epoch, Record, Write};
use domain::{LessonKey, Progress, Version};
use redb::{ReadableTable, StorageError, TableDefinition};
use serde::{Deserialize, Serialize};

/// Learner and lesson to the fact, as [`FactRow`].
pub(crate) const FACTS: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("facts");
/// The number of an accepted write to the reply, as [`ReplyRow`]. Numbers rise by one, so that the
/// oldest reply is the first row, and a new one is put at the end, where the last one was.
pub(crate) const REPLIES: TableDefinition<u64, &[u8]> = TableDefinition::new("replies");
/// The highest epoch that has written, in the one row there is.
pub(crate) const FENCE: TableDefinition<(), u64> = TableDefinition::new("fence");

#[derive(Serialize, Deserialize)]
pub(crate) struct FactRow<'w> {
    version: Version,
    steps_done: u32,
    completed: bool,
    note: &'w str,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ReplyRow<'w> {
    pub(crate) idempotency_key: &'w str,
    /// The whole request is kept, and not a hash of it: a hash would be smaller, and this cannot
    /// collide.
    #[serde(borrow)]
    pub(crate) asked: Asked<'w>,
    pub(crate) version: Version,
}

/// What a write asks for: all of it except the idempotency key and the epoch.
#[derive(Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked<'w> {
    key: LessonKey,
    expected: Option<Version>,
    steps_done: u32,
    completed: bool,
    note: &'w str,
}

impl<'w> FactRow<'w> {
    pub(crate) fn of(write: &'w Write, version: Version) -> Self {
        Self {
            version,
            steps_done: write.steps_done,
            completed: write.completed,
            note: &write.note,
        }
    }
}

impl<'w> ReplyRow<'w> {
    pub(crate) fn of(write: &'w Write, version: Version) -> Self {
        Self {
            idempotency_key: write.idempotency_key.as_str(),
            asked: Asked::by(write),
            version,
        }
    }
}

impl<'w> Asked<'w> {
    pub(crate) fn by(write: &'w Write) -> Self {
        Self {
            key: write.key,
            expected: write.expected,
            steps_done: write.steps_done,
            completed: write.completed,
            note: &write.note,
        }
    }
}

/// Where the fact under `key` is in [`FACTS`].
pub(crate) fn place_of(key: LessonKey) -> (u64, u64) {
    (key.learner.0, key.lesson.0)
}

/// The version of the fact under `key`, if there is one.
pub(crate) fn version_in(
    facts: &impl ReadableTable<(u64, u64), &'static [u8]>,
    key: LessonKey,
) -> Result<Option<Version>, StorageError> {
    let Some(bytes) = facts.get(place_of(key))? else {
        return Ok(None);
    };
    Ok(Some(decode::<FactRow>(bytes.value())?.version))
}

/// The fact under `key`, if there is one.
pub(crate) fn fact_in(
    facts: &impl ReadableTable<(u64, u64), &'static [u8]>,
    key: LessonKey,
) -> Result<Option<Record>, StorageError> {
    let Some(bytes) = facts.get(place_of(key))? else {
        return Ok(None);
    };
    let fact: FactRow = decode(bytes.value())?;
    let progress = Progress {
        key,
        version: fact.version,
        steps_done: fact.steps_done,
        completed: fact.completed,
    };
    Ok(Some(Record::stored(progress, fact.note.to_owned())))
}

/// The highest epoch that has written.
pub(crate) fn newest_in(fence: &impl ReadableTable<(), u64>) -> Result<Epoch, StorageError> {
    Ok(Epoch(fence.get(())?.map_or(0, |epoch| epoch.value())))
}

/// A row as bytes; a table takes `bytes.as_slice()`.
pub(crate) fn encode(row: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(row).expect("a vector takes everything that these types can hold")
}

pub(crate) fn decode<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, StorageError> {
    postcard::from_bytes(bytes).map_err(|error| StorageError::Corrupted(error.to_string()))
}
