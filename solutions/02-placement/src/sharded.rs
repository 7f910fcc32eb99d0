//! Scoring over shards, with the result of one thread.
//!
//! A learner's row is needed by nobody but the shard that has it; what is counted over *all* learners
//! is needed by every shard. So there are two rounds. In the first each shard gets its learners, keeps
//! them, and answers with its own counts; these are added up here. In the second each shard gets the
//! sum, and answers with its learners' best lessons.
//!
//! The other design that suggests itself has one round, in which every shard gets all rows and scores
//! some of them. It has no second barrier to wait at, and it sends the whole history to every shard:
//! with each one that is added, the work *around* the work grows.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::fabric::{Broken, Fabric};
use crate::history::{History, Lesson, MAX_LESSONS};
use crate::message::{from_bytes, to_bytes};
use crate::scoring::{Counts, Recommended, Scored, Scorer};

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

/// To a shard. Borrowed where it is sent, so that nothing is copied twice.
#[derive(Serialize)]
enum Ask<'a> {
    Count {
        lessons: usize,
        rows: Vec<&'a [Lesson]>,
    },
    Score {
        counts: &'a Counts,
        top: usize,
    },
}

/// The same as [`Ask`], as it arrives.
#[derive(Deserialize)]
enum Asked {
    Count {
        lessons: usize,
        rows: Vec<Vec<Lesson>>,
    },
    Score {
        counts: Counts,
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
pub fn recommend(
    history: &History,
    top: usize,
    shards: &mut impl Fabric,
) -> Result<Vec<Recommended>, Unscored> {
    if shards.shards() == 0 {
        return Err(Unscored::NoShards);
    }
    let lessons = history.lessons().len();
    let parts = split(history, shards.shards());

    let mut counts = Counts::new(lessons);
    let requests = parts.iter().map(|part| {
        let rows = part.clone().map(|at| history.completed(at)).collect();
        to_bytes(&Ask::Count { lessons, rows })
    });
    for (shard, answer) in shards.round(requests.collect())?.iter().enumerate() {
        from_bytes(answer)
            .and_then(|counted| counts.merge(&counted))
            .ok_or(Unscored::NoAnswer(shard))?;
    }

    let request = to_bytes(&Ask::Score {
        counts: &counts,
        top,
    });
    let requests = vec![request; parts.len()];
    let mut all = Vec::with_capacity(history.learners().len());
    for (shard, answer) in shards.round(requests)?.iter().enumerate() {
        let best: Best = from_bytes(answer).ok_or(Unscored::NoAnswer(shard))?;
        if best.len() != parts[shard].len() {
            return Err(Unscored::NoAnswer(shard));
        }
        for (at, best) in parts[shard].clone().zip(best) {
            all.push(named(history, at, best).ok_or(Unscored::NoAnswer(shard))?);
        }
    }
    Ok(all)
}
// ANCHOR_END: recommend

/// What a shard does. It lives as long as its shard, and remembers its rows between the rounds.
#[derive(Default)]
pub struct Worker {
    /// What the last counting was about; nothing before the first.
    rows: Option<Rows>,
}

/// A shard's part of a history.
struct Rows {
    lessons: usize,
    rows: Vec<Vec<Lesson>>,
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
    /// length about at most [`MAX_LESSONS`] lessons needs.
    pub fn handle(&mut self, request: &[u8]) -> Result<Vec<u8>, Refused> {
        match from_bytes(request).ok_or(Refused)? {
            Asked::Count { lessons, rows } => {
                if lessons > MAX_LESSONS || !rows.iter().all(|row| rises_below(lessons, row)) {
                    return Err(Refused);
                }
                let mut counts = Counts::new(lessons);
                for row in &rows {
                    counts.add(row);
                }
                self.rows = Some(Rows { lessons, rows });
                Ok(to_bytes(&counts))
            }
            Asked::Score { counts, top } => {
                let Rows { lessons, rows } = self.rows.as_ref().ok_or(Refused)?;
                let shares = counts.shares_of(*lessons).ok_or(Refused)?;
                let mut scorer = Scorer::new(&shares);
                let best: Best = rows.iter().map(|row| scorer.best(row, top)).collect();
                Ok(to_bytes(&best))
            }
        }
    }
    // ANCHOR_END: handle
}

/// Whether this is a row of a history of so many lessons.
fn rises_below(lessons: usize, row: &[Lesson]) -> bool {
    row.is_sorted_by(|first, second| first < second)
        && row.last().is_none_or(|&last| usize::from(last) < lessons)
}
