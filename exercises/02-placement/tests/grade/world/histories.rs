//! Who completed what, and what is then to be recommended.

use std::collections::BTreeSet;

use domain::{LearnerId, LessonId};
use placement::history::History;
use proptest::collection::vec;
use proptest::prelude::*;

/// Rows of lesson numbers; the learners are numbered from 100.
pub fn history(rows: &[Vec<u64>]) -> History {
    let rows = (100..).zip(rows).map(|(learner, row)| {
        (
            LearnerId(learner),
            row.iter().copied().map(LessonId).collect(),
        )
    });
    History::new(rows).expect("few lessons")
}

/// Histories of up to 30 learners and 12 lessons, some of whom completed nothing.
pub fn rows() -> impl Strategy<Value = Vec<Vec<u64>>> {
    vec(vec(0_u64..12, 0..8), 0..30)
}

/// A history of this many learners with some `each` of 16 lessons.
pub fn regular(learners: u64, each: u64) -> Vec<Vec<u64>> {
    let row = |learner: u64| {
        (0..each)
            .map(move |n| (learner * 7 + n * n + n) % 16)
            .collect()
    };
    (0..learners).map(row).collect()
}

/// What the definition says: for each learner all scores, and no thought for how long it takes.
pub fn by_definition(history: &History, top: usize) -> Vec<Vec<(LessonId, u64)>> {
    let rows: Vec<BTreeSet<u16>> = (0..history.learners().len())
        .map(|at| history.completed(at).iter().copied().collect())
        .collect();
    let scores = |row: &BTreeSet<u16>| {
        let mut scored = Vec::new();
        for (candidate, &id) in (0..).zip(history.lessons()) {
            if row.contains(&candidate) {
                continue;
            }
            let share = |lesson: &u16| {
                let with = |lesson: u16| rows.iter().filter(move |row| row.contains(&lesson));
                let together = with(*lesson).filter(|row| row.contains(&candidate)).count();
                (together * 1_000_000 / with(*lesson).count()) as u64
            };
            let score: u64 = row.iter().map(share).sum();
            if score > 0 {
                scored.push((id, score));
            }
        }
        scored.sort_by_key(|&(lesson, score)| (std::cmp::Reverse(score), lesson));
        scored.truncate(top);
        scored
    };
    rows.iter().map(scores).collect()
}
