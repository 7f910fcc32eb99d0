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
use std::sync::Arc;

/// A fact, as the authority has decided it.
///
/// Everybody may hold one, and nobody outside this crate can make one or change one: not by its fields,
/// not by `Default`, not by a conversion, not from bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    // A fact is a write that was accepted, and there is one copy of it in memory.
    pub(crate) accepted: Arc<Accepted>,
}

/// The promise that a write has become a fact, and will be one after any crash. Nobody outside this
/// crate can make one either.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt {
    key: LessonKey,
    version: Version,
}

/// A write that was accepted: what the log holds, and all that the log holds.
///
/// It has a fact, a reply and an epoch in it. They become durable together because they are one thing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Accepted {
    pub(crate) key: LessonKey,
    pub(crate) expected: Option<Version>,
    pub(crate) steps_done: u32,
    pub(crate) completed: bool,
    pub(crate) note: String,
    pub(crate) idempotency_key: IdempotencyKey,
    pub(crate) epoch: Epoch,
}

impl Accepted {
    /// Which version it became. It has been compared with the one before, and so follows from it.
    pub(crate) fn version(&self) -> Version {
        Version(self.expected.map_or(0, |version| version.0) + 1)
    }

    /// What its caller is told, at the first try and at each that follows.
    pub(crate) fn receipt(&self) -> Receipt {
        Receipt {
            key: self.key,
            version: self.version(),
        }
    }

    /// Whether `write` wants the same, in whosever name.
    pub(crate) fn is_what_is_wanted_by(&self, write: &Write) -> bool {
        self.key == write.key
            && self.expected == write.expected
            && self.steps_done == write.steps_done
            && self.completed == write.completed
            && self.note == write.note
    }
}

impl From<Write> for Accepted {
    fn from(write: Write) -> Self {
        Self {
            key: write.key,
            expected: write.expected,
            steps_done: write.steps_done,
            completed: write.completed,
            note: write.note,
            idempotency_key: write.idempotency_key,
            epoch: write.epoch,
        }
    }
}

impl Record {
    /// How far the learner is, and as of which version.
    pub fn progress(&self) -> Progress {
        Progress {
            key: self.accepted.key,
            version: self.accepted.version(),
            steps_done: self.accepted.steps_done,
            completed: self.accepted.completed,
        }
    }

    /// What the learner wrote into the margin.
    pub fn note(&self) -> &str {
        &self.accepted.note
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
