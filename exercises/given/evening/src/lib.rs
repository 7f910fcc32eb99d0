//! What lab 0 is built on.
//!
//! Three boundaries, each of which counts what passes through it and fails when a test says so:
//!
//! - [`store`] keeps facts, and the log of their changes
//! - [`link`] is the way from an API process to the authority
//! - [`feed`] hands the log's events to a worker, at least once
//!
//! They are simple and synchronous, and all in one process. They count what a real disk, network and
//! stream would charge for; later labs put those in their places.

pub mod feed;
pub mod link;
pub mod store;

pub use feed::Feed;
pub use link::{Link, Lost, Serves};
pub use store::{Fault, Rows, Store};

use domain::{LessonKey, Progress};
use std::error::Error;
use std::fmt;

// ANCHOR: words
/// What a learner's progress in a lesson should become.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Change {
    /// Steps of the lesson that are done.
    pub steps_done: u32,
    /// Whether the lesson counts as completed. It may be begun again, and then it no longer does.
    pub completed: bool,
}

/// There was no answer, and the reason is unknown on this side. The other side may have done what it was
/// asked to do, or not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoAnswer;

/// Why a change was not acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// The fact is not at the version that was expected. Nothing has changed.
    Stale {
        /// What the fact is now; `None` if the lesson was not begun.
        current: Option<Progress>,
    },
    /// There was no answer. The change may have been stored, or not.
    NoAnswer,
}
// ANCHOR_END: words

impl From<NoAnswer> for Refused {
    fn from(_: NoAnswer) -> Self {
        Self::NoAnswer
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there was no answer")
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale { current } => write!(f, "the fact is {}", told(*current)),
            Self::NoAnswer => NoAnswer.fmt(f),
        }
    }
}

impl Error for NoAnswer {}

impl Error for Refused {}

/// A key, as stories show it.
pub fn name(key: LessonKey) -> String {
    format!("lesson {} of learner {}", key.lesson.0, key.learner.0)
}

/// A fact, as stories show it.
pub fn told(fact: Option<Progress>) -> String {
    fact.map_or_else(
        || "not begun".to_owned(),
        |fact| format!("at version {}", fact.version.0),
    )
}
