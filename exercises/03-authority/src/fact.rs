//! What is written, what is decided, and who can make which.
//!
//! A [`Write`] is a wish: anybody can make one. A [`Record`] is a fact and a [`Receipt`] is a promise:
//! only the authority can make these, and the compiler sees to it. That is worth more than a rule in a
//! document, because the code that breaks the rule will be written in a hurry, by somebody who has not
//! read it.

use domain::{LessonKey, Progress, Version};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most bytes that a note may have: a page of text. It bounds what a write costs to keep, and what
/// the reply to it costs to keep as well.
pub const MAX_NOTE_BYTES: usize = 4096;

/// The most bytes that an idempotency key may have: room for any UUID with a prefix.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 64;

/// What a caller makes once for each thing that it wants to happen, and uses again on each retry.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);

/// Why a text cannot be an idempotency key.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("an idempotency key has 1 to {MAX_IDEMPOTENCY_KEY_BYTES} bytes, and this has {bytes}")]
pub struct InvalidKey {
    /// How many it has.
    pub bytes: usize,
}

impl IdempotencyKey {
    /// Makes a key from a text.
    ///
    /// # Errors
    /// [`InvalidKey`] when it is empty or longer than [`MAX_IDEMPOTENCY_KEY_BYTES`].
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidKey> {
        let key = key.into();
        match key.len() {
            1..=MAX_IDEMPOTENCY_KEY_BYTES => Ok(Self(key)),
            bytes => Err(InvalidKey { bytes }),
        }
    }

    /// The key as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key that is deserialized is checked against the same bounds.
impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidKey;

    fn try_from(key: String) -> Result<Self, InvalidKey> {
        Self::new(key)
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

/// Which holder of the right to write this is: each new one has a higher number. It is handed out by
/// whatever elects writers; here it is only compared.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Epoch(pub u64);

// ANCHOR: write
/// What a caller wants to become true.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Write {
    /// Which learner, in which lesson.
    pub key: LessonKey,
    /// The version that the caller has seen, and wants to replace; `None` if it has seen none.
    pub expected: Option<Version>,
    /// Steps of the lesson that are done.
    pub steps_done: u32,
    /// Whether the lesson counts as completed.
    pub completed: bool,
    /// What the learner wrote into the margin; at most [`MAX_NOTE_BYTES`] bytes.
    pub note: String,
    /// The same on each retry of this write, and on no other write.
    pub idempotency_key: IdempotencyKey,
    /// In whose name this is written. No part of what is wanted: a retry may come from a newer writer.
    pub epoch: Epoch,
}
// ANCHOR_END: write

// ANCHOR: facts
/// A fact, as the authority has decided it.
///
/// Everybody may hold one, and nobody outside this crate can make one or change one: its fields are
/// private, and there is no way in from outside, no `Default` and no `Deserialize`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    progress: Progress,
    note: String,
}

/// The promise that a write has become a fact, and will be one after any crash. Nobody outside this
/// crate can make one either.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt {
    key: LessonKey,
    version: Version,
}
// ANCHOR_END: facts

impl Record {
    /// The fact as it was stored.
    pub(crate) fn stored(progress: Progress, note: String) -> Self {
        Self { progress, note }
    }

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
    /// The promise for this version of this key.
    pub(crate) fn of(key: LessonKey, version: Version) -> Self {
        Self { key, version }
    }

    /// What was written.
    pub fn key(&self) -> LessonKey {
        self.key
    }

    /// As which version it was written.
    pub fn version(&self) -> Version {
        self.version
    }
}

// ANCHOR: errors
/// Why there is no receipt. Each variant says what is true of the write, since that is what a caller
/// has to decide upon.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum WriteError {
    /// It cannot be written: the note is too long. It was not done, and never will be.
    #[error("a note of {bytes} bytes is beyond the limit of {MAX_NOTE_BYTES}")]
    TooLarge {
        /// The note's size.
        bytes: usize,
    },
    /// Somebody else has written since the caller looked. It was not done: read, decide anew, and
    /// write under a new idempotency key.
    #[error("the write expects another version than the current one, {current:?}")]
    Stale {
        /// The version that is current; `None` if there is none yet.
        current: Option<Version>,
    },
    /// The idempotency key belongs to another write. This one was not done; the caller has a bug.
    #[error("the idempotency key has been used for another write")]
    Conflict,
    /// A newer writer has written. It was not done, and this writer has to stop.
    #[error("epoch {newest:?} has written; this writer has been replaced")]
    Fenced {
        /// The highest epoch that has written.
        newest: Epoch,
    },
    /// The disk failed while this was being committed. It may have been done or not, and only a retry
    /// with the same idempotency key can tell, once the store has been opened again. (On a kernel that
    /// has been restarted: the one that failed to write a page may go on showing it.)
    #[error("the disk failed; whether the write took effect is unknown")]
    Unknown,
    /// The authority has stopped. It was not done by this call; an earlier try stays as unknown as it was.
    #[error("the authority has stopped; the write was not done")]
    Stopped,
}

/// Why there is no authority.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process, or another part of this one, has the file open. Two authorities over one file
    /// would be none.
    #[error("the store is in use by another process")]
    InUse,
    /// The file is not whole, or it is not a store. It was left as it is: restore a backup, or find out
    /// what happened.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Disk(String),
}

/// Why a fact cannot be read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ReadError {
    /// The disk failed, or had failed before.
    #[error("the disk failed: {0}")]
    Disk(String),
}
// ANCHOR_END: errors
