//! What something can carry, before it is asked to.

use std::time::Duration;

use crate::quantity::{Rate, Unusable};

// ANCHOR: little
/// How many requests are there at once, on average, when they arrive at `rate` and each stays for
/// `stay`: Little's law, `L = λW` ([Little 1961](https://doi.org/10.1287/opre.9.3.383)).
///
/// It holds for anything that a border can be drawn around: a queue, a thread pool, a database, all of them
/// together. It does not matter how arrivals are spread, only that what comes in goes out.
///
/// Judged by `figures::what_is_there_is_what_arrives_times_its_stay`.
pub fn in_flight(rate: Rate, stay: Duration) -> f64 {
    let _ = (rate, stay);
    todo!("Multiply what arrives by how long it stays, in the same unit of time.")
}

/// How many workers keep up with requests that arrive at `rate` and occupy one of them for `work`
/// each, if no worker may be busy for more than the share `busy` of its time. A rounding error is no reason
/// for another worker: 100 a second, 70 ms each, need seven (the hardening tests this).
///
/// # Errors
/// [`Unusable`] if `busy` is not above 0 and at most 1, whatever arrives.
///
/// Judged by `figures::enough_workers_keep_up_and_none_is_idle_by_mistake`.
pub fn workers_for(rate: Rate, work: Duration, busy: f64) -> Result<u64, Unusable> {
    let _ = (rate, work, busy);
    todo!(
        "Find out how many workers are busy on average, and how many that takes if each may be idle for a while."
    )
}
// ANCHOR_END: little

/// A throughput as measured over several rounds, each second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The round in which it was lowest.
    pub lowest: f64,
    /// The round in the middle.
    pub median: f64,
    /// The round in which it was highest.
    pub highest: f64,
}

/// The smallest number of shards that beats one competent thread: the *configuration that outperforms
/// a single thread* ([McSherry, Isard, Murray
/// 2015](https://www.usenix.org/conference/hotos15/workshop-program/presentation/mcsherry)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cost {
    /// That many shards beat it.
    Shards(u32),
    /// None that was measured did.
    NotWith {
        /// The largest number that was tried.
        up_to: u32,
    },
}

/// Why there is no [`Cost`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoCost {
    /// No shards were measured.
    #[error("nothing was measured with shards: there is nothing to compare the thread with")]
    NotMeasured,
    /// A measurement is not a throughput.
    #[error("a throughput among the measurements is unusable: {0}")]
    Unusable(#[from] Unusable),
}

// ANCHOR: cost
/// Finds the smallest number of shards whose *lowest* round is above the *highest* round of the
/// thread. A lead that is smaller than the noise is none.
///
/// The measurements of `sharded` are in any order.
///
/// # Errors
/// [`NoCost`] if `sharded` is empty, or some figure is `NaN`, infinite, zero or negative.
///
/// Judged by `figures::the_cost_is_the_smallest_number_that_wins` and
/// `figures::a_lead_within_the_noise_is_none`.
pub fn cost(thread: Measured, sharded: &[(u32, Measured)]) -> Result<Cost, NoCost> {
    let _ = (thread, sharded);
    todo!(
        "Find the smallest number of shards that was better in its worst round than the thread in its best."
    )
}
// ANCHOR_END: cost
