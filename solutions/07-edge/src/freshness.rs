//! How old a response is, and how old it may be.
//!
//! All of it is arithmetic on what the response says and on two readings of this machine's clock.
//! Nothing is guessed: a response that states no lifetime has none.

use crate::stored::Stored;
use std::time::{Duration, SystemTime};
use web::http::header;
use web::{Directives, Request, clock, date, directives};

// ANCHOR: lifetime
/// How long the response is fresh, from when the origin made it: `s-maxage`, otherwise `max-age`,
/// otherwise from `Date` until `Expires`, otherwise zero.
pub fn lifetime(stored: &Stored) -> Duration {
    let headers = stored.response.headers();
    let said = Directives::of(headers);
    if let Some(stated) = said.s_maxage.or(said.max_age) {
        return stated;
    }
    let expires = date::of(headers, &header::EXPIRES);
    let made = date::of(headers, &header::DATE).unwrap_or(stored.received_at);
    expires.map_or(Duration::ZERO, |expires| clock::since(expires, made))
}
// ANCHOR_END: lifetime

// ANCHOR: age
/// How old the response is, from when the origin made it (RFC 9111, 4.2.3).
///
/// The time in transit counts in full: the origin made the response at some time during it, and only
/// this estimate is never too low.
pub fn age(stored: &Stored, now: SystemTime) -> Duration {
    let headers = stored.response.headers();
    let on_the_way = clock::since(stored.received_at, stored.requested_at);
    let by_date = date::of(headers, &header::DATE).map_or(Duration::ZERO, |made| {
        clock::since(stored.received_at, made)
    });
    let by_others = stated_age(stored) + on_the_way;
    by_date.max(by_others) + clock::since(now, stored.received_at)
}

/// What other caches have reported. Two values, or one that is not a number, count as very old: some
/// cache on the way cannot be trusted.
fn stated_age(stored: &Stored) -> Duration {
    let mut lines = stored.response.headers().get_all(header::AGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return if stored.response.headers().contains_key(header::AGE) {
            directives::LONGEST
        } else {
            Duration::ZERO
        };
    };
    let digits = line.to_str().unwrap_or_default().trim();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = digits.parse().ok().filter(|_| plain);
    seconds.map_or(directives::LONGEST, |seconds| {
        Duration::from_secs(seconds).min(directives::LONGEST)
    })
}
// ANCHOR_END: age

// ANCHOR: fresh_enough
/// Whether the response may be served without asking the origin: it is fresh, and neither it nor the
/// request asks for more than that.
pub fn fresh_enough(request: &Request, stored: &Stored, now: SystemTime) -> bool {
    let asked = Directives::of(request.headers());
    let said = Directives::of(stored.response.headers());
    let (age, lifetime) = (age(stored, now), lifetime(stored));
    !asked.no_cache
        && !said.no_cache
        && age < lifetime
        && asked.max_age.is_none_or(|most| age <= most)
        && asked
            .min_fresh
            .is_none_or(|least| lifetime.saturating_sub(age) >= least)
}
// ANCHOR_END: fresh_enough
