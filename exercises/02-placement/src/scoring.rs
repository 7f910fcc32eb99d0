//! Scoring on one competent thread.
//!
//! *Learners who completed what you completed also completed this.* For a learner and a lesson that
//! they have not completed, each lesson that they *have* completed adds the share of its learners who
//! also completed the candidate. The best few are recommended.
//!
//! What makes one thread competent is not cleverness. It does no work twice, it walks through memory in
//! order, and it allocates nothing that it need not. The obvious program, which compares each learner
//! with each other one, does the same for ten learners and would take days for a hundred thousand. A
//! system of many machines that runs the obvious program beats one machine that runs it, too: that is
//! how slow systems come to scale.
//!
//! Shards will count and score as well, each for its own learners. Keep the two in functions of their own,
//! and the next stage is half done.

use crate::history::History;
use domain::{LearnerId, LessonId};

/// What a share of 1 counts in a score: shares are whole millionths.
///
/// Sums of whole numbers are the same in every order. Sums of floating-point numbers are not, and a
/// result that depends on the number of shards could not be told from a wrong one.
pub const WHOLE: u64 = 1_000_000;

/// A lesson that is recommended, and how strongly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scored {
    /// Which lesson.
    pub lesson: LessonId,
    /// The sum of shares, in millionths; never 0.
    pub score: u64,
}

/// What is recommended to one learner, best first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recommended {
    /// To whom.
    pub learner: LearnerId,
    /// At most as many as were asked for; of equal scores the smaller lesson comes first.
    pub lessons: Vec<Scored>,
}

// ANCHOR: recommend
/// The `top` best lessons for every learner of `history`, in its order.
///
/// The score of a lesson that the learner has not completed is the sum, over the lessons that they have
/// completed, of `together * WHOLE / learners`, each rounded down: `together` is how many learners
/// completed both, `learners` how many completed the one that this learner has completed. A lesson that
/// scores 0 is not recommended. Higher scores come first, and of equal ones the smaller lesson.
/// No row is read more than four times.
///
/// The result takes memory in proportion to what is recommended, and not to how many lessons there are.
///
/// Judged by every test in `scoring`; its memory by the hardening, in `sizes`.
pub fn recommend(history: &History, top: usize) -> Vec<Recommended> {
    let _ = (history, top);
    todo!("Count for each pair of lessons who completed both, then score each learner.")
}
// ANCHOR_END: recommend
