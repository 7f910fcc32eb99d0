//! What a view counts, and under which number.

use domain::{LearnerId, LessonId, Progress};
use serde::{Deserialize, Serialize};

// ANCHOR: plan
/// How a view is made. Whoever changes the rule gives it a higher version, also when the change takes
/// an earlier one back.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Which plan it is. Of two plans, the one with the higher version is the newer.
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
    /// From so many steps on.
    FromSteps(u32),
}

/// What a row is about.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum Subject {
    /// A lesson, with all who learn it.
    Lesson(LessonId),
    /// A learner, with all that they learn.
    Learner(LearnerId),
}

/// What the dashboard shows of a subject. It follows from where each learner stands in each lesson *now*,
/// and not from how they came there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// In how many cases the lesson counts as completed.
    pub completed: u64,
    /// The steps done, over all cases.
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

/// The two rows in which `progress` has a part.
pub const fn subjects(progress: &Progress) -> [Subject; 2] {
    [
        Subject::Lesson(progress.key.lesson),
        Subject::Learner(progress.key.learner),
    ]
}
