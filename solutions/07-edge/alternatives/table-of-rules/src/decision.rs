//! How old an answer may be, for each reason to serve it.

use crate::freshness::{age, fresh_enough, lifetime};
use crate::stored::Stored;
pub use ours::decision::Decision;
use std::time::{Duration, SystemTime};
use web::{Directives, Request};

/// Decides from the request, what is stored for it, and the time.
pub fn decide(request: &Request, stored: Option<&Stored>, now: SystemTime) -> Decision {
    let client = Directives::of(request.headers());
    let served = stored.and_then(|stored| {
        if fresh_enough(request, stored, now) {
            return Some(Decision::Serve);
        }
        let age = age(stored, now);
        let vetoes = [
            strict(stored),
            client.no_cache,
            client.min_fresh.is_some(),
            client.max_age.is_some_and(|most| most < age),
        ];
        if vetoes.contains(&true) {
            return None;
        }
        let origin = Directives::of(stored.response.headers());
        let reasons = [
            (client.max_stale, Decision::Serve),
            (origin.stale_while_revalidate, Decision::ServeAndRevalidate),
        ];
        let mut reasons = reasons.into_iter();
        let found = reasons.find(|(window, _)| window.is_some_and(|w| within(stored, age, w)));
        found.map(|(_, decision)| decision)
    });
    match (served, client.only_if_cached, stored) {
        (Some(decision), _, _) => decision,
        (None, true, _) => Decision::Refuse,
        (None, false, Some(_)) => Decision::Revalidate,
        (None, false, None) => Decision::Forward,
    }
}

/// Whether the stored response may replace an error.
pub fn instead_of_an_error(request: &Request, stored: &Stored, now: SystemTime) -> bool {
    let client = Directives::of(request.headers());
    let origin = Directives::of(stored.response.headers());
    let age = age(stored, now);
    if client.no_cache || origin.no_cache {
        return false;
    }
    if age < lifetime(stored) {
        return true;
    }
    let window = client.stale_if_error.max(origin.stale_if_error);
    !strict(stored) && window.is_some_and(|window| within(stored, age, window))
}

fn within(stored: &Stored, age: Duration, window: Duration) -> bool {
    age <= lifetime(stored) + window
}

fn strict(stored: &Stored) -> bool {
    let said = Directives::of(stored.response.headers());
    said.no_cache || said.must_revalidate || said.proxy_revalidate || said.s_maxage.is_some()
}
