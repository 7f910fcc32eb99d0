//! The learning platform's words.
//!
//! One platform runs through the whole course: learners complete lessons. Its parts exchange these
//! types, whether the other part is a function, a process or a machine away. They have no behaviour
//! beyond keeping their own invariants.

mod event;

pub use event::{EVENT_BYTES, EVENT_SCHEMA, Event, EventError, EventId, Offset};

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

/// Who learns.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct LearnerId(pub u64);

/// What is learnt.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct LessonId(pub u64);

/// One learner's one lesson: the key under which progress is kept.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct LessonKey {
    /// Whose progress.
    pub learner: LearnerId,
    /// In which lesson.
    pub lesson: LessonId,
}

impl LessonKey {
    /// The key of `learner`'s progress in `lesson`, from bare numbers.
    pub const fn new(learner: u64, lesson: u64) -> Self {
        Self {
            learner: LearnerId(learner),
            lesson: LessonId(lesson),
        }
    }
}

/// How often a fact has changed: the first write makes version 1.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Version(pub u64);

/// How far a learner is in a lesson, as of one version.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Progress {
    /// Which learner and lesson.
    pub key: LessonKey,
    /// The version of the fact that this value is.
    pub version: Version,
    /// Steps of the lesson that are done.
    pub steps_done: u32,
    /// Whether the lesson counts as completed.
    pub completed: bool,
}
