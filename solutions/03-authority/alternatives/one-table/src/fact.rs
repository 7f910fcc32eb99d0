//! What is written, what is decided, and who can make which.
//!
//! A [`Write`] is a wish: anybody can make one. A [`Record`] is a fact and a [`Receipt`] is a promise:
//! only the authority can make these, and the compiler sees to it. That is worth more than a rule in a
//! document, because the code that breaks the rule will be written in a hurry, by somebody who has not
//! read it.

/// Given by the lab.
pub use ours::fact::{
    Epoch, IdempotencyKey, InvalidKey, MAX_IDEMPOTENCY_KEY_BYTES, MAX_NOTE_BYTES, OpenError,
    ReadError, Write, WriteError,
};

use domain::{LessonKey, Progress, Version};
use serde::{Deserialize, Serialize};

/// A fact, as the authority has decided it.
///
/// Everybody may hold one, and nobody outside this crate can make one or change one: not by its fields,
/// not by `Default`, not by a conversion, not from bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    pub(crate) progress: Progress,
    pub(crate) note: String,
}

/// The promise that a write has become a fact, and will be one after any crash. Nobody outside this
/// crate can make one either.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt {
    key: LessonKey,
    version: Version,
}

/// The reply to a write, and the write: all of it but the epoch, so that a retry can be told from
/// another write under the same key. A digest would be smaller, and two writes may share one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) idempotency_key: IdempotencyKey,
    key: LessonKey,
    expected: Option<Version>,
    steps_done: u32,
    completed: bool,
    note: String,
    version: Version,
}

impl Reply {
    /// The reply to `write`, which has become `version`.
    pub(crate) fn to(write: Write, version: Version) -> Self {
        Self {
            idempotency_key: write.idempotency_key,
            key: write.key,
            expected: write.expected,
            steps_done: write.steps_done,
            completed: write.completed,
            note: write.note,
            version,
        }
    }

    /// What the caller of `write` is told, if that has the same idempotency key.
    pub(crate) fn repeated_for(&self, write: &Write) -> Result<Receipt, WriteError> {
        let same = self.key == write.key
            && self.expected == write.expected
            && self.steps_done == write.steps_done
            && self.completed == write.completed
            && self.note == write.note;
        same.then(|| self.receipt()).ok_or(WriteError::Conflict)
    }

    pub(crate) fn receipt(&self) -> Receipt {
        Receipt {
            key: self.key,
            version: self.version,
        }
    }
}

impl Record {
    /// How far the learner is, and as of which version.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// What the learner wrote into the margin.
    pub fn note(&self) -> &str {
        &self.note
    }
}

impl Receipt {
    /// What was written.
    pub fn key(&self) -> LessonKey {
        self.key
    }

    /// As which version it was written.
    pub fn version(&self) -> Version {
        self.version
    }
}
