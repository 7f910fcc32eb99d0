//! How long to wait before the next try: exponential backoff, with jitter.
//!
//! Whatever made a try fail has often not gone a millisecond later. So the waits grow. And whatever made
//! it fail has made it fail for a thousand others at the same moment: if they all wait for as long, they
//! all come back together. So the waits are spread.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How waits grow.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The longest wait after the first try.
    pub base: Duration,
    /// The longest wait of all.
    pub cap: Duration,
}

impl Backoff {
    /// The wait after the try `number`, which counts from 1. `jitter` is at least 0 and less than 1.
    ///
    /// - The wait after the first try is at most `base`; that limit doubles with each try, up to `cap`.
    /// - With `jitter` near 1 the wait is at least half of its limit, and with 0 at most half of it. More jitter
    ///   never makes it shorter.
    /// - No `number` overflows.
    ///
    /// Judged by `tries::waits_grow_and_are_spread`, and in hardening by
    /// `claims::no_number_of_tries_overflows`.
    pub fn wait(&self, number: u32, jitter: f64) -> Duration {
        let _ = (number, jitter, self.base, self.cap);
        todo!("Compute the wait: it doubles with each try up to a limit, and jitter spreads it.")
    }
}

/// Random numbers that spread the waits, different for each caller. Nothing secret depends on them.
#[derive(Debug)]
pub struct Jitter(Mutex<fastrand::Rng>);

impl Jitter {
    /// Jitter that depends on `seed` alone.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// A number from 0 to less than 1.
    pub fn next(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}
