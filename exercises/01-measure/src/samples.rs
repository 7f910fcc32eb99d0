//! What calls cost, with nothing left out.
//!
//! A latency figure lies most easily by what is missing from it. The slow sample that did not fit the
//! histogram's range; the call that failed, and so was not counted; and the calls that were never
//! made, because the one before them was stuck. The last is the hardest to see, and the largest:
//! a loop that waits for each reply before it starts the next clock asks no question while the
//! server stalls, and reports a stall of a second as one slow call in a hundred thousand.

use std::time::Duration;

/// How long calls took.
#[derive(Clone, Debug)]
pub struct Samples {
    // Where samples are kept. It is yours to choose.
}

impl Samples {
    /// No samples yet.
    ///
    /// Judged by every test in `samples`.
    pub fn new() -> Self {
        todo!("Choose where samples are kept: a histogram that can grow, or every sample.")
    }

    /// Adds a sample. Any duration counts, from zero to the largest there is; beyond 584 years it
    /// may count as 584 years.
    ///
    /// Judged by `samples::no_duration_is_out_of_range`.
    pub fn record(&mut self, took: Duration) {
        let _ = took;
        todo!("Record a sample, however short or long it is.")
    }

    /// Adds all of another's samples, such as another thread's.
    ///
    /// Judged by `samples::quantiles_are_those_of_all_samples`, which merges.
    pub fn merge(&mut self, other: &Self) {
        let _ = other;
        todo!("Add every sample of the other, also those beyond what this one has seen.")
    }

    /// How many samples there are.
    ///
    /// Judged by every test in `samples`.
    pub fn len(&self) -> u64 {
        todo!("Count the samples.")
    }

    /// The duration that at least the share `q` of all samples did not exceed, to within 0.1%:
    /// `quantile(0.5)` is the median. `q` is clamped to 0..=1; `None` if there are no samples.
    ///
    /// Judged by `samples::quantiles_are_those_of_all_samples`.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let _ = q;
        todo!("Find the smallest sample that at least this share of all did not exceed.")
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The longest sample, to within 0.1%; `None` if there are none.
    pub fn max(&self) -> Option<Duration> {
        self.quantile(1.0)
    }
}

impl Default for Samples {
    fn default() -> Self {
        Self::new()
    }
}

/// What [`paced`] saw.
#[derive(Clone, Debug, Default)]
pub struct Paced {
    /// One sample for each call, whatever became of it.
    pub samples: Samples,
    /// How many of them failed.
    pub failed: u64,
}

/// Makes `count` calls, numbered from 0, on a schedule: the first at once and then one per `every`.
/// Records how late each was answered, *counted from when it was due*.
///
/// One call is made at a time. When one is stuck, those that were due meanwhile follow as soon as it is
/// done, each with its wait in its sample: a user would have waited that long. A call that fails is recorded
/// like any other. With an `every` of zero all calls are due at once.
///
/// On a real clock Tokio's timer wakes a millisecond or two late, which lands in every sample: much shorter
/// calls need a finer clock.
///
/// Judged by `samples::a_failed_call_is_a_sample`,
/// `samples::a_stall_is_charged_to_every_call_it_delayed` and `samples::calls_start_when_they_are_due`.
pub async fn paced<T, E>(
    count: u32,
    every: Duration,
    call: impl AsyncFnMut(u32) -> Result<T, E>,
) -> Paced {
    let _ = (count, every, call);
    todo!("Call on schedule, and measure each call from when it was due (use Tokio's own clock).")
}
