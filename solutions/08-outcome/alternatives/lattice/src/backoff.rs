//! Waits of which half is certain, and half is luck ("equal jitter").

use std::time::Duration;

pub use ours::backoff::Luck;

/// How waits grow.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The longest wait after the first try.
    pub first: Duration,
    /// The longest wait of all.
    pub most: Duration,
}

impl Backoff {
    /// The wait after the try `number`, which counts from 1.
    #[must_use]
    pub fn wait(&self, number: u32, luck: f64) -> Duration {
        let mut limit = self.first.min(self.most);
        for _ in 1..number {
            if limit.is_zero() || limit >= self.most {
                break;
            }
            limit = limit.saturating_mul(2).min(self.most);
        }
        let half = limit / 2;
        half + half.mul_f64(luck)
    }
}
