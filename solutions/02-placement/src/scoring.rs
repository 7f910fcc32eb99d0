//! Scoring on one competent thread.
//!
//! *Learners who completed what you completed also completed this.* For a learner and a lesson that
//! they have not completed, each lesson that they *have* completed adds the share of its learners who
//! also completed the candidate. The best few are recommended.
//!
//! What makes one thread competent is not cleverness. It reads each row twice, once to count and once
//! to score; it counts into one flat vector and adds up in another, and allocates nothing for a learner
//! but the answer. The obvious program, which compares each learner with each other one, does the
//! same for ten learners and would take days for a hundred thousand. A system of many machines that runs
//! the obvious program beats one machine that runs it, too: that is how slow systems come to scale.

use domain::{LearnerId, LessonId};
use serde::{Deserialize, Serialize};

use crate::history::{History, Lesson};

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
pub fn recommend(history: &History, top: usize) -> Vec<Recommended> {
    let mut counts = Counts::new(history.lessons().len());
    for at in 0..history.learners().len() {
        counts.add(history.completed(at));
    }
    let shares = counts.shares();
    let mut scorer = Scorer::new(&shares);
    (0..history.learners().len())
        .map(|at| Recommended {
            learner: history.learners()[at],
            lessons: scorer
                .best(history.completed(at), top)
                .into_iter()
                .map(|(lesson, score)| Scored {
                    lesson: history.lessons()[usize::from(lesson)],
                    score,
                })
                .collect(),
        })
        .collect()
}
// ANCHOR_END: recommend

/// How many learners completed both of two lessons, for each pair; and one lesson, on the diagonal.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    lessons: usize,
    /// Row by row; the count of a pair stands in the row of the smaller lesson only.
    pairs: Vec<u32>,
}

impl Counts {
    /// None yet, of this many lessons.
    pub(crate) fn new(lessons: usize) -> Self {
        Self {
            lessons,
            pairs: vec![0; lessons * lessons],
        }
    }

    /// Counts one learner's lessons, which rise.
    pub(crate) fn add(&mut self, completed: &[Lesson]) {
        for (at, &first) in completed.iter().enumerate() {
            let row = usize::from(first) * self.lessons;
            for &second in &completed[at..] {
                self.pairs[row + usize::from(second)] += 1;
            }
        }
    }

    /// Adds what was counted elsewhere, if it is of as many lessons, which the number of pairs says.
    pub(crate) fn merge(&mut self, others: &Self) -> Option<()> {
        if others.pairs.len() != self.pairs.len() {
            return None;
        }
        for (count, &more) in self.pairs.iter_mut().zip(&others.pairs) {
            *count = count.checked_add(more)?;
        }
        Some(())
    }

    /// The shares, if what was counted is of this many lessons: counts can come from elsewhere.
    pub(crate) fn shares_of(&self, lessons: usize) -> Option<Shares> {
        let whole = self.lessons == lessons && self.pairs.len() == lessons * lessons;
        whole.then(|| self.shares())
    }

    /// For each lesson a row: the share of its learners who also completed each other one.
    pub(crate) fn shares(&self) -> Shares {
        let mut shares = vec![0; self.pairs.len()];
        for first in 0..self.lessons {
            let learners = u64::from(self.pairs[first * self.lessons + first]);
            for second in 0..self.lessons {
                let (low, high) = (first.min(second), first.max(second));
                let together = u64::from(self.pairs[low * self.lessons + high]);
                shares[first * self.lessons + second] =
                    (together * WHOLE).checked_div(learners).unwrap_or(0);
            }
        }
        Shares {
            lessons: self.lessons,
            shares,
        }
    }
}

/// What [`Counts::shares`] made.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    lessons: usize,
    shares: Vec<u64>,
}

/// Scores one learner after the other, in the same memory.
pub(crate) struct Scorer<'a> {
    shares: &'a Shares,
    scores: Vec<u64>,
    /// What one learner might be recommended. Kept from learner to learner, so that the answer takes no
    /// more memory than it needs: truncated in place, it would hold on to a place for every lesson.
    candidates: Vec<(Lesson, u64)>,
}

impl<'a> Scorer<'a> {
    pub(crate) fn new(shares: &'a Shares) -> Self {
        Self {
            shares,
            scores: vec![0; shares.lessons],
            candidates: Vec::with_capacity(shares.lessons),
        }
    }

    /// The best lessons for who completed these.
    pub(crate) fn best(&mut self, completed: &[Lesson], top: usize) -> Vec<(Lesson, u64)> {
        self.scores.fill(0);
        for &lesson in completed {
            let row = usize::from(lesson) * self.shares.lessons;
            let row = &self.shares.shares[row..row + self.shares.lessons];
            for (score, share) in self.scores.iter_mut().zip(row) {
                *score += share;
            }
        }
        for &lesson in completed {
            self.scores[usize::from(lesson)] = 0;
        }
        self.candidates.clear();
        let scores = (0..).zip(self.scores.iter().copied());
        self.candidates
            .extend(scores.filter(|&(_, score)| score > 0));
        let order = |&(lesson, score): &(Lesson, u64)| (std::cmp::Reverse(score), lesson);
        // Only the best are put into order: the others need none.
        if top < self.candidates.len() {
            self.candidates.select_nth_unstable_by_key(top, order);
            self.candidates.truncate(top);
        }
        self.candidates.sort_unstable_by_key(order);
        self.candidates.clone()
    }
}
