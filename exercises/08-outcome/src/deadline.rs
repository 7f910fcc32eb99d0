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
    /// The deadline that is `left` from now, and at most [`LONGEST`] from now: `left` may come from a peer,
    /// and no number that a peer sends may cause a panic.
    ///
    /// Judged by `deadlines::what_is_left_shrinks_until_nothing_is`, and in hardening by
    /// `claims::a_claim_of_a_peer_overflows_nothing`.
    pub fn within(left: Duration) -> Self {
        let _ = (left, LONGEST);
        todo!("Make a deadline: the instant that is `left` from now, within the bound.")
    }

    /// How much time is left; `None` once there is none, at the deadline itself too.
    ///
    /// Judged by `deadlines::what_is_left_shrinks_until_nothing_is`.
    pub fn left(self) -> Option<Duration> {
        let _ = self.0;
        todo!("Say how much is left until the deadline, and `None` if nothing is.")
    }

    /// How much time is left, in whole milliseconds, for the next hop; never more than is left, and 0
    /// once nothing is.
    ///
    /// Judged by `deadlines::what_is_left_travels_from_hop_to_hop`.
    pub fn left_ms(self) -> u64 {
        todo!("Say how many whole milliseconds are left.")
    }

    /// Runs `work` until the deadline: its result, or `None` if there is none by then.
    ///
    /// - At the deadline the work is dropped.
    /// - Work whose deadline has passed is not begun: it is never polled.
    ///
    /// Judged by `deadlines::expired_work_is_not_begun` and `deadlines::work_is_cut_off_at_its_deadline`.
    pub async fn run<W: Future>(self, work: W) -> Option<W::Output> {
        drop(work);
        let _ = timeout_at::<W>;
        todo!("Run the work until the deadline, and not at all if that has passed.")
    }
}
