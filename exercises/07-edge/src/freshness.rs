//! How old a response is, and how old it may be.
//!
//! All of it is arithmetic on what the response says and on two readings of this machine's clock.
//! Nothing is guessed: a response that states no lifetime has none.

use crate::stored::Stored;
use std::time::{Duration, SystemTime};
use web::Request;

// ANCHOR: stubs
/// How long the response is fresh, from when the origin made it: `s-maxage`, otherwise `max-age`,
/// otherwise the time from `Date` to `Expires`, otherwise zero.
///
/// - [`web::date::of`] reads a date. An `Expires` that is not a date, or not after `Date`, makes it
///   zero.
/// - Without a `Date` the response counts as made when it was received.
///
/// Judged by `a_lifetime_is_stated_and_never_guessed` and, in the hardening, by
/// `an_expires_that_is_over_or_no_date_is_no_lifetime`.
pub fn lifetime(stored: &Stored) -> Duration {
    let _ = stored;
    todo!("Find the lifetime that the response states.")
}

/// How old the response is at `now`, from when the origin made it (RFC 9111, 4.2.3): the time since it
/// was received, plus the larger of
///
/// - `Age`, plus the time in transit: from when it was requested until it was received;
/// - the time from its `Date` until it was received.
///
/// [`web::clock::since`] is never negative. An `Age` that is not one plain number of seconds counts as
/// [`web::directives::LONGEST`], which is also the maximum.
///
/// Judged by `an_age_counts_the_way_here_and_what_others_kept`,
/// `a_date_may_show_that_it_is_older_and_never_that_it_is_younger` and, in the hardening, by
/// `an_absurd_age_is_very_old`.
pub fn age(stored: &Stored, now: SystemTime) -> Duration {
    let _ = (stored, now);
    todo!("Add up the age: in transit, in other caches, and here.")
}

/// Whether the response may be served without asking the origin:
///
/// - it is fresh: younger than its lifetime;
/// - neither it nor the request says `no-cache`;
/// - it is no older than the request's `max-age`, and stays fresh for at least the request's
///   `min-fresh`.
///
/// Judged by `what_reaches_its_lifetime_is_no_longer_fresh` and `a_client_may_ask_for_something_fresher`.
pub fn fresh_enough(request: &Request, stored: &Stored, now: SystemTime) -> bool {
    let _ = (request, stored, now);
    todo!("Compare age and lifetime, and respect what both sides ask for.")
}
// ANCHOR_END: stubs
