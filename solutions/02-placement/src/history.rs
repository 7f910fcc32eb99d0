//! Who completed which lessons.
//!
//! Rows lie one after the other in one vector, and a lesson is a small index in them, not an id of
//! eight bytes: twenty completions are forty bytes, and walking through all rows reads memory from end
//! to end. A map from learner to set of lessons would be the obvious form; it is a walk from pointer to
//! pointer, before the first score is computed.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{LearnerId, LessonId};

/// A lesson within one [`History`]: its place among [`History::lessons`].
pub type Lesson = u16;

/// How many different lessons one history may hold. What is counted for each pair of lessons then
/// stays within 16 MiB, and a lesson fits a [`Lesson`].
pub const MAX_LESSONS: usize = 2_048;

/// The lessons that each of some learners completed.
#[derive(Debug, Default)]
pub struct History {
    lessons: Vec<LessonId>,
    learners: Vec<LearnerId>,
    /// Where each learner's row ends in `completed`.
    ends: Vec<usize>,
    completed: Vec<Lesson>,
    /// How many rows were asked for; written by [`History::completed`] only.
    reads: AtomicU64,
}

/// There are more than [`MAX_LESSONS`] different lessons.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} different lessons are more than a history holds: at most {MAX_LESSONS}")]
pub struct TooManyLessons(pub usize);

impl History {
    /// The history of these learners, in this order. A lesson that a learner completed twice counts
    /// once.
    ///
    /// # Errors
    /// [`TooManyLessons`] if there are more than [`MAX_LESSONS`] of them.
    pub fn new(
        rows: impl IntoIterator<Item = (LearnerId, Vec<LessonId>)>,
    ) -> Result<Self, TooManyLessons> {
        let rows: Vec<_> = rows.into_iter().collect();
        let lessons: BTreeSet<LessonId> = rows.iter().flat_map(|(_, row)| row).copied().collect();
        let lessons: Vec<LessonId> = lessons.into_iter().collect();
        if lessons.len() > MAX_LESSONS {
            return Err(TooManyLessons(lessons.len()));
        }
        let mut history = Self {
            lessons,
            ..Self::default()
        };
        for (learner, row) in rows {
            let mut row: Vec<Lesson> = row
                .iter()
                .filter_map(|lesson| history.lessons.binary_search(lesson).ok())
                .filter_map(|at| Lesson::try_from(at).ok())
                .collect();
            row.sort_unstable();
            row.dedup();
            history.completed.extend(row);
            history.learners.push(learner);
            history.ends.push(history.completed.len());
        }
        Ok(history)
    }

    /// Every lesson that somebody completed, rising.
    pub fn lessons(&self) -> &[LessonId] {
        &self.lessons
    }

    /// The learners, in the order in which they were given.
    pub fn learners(&self) -> &[LearnerId] {
        &self.learners
    }

    /// The lessons that the learner at `at` completed, rising, each once.
    ///
    /// This is counted: see [`History::reads`].
    ///
    /// # Panics
    /// If there are not that many learners.
    pub fn completed(&self, at: usize) -> &[Lesson] {
        self.reads.fetch_add(1, Ordering::Relaxed);
        &self.completed[self.row(at)]
    }

    /// How many lessons the learner at `at` completed, without reading them.
    ///
    /// # Panics
    /// If there are not that many learners.
    pub fn width(&self, at: usize) -> usize {
        self.row(at).len()
    }

    /// How many lessons all of them completed.
    pub fn completions(&self) -> usize {
        self.completed.len()
    }

    /// How many rows were read so far, by [`History::completed`].
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    fn row(&self, at: usize) -> Range<usize> {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        start..self.ends[at]
    }
}
