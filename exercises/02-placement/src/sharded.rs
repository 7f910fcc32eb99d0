//! Scoring over shards, with the result of one thread.
//!
//! Think first of what a shard needs to know, and of who else needs to know it: a learner's row is one
//! thing, what is counted over all learners another. What you say to a shard is yours to choose: an enum
//! that derives `Serialize` and `Deserialize` will do, and [`crate::message`] makes bytes of it.

use std::ops::Range;

use crate::fabric::{Broken, Fabric};
use crate::history::History;
use crate::scoring::Recommended;

/// Why there is no result. There is never a part of one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unscored {
    /// Nobody is there to do the work.
    #[error("there are no shards: score on one thread, which needs none")]
    NoShards,
    /// A shard did not answer.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A shard answered with what cannot be an answer.
    #[error("shard {0} answered with something that is no answer to what it was asked")]
    NoAnswer(usize),
}

/// What a shard says to bytes that are no request, or to the second request before the first.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is no request that I can answer now")]
pub struct Refused;

// ANCHOR: split
/// Splits the learners of `history` into `parts` neighbouring ranges, in order, which together are all
/// of them; some may be empty.
///
/// What makes a part heavy is completions and not learners: no part has more completions than its fair
/// share and one more learner's.
///
/// Judged by `shards::parts_are_the_whole_and_none_is_heavy`, first of its stage, and
/// `shards::a_few_busy_learners_do_not_share_a_shard`.
pub fn split(history: &History, parts: usize) -> Vec<Range<usize>> {
    let _ = (history, parts);
    todo!("Cut the learners into ranges of about as many completions each.")
}
// ANCHOR_END: split

// ANCHOR: recommend
/// What [`recommend`](crate::scoring::recommend) returns, computed by the shards: the same for
/// every number of shards, or an error.
///
/// Takes two rounds, in which each row of the history is sent once and to one shard. No row is read more
/// than four times for that.
///
/// # Errors
/// [`Unscored`] if there is no shard, or one of them does not answer or answers nonsense: also one that
/// has no learners, since nobody knows what else is wrong with it. There is no result then, and after an
/// error the shards can be asked again.
///
/// Judged by every test in `shards`, where shards are lost; nonsense comes with the hardening, in `nights`.
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
    // What it remembers between the rounds. It is yours to choose.
}

impl Worker {
    /// A worker that was asked nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    // ANCHOR: handle
    /// Answers one request.
    ///
    /// # Errors
    /// [`Refused`] if that is no request, or comes before the one that it needs. Whatever the bytes
    /// are, this does not panic, and allocates no more than they and
    /// [`MAX_LESSONS`](crate::history::MAX_LESSONS) can be worth.
    ///
    /// Judged with [`recommend`] by the tests in `shards`; of the hardening, by those in `shard`.
    pub fn handle(&mut self, request: &[u8]) -> Result<Vec<u8>, Refused> {
        let _ = request;
        todo!(
            "Read the request, refuse what is none, do the shard's part of the work and answer in bytes."
        )
    }
    // ANCHOR_END: handle
}
