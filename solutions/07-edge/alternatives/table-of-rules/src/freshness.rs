//! Ages and limits.

use crate::stored::Stored;
use std::time::{Duration, SystemTime};
use web::directives::LONGEST;
use web::http::header;
use web::{Directives, Request, date};

/// How long the response is fresh.
pub fn lifetime(stored: &Stored) -> Duration {
    let headers = stored.response.headers();
    let said = Directives::of(headers);
    let by_date = || {
        let expires = date::of(headers, &header::EXPIRES)?;
        let from = date::of(headers, &header::DATE).unwrap_or(stored.received_at);
        expires.duration_since(from).ok()
    };
    let stated = [said.s_maxage, said.max_age].into_iter().flatten().next();
    stated.or_else(by_date).unwrap_or_default()
}

/// How old the response is: the time since the earliest moment at which it may have been made.
pub fn age(stored: &Stored, now: SystemTime) -> Duration {
    let headers = stored.response.headers();
    let lines: Vec<_> = headers.get_all(header::AGE).iter().collect();
    let elsewhere = match lines[..] {
        [] => Duration::ZERO,
        [line] => line
            .to_str()
            .ok()
            .map(str::trim)
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .map_or(LONGEST, |seconds| Duration::from_secs(seconds).min(LONGEST)),
        _ => LONGEST,
    };
    let made = stored.requested_at.checked_sub(elsewhere);
    let dated = date::of(headers, &header::DATE).filter(|dated| *dated < stored.received_at);
    let made = made.map(|made| dated.map_or(made, |dated| made.min(dated)));
    // A clock that was set back is ignored.
    let now = now.max(stored.received_at);
    made.and_then(|made| now.duration_since(made).ok())
        .unwrap_or(LONGEST)
}

/// Whether it may be served without asking: its age is below all limits.
pub fn fresh_enough(request: &Request, stored: &Stored, now: SystemTime) -> bool {
    let client = Directives::of(request.headers());
    let origin = Directives::of(stored.response.headers());
    let (age, lifetime) = (age(stored, now), lifetime(stored));
    if client.no_cache || origin.no_cache || age >= lifetime {
        return false;
    }
    let left = lifetime.saturating_sub(age);
    client.max_age.unwrap_or(Duration::MAX) >= age && left >= client.min_fresh.unwrap_or_default()
}
