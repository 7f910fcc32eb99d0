//! How often each duration occurred, in a map.

use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long calls took.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    times: BTreeMap<Duration, u64>,
}

impl Samples {
    /// No samples yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sample.
    pub fn record(&mut self, took: Duration) {
        *self.times.entry(took).or_default() += 1;
    }

    /// Adds all of another's samples.
    pub fn merge(&mut self, other: &Self) {
        for (took, times) in &other.times {
            *self.times.entry(*took).or_default() += times;
        }
    }

    /// How many samples there are.
    pub fn len(&self) -> u64 {
        self.times.values().sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Counts up to the share.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let mut left = (q.clamp(0.0, 1.0) * self.len() as f64).ceil().max(1.0) as u64;
        for (took, times) in &self.times {
            if left <= *times {
                return Some(*took);
            }
            left -= times;
        }
        None
    }

    /// The longest sample.
    pub fn max(&self) -> Option<Duration> {
        self.times.keys().next_back().copied()
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

/// Makes calls on a schedule.
pub async fn paced<T, E>(
    count: u32,
    every: Duration,
    mut call: impl AsyncFnMut(u32) -> Result<T, E>,
) -> Paced {
    let mut paced = Paced::default();
    let mut due = Instant::now();
    for number in 0..count {
        sleep_until(due).await;
        paced.failed += u64::from(call(number).await.is_err());
        paced.samples.record(Instant::now() - due);
        due += every;
    }
    paced
}
