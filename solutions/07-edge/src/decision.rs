//! Serve, ask, or refuse.

use crate::freshness::{age, fresh_enough, lifetime};
use crate::stored::Stored;
use std::time::{Duration, SystemTime};
use web::{Directives, Request};

// ANCHOR: decision
/// What to do with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Answer from what is stored.
    Serve,
    /// Answer from what is stored, and then revalidate in the background.
    ServeAndRevalidate,
    /// Ask the origin whether what is stored has changed, and then answer.
    Revalidate,
    /// Nothing is stored: let the origin answer.
    Forward,
    /// The client wants only a stored response, and none may be served.
    Refuse,
}
// ANCHOR_END: decision

// ANCHOR: decide
/// Decides from the request, what is stored for it, and the time.
pub fn decide(request: &Request, stored: Option<&Stored>, now: SystemTime) -> Decision {
    let asked = Directives::of(request.headers());
    let ask = |decision| {
        if asked.only_if_cached {
            Decision::Refuse
        } else {
            decision
        }
    };
    let Some(stored) = stored else {
        return ask(Decision::Forward);
    };
    if fresh_enough(request, stored, now) {
        return Decision::Serve;
    }
    // The cache must not widen a limit that the client has set.
    let age = age(stored, now);
    let within_limits = asked.min_fresh.is_none() && asked.max_age.is_none_or(|most| age <= most);
    if within_limits && may_be_stale(asked, stored) {
        let said = Directives::of(stored.response.headers());
        let staleness = age.saturating_sub(lifetime(stored));
        if within(staleness, asked.max_stale) {
            return Decision::Serve;
        }
        if within(staleness, said.stale_while_revalidate) {
            return Decision::ServeAndRevalidate;
        }
    }
    ask(Decision::Revalidate)
}
// ANCHOR_END: decide

// ANCHOR: instead_of_an_error
/// Whether the stored response may be served because the origin has failed: it is still fresh, or has
/// been stale for no longer than `stale-if-error` of the response or of the request allows.
///
/// The client's limits on the age do not count here (RFC 5861, 4), except `no-cache`.
pub fn instead_of_an_error(request: &Request, stored: &Stored, now: SystemTime) -> bool {
    let asked = Directives::of(request.headers());
    let said = Directives::of(stored.response.headers());
    if asked.no_cache || said.no_cache {
        return false;
    }
    let (age, lifetime) = (age(stored, now), lifetime(stored));
    let mut windows = [said.stale_if_error, asked.stale_if_error].into_iter();
    age < lifetime
        || may_be_stale(asked, stored)
            && windows.any(|most| within(age.saturating_sub(lifetime), most))
}
// ANCHOR_END: instead_of_an_error

/// Whether neither side forbids stale answers. `s-maxage` forbids them: in RFC 9111 (5.2.2.10) it
/// implies `proxy-revalidate`.
fn may_be_stale(asked: Directives, stored: &Stored) -> bool {
    let said = Directives::of(stored.response.headers());
    let strict =
        said.no_cache || said.must_revalidate || said.proxy_revalidate || said.s_maxage.is_some();
    !strict && !asked.no_cache
}

fn within(staleness: Duration, most: Option<Duration>) -> bool {
    most.is_some_and(|most| staleness <= most)
}
