//! What calls cost, with nothing left out.
//!
//! A latency figure lies most easily by what is missing from it. The slow sample that did not fit the
//! histogram's range; the call that failed, and so was not counted; and the calls that were never
//! made, because the one before them was stuck. The last is the hardest to see, and the largest:
//! a loop that waits for each reply before it starts the next clock asks no question while the
//! server stalls, and reports a stall of a second as one slow call in a hundred thousand.

use hdrhistogram::Histogram;
use std::time::Duration;
use tokio::time::Instant;

/// How long calls took.
#[derive(Clone, Debug)]
pub struct Samples {
    nanos: Histogram<u64>,
}

impl Samples {
    /// No samples yet.
    ///
    /// # Panics
    /// Never: three digits are within what the histogram can do.
    pub fn new() -> Self {
        // Three significant digits, and a range that grows with what comes: a histogram with a fixed
        // range is smaller, and has to choose between refusing a sample and misreporting it. Keeping
        // every sample in a `Vec` is exact, and costs eight bytes for each for ever.
        Self {
            nanos: Histogram::new(3).expect("three significant digits"),
        }
    }

    // ANCHOR: record
    /// Adds a sample. Any duration counts, from zero to the largest there is; beyond 584 years it
    /// counts as 584 years.
    ///
    /// # Panics
    /// Never: the histogram grows to hold any `u64`.
    pub fn record(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos
            .record(nanos)
            .expect("the range grows to hold any value");
    }
    // ANCHOR_END: record

    // ANCHOR: merge
    /// Adds all of another's samples, such as another thread's.
    ///
    /// # Panics
    /// Never: the histogram grows to hold what the other holds.
    pub fn merge(&mut self, other: &Self) {
        self.nanos
            .add(&other.nanos)
            .expect("the range grows to hold any value");
    }
    // ANCHOR_END: merge

    /// How many samples there are.
    pub fn len(&self) -> u64 {
        self.nanos.len()
    }

    // ANCHOR: quantile
    /// The duration that at least the share `q` of all samples did not exceed, to within 0.1%:
    /// `quantile(0.5)` is the median. `q` is clamped to 0..=1; `None` if there are no samples.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        (!self.is_empty())
            .then(|| Duration::from_nanos(self.nanos.value_at_quantile(q.clamp(0.0, 1.0))))
    }

    // ANCHOR_END: quantile

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

// ANCHOR: paced
/// Makes `count` calls, numbered from 0, on a schedule: the first at once and then one per `every`.
/// Records how late each was answered, *counted from when it was due*.
///
/// One call is made at a time. When one is stuck, those that were due meanwhile follow as soon as it
/// is done, each with the wait in its sample: a user who wanted something then would have waited
/// that long. A call that fails took its time too, and is recorded like any other.
///
/// On a real clock Tokio's timer wakes up to a millisecond or two late, and that lands in every
/// sample: for calls much shorter than that, the schedule needs a finer clock than this.
///
/// Starting each call on time, whatever the others do, is the other honest way. It shows what a
/// crowd of independent users would see, and needs a bound on how many calls may be open.
pub async fn paced<T, E>(
    count: u32,
    every: Duration,
    mut call: impl AsyncFnMut(u32) -> Result<T, E>,
) -> Paced {
    let mut paced = Paced::default();
    let start = Instant::now();
    for number in 0..count {
        let due = start + every * number;
        tokio::time::sleep_until(due).await;
        if call(number).await.is_err() {
            paced.failed += 1;
        }
        paced.samples.record(due.elapsed());
    }
    paced
}
// ANCHOR_END: paced
