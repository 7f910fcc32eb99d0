//! Scoring from sorted pairs: counted in a triangle, kept as the pairs that occur.

use crate::history::{History, Lesson};

/// Given by the lab.
pub use ours::scoring::{Recommended, Scored, WHOLE};

/// How many learners completed both of two lessons, of which the first is not the larger.
pub(crate) type Pair = ((Lesson, Lesson), u32);

/// As the lab says.
pub fn recommend(history: &History, top: usize) -> Vec<Recommended> {
    let lessons = history.lessons().len();
    let learners = 0..history.learners().len();
    let pairs = count(lessons, learners.clone().map(|at| history.completed(at)));
    let mut table = Table::new(lessons, &pairs);
    learners
        .map(|at| Recommended {
            learner: history.learners()[at],
            lessons: table
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

/// The pairs that occur in these rows, rising.
pub(crate) fn count<'a>(lessons: usize, rows: impl Iterator<Item = &'a [Lesson]>) -> Vec<Pair> {
    // Row n of the triangle has n + 1 places: those up to the diagonal.
    let mut triangle = vec![0_u32; lessons * (lessons + 1) / 2];
    for row in rows {
        for (at, &second) in row.iter().enumerate() {
            let second = usize::from(second);
            let start = second * (second + 1) / 2;
            for &first in &row[..=at] {
                triangle[start + usize::from(first)] += 1;
            }
        }
    }
    let places = (0..)
        .take(lessons)
        .flat_map(|second: Lesson| (0..=second).map(move |first| (first, second)));
    let mut pairs: Vec<Pair> = places
        .zip(triangle)
        .filter(|(_, count)| *count > 0)
        .collect();
    pairs.sort_unstable();
    pairs
}

/// For each lesson the shares of those that were completed with it, one row after the other.
pub(crate) struct Table {
    rows: Vec<Vec<(Lesson, u64)>>,
    scores: Vec<u64>,
}

impl Table {
    pub(crate) fn new(lessons: usize, pairs: &[Pair]) -> Self {
        let mut learners = vec![0_u64; lessons];
        for &((first, second), count) in pairs {
            if first == second {
                learners[usize::from(first)] = u64::from(count);
            }
        }
        let mut rows = vec![Vec::new(); lessons];
        for &((first, second), count) in pairs.iter().filter(|((first, second), _)| first != second)
        {
            for (of, other) in [(first, second), (second, first)] {
                let share = (u64::from(count) * WHOLE).checked_div(learners[usize::from(of)]);
                rows[usize::from(of)].push((other, share.unwrap_or(0)));
            }
        }
        Self {
            rows,
            scores: vec![0; lessons],
        }
    }

    /// The best lessons for who completed these.
    pub(crate) fn best(&mut self, completed: &[Lesson], top: usize) -> Vec<(Lesson, u64)> {
        let mut touched = Vec::new();
        for &lesson in completed {
            for &(other, share) in &self.rows[usize::from(lesson)] {
                let score = &mut self.scores[usize::from(other)];
                if *score == 0 && share > 0 {
                    touched.push(other);
                }
                *score += share;
            }
        }
        let mut best: Vec<(Lesson, u64)> = touched
            .into_iter()
            .map(|lesson| {
                (
                    lesson,
                    std::mem::take(&mut self.scores[usize::from(lesson)]),
                )
            })
            .filter(|(lesson, _)| completed.binary_search(lesson).is_err())
            .collect();
        best.sort_unstable_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
        // Cut off in place, each answer would hold on to the room of all its candidates.
        best.iter().take(top).copied().collect()
    }
}
