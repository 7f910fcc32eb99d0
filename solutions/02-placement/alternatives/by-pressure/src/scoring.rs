//! Scoring with maps of what occurs: pairs that nobody completed together take no room.

use std::collections::{BTreeSet, HashMap};

use crate::history::{History, Lesson};

/// Given by the lab.
pub use ours::scoring::{Recommended, Scored, WHOLE};

/// As the lab says.
pub fn recommend(history: &History, top: usize) -> Vec<Recommended> {
    let rows: Vec<&[Lesson]> = (0..history.learners().len())
        .map(|at| history.completed(at))
        .collect();
    let together = Together::of(&rows);
    history
        .learners()
        .iter()
        .zip(rows)
        .map(|(&learner, row)| Recommended {
            learner,
            lessons: together
                .best(row, top)
                .into_iter()
                .map(|(lesson, score)| Scored {
                    lesson: history.lessons()[usize::from(lesson)],
                    score,
                })
                .collect(),
        })
        .collect()
}

/// For each lesson how many of its learners completed each lesson, itself among them.
#[derive(Debug, Default)]
pub(crate) struct Together(HashMap<Lesson, HashMap<Lesson, u32>>);

impl Together {
    /// What these rows come to, by way of who completed each lesson.
    pub(crate) fn of<R: AsRef<[Lesson]>>(rows: &[R]) -> Self {
        let mut learners: HashMap<Lesson, Vec<usize>> = HashMap::new();
        for (learner, row) in rows.iter().enumerate() {
            for &lesson in row.as_ref() {
                learners.entry(lesson).or_default().push(learner);
            }
        }
        let count = |learners: Vec<usize>| {
            let mut counts = HashMap::new();
            for other in learners
                .into_iter()
                .flat_map(|learner| rows[learner].as_ref())
            {
                *counts.entry(*other).or_insert(0) += 1;
            }
            counts
        };
        let counts = learners
            .into_iter()
            .map(|(lesson, learners)| (lesson, count(learners)));
        Self(counts.collect())
    }

    /// Every pair of which somebody completed both, once and in order.
    pub(crate) fn pairs(&self) -> Vec<(Lesson, Lesson, u32)> {
        let mut pairs: Vec<_> = self
            .0
            .iter()
            .flat_map(|(&first, row)| {
                row.iter()
                    .map(move |(&second, &count)| (first, second, count))
            })
            .filter(|(first, second, _)| first <= second)
            .collect();
        pairs.sort_unstable();
        pairs
    }

    /// Adds a pair; `None` if no counter goes that far.
    pub(crate) fn add(&mut self, first: Lesson, second: Lesson, count: u32) -> Option<()> {
        let mut add = |one, other| {
            let counter = self.0.entry(one).or_default().entry(other).or_insert(0);
            *counter = counter.checked_add(count)?;
            Some(())
        };
        add(first, second)?;
        if first == second {
            Some(())
        } else {
            add(second, first)
        }
    }

    /// The best lessons for who completed these.
    pub(crate) fn best(&self, completed: &[Lesson], top: usize) -> Vec<(Lesson, u64)> {
        let mut scores: HashMap<Lesson, u64> = HashMap::new();
        for lesson in completed {
            let Some(row) = self.0.get(lesson) else {
                continue;
            };
            let learners = row.get(lesson).copied().map_or(0, u64::from);
            for (&other, &together) in row {
                let share = (u64::from(together) * WHOLE).checked_div(learners);
                *scores.entry(other).or_insert(0) += share.unwrap_or(0);
            }
        }
        for lesson in completed {
            scores.remove(lesson);
        }
        // The best so far; the worst of them goes when there is one too many.
        let mut best = BTreeSet::new();
        for (lesson, score) in scores.into_iter().filter(|(_, score)| *score > 0) {
            best.insert((std::cmp::Reverse(score), lesson));
            if best.len() > top {
                best.pop_last();
            }
        }
        best.into_iter()
            .map(|(score, lesson)| (lesson, score.0))
            .collect()
    }
}
