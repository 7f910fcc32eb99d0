//! Who completed what, and what is then to be recommended.

use super::unharmed;
use domain::{LearnerId, LessonId};
use placement::history::History;
use placement::scoring::{self, Recommended};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use story::{Picks, note, search};

/// Rows of lesson numbers; the learners are numbered from 100.
pub fn history(rows: &[Vec<u64>]) -> History {
    let rows = (100..).zip(rows).map(|(learner, row)| {
        let row = row.iter().copied().map(LessonId).collect();
        (LearnerId(learner), row)
    });
    History::new(rows).expect("few lessons")
}

/// Tries `property` on histories of one learner up to thirty, with up to 7 of 12 lessons each; one that
/// fails is reported with as few learners as it takes.
pub fn any_history(property: impl Fn(&History)) {
    let row =
        |picks: &mut Picks| -> Vec<u64> { (0..picks.below(8)).map(|_| picks.below(12)).collect() };
    for learners in [1, 3, 8, 30] {
        search(10, learners, row, |rows| {
            // In no order of their ids: 7 and 31 have no divisor in common, and no id comes twice.
            let learners = (0..).map(|at| LearnerId(100 + at * 7 % 31));
            let rows = learners.zip(rows).map(|(learner, row)| {
                note(format!("learner {} completed {row:?}", learner.0));
                (learner, row.iter().copied().map(LessonId).collect())
            });
            let rows: Vec<_> = rows.collect();
            property(&History::new(rows).expect("few lessons"));
        });
    }
}

/// A history of this many learners with some `each` of 16 lessons.
pub fn regular(learners: u64, each: u64) -> History {
    let row = |learner: u64| {
        (0..each)
            .map(move |n| (learner * 7 + n * n + n) % 16)
            .collect()
    };
    history(&(0..learners).map(row).collect::<Vec<_>>())
}

/// The reader's one thread, which has to return.
pub fn one_thread(history: &History, top: usize) -> Vec<Recommended> {
    let learners = history.learners().len();
    unharmed(
        &format!("Scoring {learners} learners on one thread"),
        || scoring::recommend(history, top),
    )
}

/// Only the lessons and their scores.
pub fn plain(recommended: &[Recommended]) -> Vec<Vec<(LessonId, u64)>> {
    let row = |one: &Recommended| one.lessons.iter().map(|to| (to.lesson, to.score)).collect();
    recommended.iter().map(row).collect()
}

/// By the definition: for each learner all scores, however long that takes.
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
        scored.sort_by_key(|&(lesson, score)| (Reverse(score), lesson));
        scored.truncate(top);
        scored
    };
    rows.iter().map(scores).collect()
}
