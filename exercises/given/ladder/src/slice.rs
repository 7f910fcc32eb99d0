//! A slice: one short stretch of measuring, and every sample taken in it.
//!
//! Slices are short (about 20 ms) so that many rungs can take turns within the time in which a
//! machine keeps its speed. Samples go into a histogram of fixed relative precision, because a
//! mean hides the tail and a list of samples disturbs what it measures.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Three significant digits: a p50 of 6.41 µs stays apart from one of 6.42.
const DIGITS: u8 = 3;

/// How long a slice lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// How long samples are taken, after a tenth of it to warm up.
    pub duration: Duration,
    /// Go on until there are this many samples, however long it takes.
    pub least: u64,
    /// Stop at this many samples, for rungs that use something up.
    pub most: u64,
}

impl Budget {
    /// A budget limited by time alone.
    pub const fn of(duration: Duration) -> Self {
        Self {
            duration,
            least: 1,
            most: u64::MAX,
        }
    }
}

/// Samples while they are taken. See [`Slice::time`].
pub struct Slice {
    budget: Budget,
    /// Samples taken before this instant are warm-up and not kept.
    warm_at: Instant,
    /// Set by the sample that ends the warm-up.
    ends_at: Option<Instant>,
    samples: Samples,
}

impl Slice {
    /// Starts a slice now.
    pub fn start(budget: Budget) -> Self {
        Self {
            budget,
            warm_at: Instant::now() + budget.duration / 10,
            ends_at: None,
            samples: Samples::default(),
        }
    }

    /// How long this slice takes samples, for a rung that runs many callers at once.
    pub const fn duration(&self) -> Duration {
        self.budget.duration
    }

    /// Whether another sample is wanted.
    pub fn goes_on(&self) -> bool {
        let Some(ends_at) = self.ends_at else {
            return true;
        };
        let taken = self.samples.len();
        taken < self.budget.least || (taken < self.budget.most && Instant::now() < ends_at)
    }

    /// Runs `operation` and keeps the time that it took.
    pub fn time<T>(&mut self, operation: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let out = operation();
        self.keep(start.elapsed(), 1);
        out
    }

    /// Keeps one sample: `times` operations in a row took `took` together.
    ///
    /// Reading the clock takes some 30 ns, so what is faster than that is measured in runs.
    pub fn keep(&mut self, took: Duration, times: u64) {
        if self.ends_at.is_some() {
            self.samples.add(took, times);
        } else {
            let now = Instant::now();
            if now >= self.warm_at {
                self.ends_at = Some(now + self.budget.duration);
            }
        }
    }

    /// Keeps a sample whatever the warm-up says, for a rung that did its own.
    pub fn keep_now(&mut self, took: Duration, times: u64) {
        self.ends_at.get_or_insert_with(Instant::now);
        self.samples.add(took, times);
    }

    /// Counts `times` of something, such as syncs: what is counted is exact where times only drift.
    pub fn count(&mut self, what: &str, times: u64) {
        self.samples.count(what, times);
    }

    /// The samples taken.
    pub fn finish(self) -> Samples {
        self.samples
    }
}

/// A histogram of durations, in picoseconds: a function call takes about a thousand of them.
#[derive(Clone)]
pub struct Samples {
    times: Histogram<u64>,
    counts: BTreeMap<String, u64>,
}

impl Default for Samples {
    fn default() -> Self {
        let times = Histogram::new(DIGITS).expect("three digits are within the histogram's limits");
        Self {
            times,
            counts: BTreeMap::new(),
        }
    }
}

impl Samples {
    /// Adds one sample: `times` operations took `took` together.
    pub fn add(&mut self, took: Duration, times: u64) {
        let ps = took.as_nanos() * 1000 / u128::from(times.max(1));
        let ps = u64::try_from(ps).unwrap_or(u64::MAX / 2).max(1);
        self.add_ps(ps, 1);
    }

    /// Adds all of `other`'s samples.
    pub fn merge(&mut self, other: &Self) {
        self.times += &other.times;
        for (what, &times) in &other.counts {
            self.count(what, times);
        }
    }

    /// How many samples there are.
    pub fn len(&self) -> u64 {
        self.times.len()
    }

