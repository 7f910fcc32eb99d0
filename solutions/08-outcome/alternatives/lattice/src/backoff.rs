//! Waits of which half is certain, and half is jitter ("equal jitter").

use std::time::Duration;

pub use ours::backoff::Jitter;

/// How waits grow.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The longest wait after the first try.
    pub base: Duration,
    /// The longest wait of all.
    pub cap: Duration,
}

impl Backoff {
    /// The wait after the try `number`, which counts from 1.
    #[must_use]
    pub fn wait(&self, number: u32, jitter: f64) -> Duration {
        let mut limit = self.base.min(self.cap);
        for _ in 1..number {
            if limit.is_zero() || limit >= self.cap {
                break;
            }
            limit = limit.saturating_mul(2).min(self.cap);
        }
        let half = limit / 2;
        half + half.mul_f64(jitter)
    }
}
