//! What a view counts, and its version number.

use domain::{LearnerId, LessonId, Progress};
use serde::{Deserialize, Serialize};

// ANCHOR: plan
/// How a view is made. Every change of the rule gets a higher version, even one that undoes an earlier
/// change.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The plan's number. Of two plans, the one with the higher version is newer.
    pub version: PlanVersion,
    /// When a lesson counts as completed.
    pub counting: Counting,
}

/// Numbers the plans of one view.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct PlanVersion(pub u32);

/// When a lesson counts as completed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Counting {
    /// When the authority says so.
    Completed,
    /// From this many steps on.
    FromSteps(u32),
}

/// What a row is about.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum Subject {
    /// A lesson, over all its learners.
    Lesson(LessonId),
    /// A learner, over all their lessons.
    Learner(LearnerId),
}

/// What the dashboard shows of a subject. It follows from where each learner stands in each lesson
/// *now*, not from how they got there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// How many times a lesson counts as completed.
    pub completed: u64,
    /// The steps done, summed up.
    pub steps: u64,
}
// ANCHOR_END: plan

impl Plan {
    /// Whether this much progress counts as completed.
    pub const fn counts(&self, progress: &Progress) -> bool {
        match self.counting {
            Counting::Completed => progress.completed,
            Counting::FromSteps(steps) => progress.steps_done >= steps,
        }
    }
}

/// The two rows to which `progress` contributes.
pub const fn subjects(progress: &Progress) -> [Subject; 2] {
    [
        Subject::Lesson(progress.key.lesson),
        Subject::Learner(progress.key.learner),
    ]
}
