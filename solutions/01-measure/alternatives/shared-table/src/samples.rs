//! Every sample, kept as it is.

use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How long calls took.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// No samples yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sample.
    pub fn record(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Adds all of another's samples.
    pub fn merge(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// How many samples there are.
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sample at a rank of all, sorted.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (q.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied()
    }

    /// The longest sample.
    pub fn max(&self) -> Option<Duration> {
        self.0.iter().max().copied()
    }
}

/// What [`paced`] saw.
#[derive(Clone, Debug, Default)]
pub struct Paced {
    /// One sample for each call.
    pub samples: Samples,
    /// How many of them failed.
    pub failed: u64,
}

/// Makes calls on the ticks of an interval that bursts after a stall.
pub async fn paced<T, E>(
    count: u32,
    every: Duration,
    mut call: impl AsyncFnMut(u32) -> Result<T, E>,
) -> Paced {
    let mut paced = Paced::default();
    // An interval of zero is a panic in Tokio; all calls are due at once then, to the nanosecond.
    let mut ticks = interval(every.max(Duration::from_nanos(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..count {
        let due = ticks.tick().await;
        let outcome = call(number).await;
        paced.samples.record(due.elapsed());
        paced.failed += u64::from(outcome.is_err());
    }
    paced
}