    /// Whether there is no sample at all.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The value in nanoseconds that the given share (0 to 1) of the samples does not exceed.
    #[expect(clippy::cast_precision_loss, reason = "a picosecond in 2^52 is noise")]
    pub fn quantile_ns(&self, share: f64) -> f64 {
        self.times.value_at_quantile(share) as f64 / 1000.0
    }

    /// What was counted beside the times; see [`Slice::count`].
    pub const fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// How many of something were counted, as a number to calculate with.
    #[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^52 here")]
    pub fn counted(&self, what: &str) -> f64 {
        self.counts.get(what).map_or(0.0, |&times| times as f64)
    }

    /// The samples as they travel from a child process: each value and how often it was seen.
    pub fn to_wire(&self) -> Wire {
        let steps = self.times.iter_recorded();
        Wire {
            times: steps
                .map(|step| (step.value_iterated_to(), step.count_at_value()))
                .collect(),
            counts: self.counts.clone(),
        }
    }

    fn count(&mut self, what: &str, times: u64) {
        *self.counts.entry(what.to_owned()).or_default() += times;
    }

    fn add_ps(&mut self, ps: u64, count: u64) {
        self.times
            .record_n(ps, count)
            .expect("an auto-resizing histogram takes every value");
    }
}

/// Samples on the wire; see [`Samples::to_wire`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    times: Vec<(u64, u64)>,
    counts: BTreeMap<String, u64>,
}

impl From<Wire> for Samples {
    fn from(wire: Wire) -> Self {
        let mut samples = Self {
            counts: wire.counts,
            ..Self::default()
        };
        for (ps, count) in wire.times {
            samples.add_ps(ps, count);
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(least: u64, most: u64) -> Slice {
        Slice::start(Budget {
            duration: Duration::ZERO,
            least,
            most,
        })
    }

    #[test]
    fn the_first_sample_warms_up_and_is_not_kept() {
        let mut slice = slice(1, u64::MAX);
        slice.keep(Duration::from_secs(9), 1);
        assert!(slice.goes_on());
        slice.keep(Duration::from_nanos(7), 1);
        assert!(!slice.goes_on());
        let samples = slice.finish();
        assert_eq!(samples.len(), 1);
        assert!((samples.quantile_ns(0.5) - 7.0).abs() < 0.01);
    }

    #[test]
    fn a_slice_goes_on_until_it_has_the_least() {
        let mut slice = slice(3, u64::MAX);
        let mut calls = 0;
        while slice.goes_on() {
            slice.time(|| calls += 1);
        }
        assert_eq!(calls, 4, "one to warm up and three to keep");
    }

    #[test]
    fn a_slice_stops_at_the_most() {
        let mut slice = Slice::start(Budget {
            duration: Duration::from_secs(3600),
            least: 1,
            most: 5,
        });
        for _ in 0..5 {
            slice.keep_now(Duration::from_nanos(1), 1);
        }
        assert!(!slice.goes_on());
    }

    #[test]
    fn a_run_of_operations_is_one_sample_of_their_mean() {
        let mut samples = Samples::default();
        samples.add(Duration::from_micros(1), 1000);
        assert_eq!(samples.len(), 1);
        assert!((samples.quantile_ns(0.5) - 1.0).abs() < 0.01);
    }

    #[test]
    fn samples_survive_the_journey_from_a_child() {
        let mut samples = Samples::default();
        for us in 1..=1000 {
            samples.add(Duration::from_micros(us), 1);
        }
        samples.count("syncs", 3);
        let sent = serde_json::to_string(&samples.to_wire()).unwrap();
        let mut arrived = Samples::from(serde_json::from_str::<Wire>(&sent).unwrap());
        assert_eq!(arrived.counts(), samples.counts());
        arrived.merge(&Samples::default());
        assert!((arrived.counted("syncs") - 3.0).abs() < f64::EPSILON);
        assert_eq!(arrived.len(), samples.len());
        for share in [0.5, 0.99, 1.0] {
            let (a, b) = (arrived.quantile_ns(share), samples.quantile_ns(share));
            assert!((a - b).abs() <= b / 500.0, "{a} and {b}");
        }
    }
}
