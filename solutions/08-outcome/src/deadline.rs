//! How much time is left.
//!
//! A timeout is a duration, and each hop that has one of its own starts it anew: a caller that waits for
//! one second can have five servers behind it that work for it for five. A deadline is an instant. It is
//! set once, where the wait begins, and everything below has what is left of it.
//!
//! An instant cannot be sent, because two machines have two clocks. So what travels is how much is left,
//! and the receiver adds it to its own clock on arrival. The time on the way is thereby given away: a
//! request that was under way for a second arrives with a second too much. The alternative, to send the
//! time of day, counts the way and trusts two clocks to agree; a clock that is a minute slow then works
//! for callers who left a minute ago.

use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The longest time that a deadline gives: a day. It is a bound on what a peer can claim, since a
/// number from outside added to an instant must not overflow.
pub const LONGEST: Duration = Duration::from_secs(86_400);

/// The instant after which nobody waits any more, by this machine's clock.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Deadline(Instant);

impl Deadline {
    // ANCHOR: deadline
    /// The deadline that is `left` from now, and at most [`LONGEST`].
    pub fn within(left: Duration) -> Self {
        Self(Instant::now() + left.min(LONGEST))
    }

    /// How much time is left; `None` once there is none.
    pub fn left(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// How much time is left, in whole milliseconds, for the next hop.
    ///
    /// Rounded down: rounding up gives away up to a millisecond at each hop, and a chain of hops that
    /// each add one never ends by itself.
    pub fn left_ms(self) -> u64 {
        let left = self.left().unwrap_or_default();
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
    }

    /// Runs `work` until the deadline: its result, or `None` if it was cut off, or not begun because
    /// nothing was left.
    ///
    /// The first line is not an optimisation. tokio's `timeout` polls the work before it looks at the
    /// clock, so work whose time is over would still do whatever it does until its first wait.
    pub async fn run<W: Future>(self, work: W) -> Option<W::Output> {
        self.left()?;
        timeout_at(self.0, work).await.ok()
    }
    // ANCHOR_END: deadline
}
