//! Scoring over shards, with the result of one thread.
//!
//! Think first of what a shard needs to know, and of who else needs to know it: a learner's row is one
//! thing, what is counted over all learners another. [`Request`] and [`Best`] are two messages to begin with,
//! and [`crate::message`] makes bytes of them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::fabric::{Broken, Fabric};
use crate::history::{History, Lesson};
use crate::scoring::{Recommended, Scored};

/// Why there is no result. There is never a part of one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unscored {
    /// There is no shard to do the work.
    #[error("there are no shards: score on one thread, which needs none")]
    NoShards,
    /// A shard did not answer.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A shard answered with something that cannot be an answer.
    #[error("shard {0} answered with something that is not an answer to what it was asked")]
    NoAnswer(usize),
}

/// What a shard returns for bytes that are not a request, or for the second request before the first.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is not a request that I can answer now")]
pub struct Refused;

/// What a shard is asked, given as a beginning: change it as your counts need it. It is answered with the
/// shard's own counts, and then with [`Best`].
#[derive(Serialize, Deserialize)]
pub enum Request {
    /// Keep these rows, and count them: of so many lessons.
    Count {
        /// How many lessons the history has.
        lessons: usize,
        /// A row for each of the shard's learners.
        rows: Vec<Vec<Lesson>>,
    },
    /// Score the rows that you keep.
    Score {
        /// What all shards counted, together.
        counts: Vec<u32>,
        /// How many lessons to recommend to each.
        top: usize,
    },
}

/// What a shard answers to the second: the best lessons of each of its rows, with their scores.
pub type Best = Vec<Vec<(Lesson, u64)>>;

/// What is recommended to the learner at `at`, with ids in place of a shard's small numbers; `None` if the
/// history has no such lesson. Given.
pub fn named(history: &History, at: usize, best: Vec<(Lesson, u64)>) -> Option<Recommended> {
    let scored = |(lesson, score)| {
        let lesson = *history.lessons().get(usize::from(lesson))?;
        Some(Scored { lesson, score })
    };
    Some(Recommended {
        learner: *history.learners().get(at)?,
        lessons: best.into_iter().map(scored).collect::<Option<_>>()?,
    })
}

// ANCHOR: split
/// Splits the learners of `history` into `parts` neighbouring ranges, in order, which together are all
/// of them; some may be empty. Given.
///
/// What makes a part heavy is completions and not learners: no part has more completions than its fair
/// share plus those of one learner.
pub fn split(history: &History, parts: usize) -> Vec<Range<usize>> {
    let learners = history.learners().len();
    let (mut start, mut end, mut before) = (0, 0, 0);
    (1..=parts)
        .map(|part| {
            // Up to here, this part and those before it would have their fair share.
            let fair = history.completions() * part / parts;
            while end < learners && (part == parts || before < fair) {
                before += history.width(end);
                end += 1;
            }
            let range = start..end;
            start = end;
            range
        })
        .collect()
}
// ANCHOR_END: split

// ANCHOR: recommend
/// What [`recommend`](crate::scoring::recommend) returns, computed by the shards: the same for
/// every number of shards, or an error.
///
/// Takes two rounds, in which each row of the history is sent once, to one shard. No row is read more than
/// four times.
///
/// # Errors
/// [`Unscored`] if there is no shard, or one of them does not answer or answers nonsense: also one that
/// has no learners, since nobody knows what else is wrong with it. There is no result then. After an error
/// the shards can be asked again.
///
/// Judged by every test in `shards`, where shards are lost or answer too little; other nonsense comes with
/// the hardening, in `nights`.
pub fn recommend(
    history: &History,
    top: usize,
    shards: &mut impl Fabric,
) -> Result<Vec<Recommended>, Unscored> {
    let _ = (history, top, shards);
    todo!(
        "Send each shard its rows, add up what they counted, send that, and join what they found."
    )
}
// ANCHOR_END: recommend

/// What a shard does. It lives as long as its shard, and remembers its rows between the rounds.
#[derive(Default)]
pub struct Worker {
    // What it keeps between the rounds is yours to choose.
}

impl Worker {
    /// A worker that has not been asked anything yet.
    pub fn new() -> Self {
        Self::default()
    }

    // ANCHOR: handle
    /// Answers one request.
    ///
    /// # Errors
    /// [`Refused`] if the bytes are not a request, or one that comes before the one that it needs. For the
    /// hardening: whatever they are, this does not panic, and reserves no more memory than a request of that
    /// length about at most [`MAX_LESSONS`](crate::history::MAX_LESSONS) lessons needs.
    ///
    /// Judged with [`recommend`] by the tests in `shards`, and in the hardening by those in `shard`.
    pub fn handle(&mut self, request: &[u8]) -> Result<Vec<u8>, Refused> {
        let _ = request;
        todo!(
            "Decode the request, refuse what is not one, do the shard's part of the work, and answer in bytes."
        )
    }
    // ANCHOR_END: handle
}
