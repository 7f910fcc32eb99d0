//! The time, in tests as well.

use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A clock that started at some date and runs with the runtime's time: never backwards, whatever the
/// machine's own clock does, and in jumps if a test has paused it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    date: SystemTime,
    began: Instant,
}

impl Clock {
    /// A clock that shows `date` now.
    pub fn starting_at(date: SystemTime) -> Self {
        Self {
            date,
            began: Instant::now(),
        }
    }

    /// A clock that starts with the machine's time.
    pub fn system() -> Self {
        Self::starting_at(SystemTime::now())
    }

    /// What time it is.
    pub fn now(&self) -> SystemTime {
        self.date + self.began.elapsed()
    }
}

/// The time from `earlier` to `later`; zero if `later` is before `earlier`.
pub fn since(later: SystemTime, earlier: SystemTime) -> Duration {
    later.duration_since(earlier).unwrap_or_default()
}
