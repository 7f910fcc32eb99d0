//! Serve, ask, or refuse.

use crate::stored::Stored;
use std::time::SystemTime;
use web::Request;

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

// ANCHOR: stubs
/// Decides from the request, what is stored for it, and the time.
///
/// - A response that is fresh enough is served.
/// - A stale one is served if the request accepts that (`max-stale`), and served and revalidated within
///   the response's `stale-while-revalidate`; each includes its last moment.
/// - Nothing stale is served if the response says `must-revalidate`, `proxy-revalidate`, `s-maxage` or
///   `no-cache`, or if the request says `no-cache`, `min-fresh`, or a `max-age` below the age.
/// - Otherwise the origin is asked; or the request is refused, if it says `only-if-cached`.
///
/// Judged by the tests in `staleness`, first by
/// `what_is_fresh_is_served_and_what_is_stale_is_asked_about`.
pub fn decide(request: &Request, stored: Option<&Stored>, now: SystemTime) -> Decision {
    let _ = (request, stored, now);
    todo!(
        "Decide: serve a fresh response, serve a stale one where both sides allow it, and ask otherwise."
    )
}

/// Whether the stored response may be served because the origin has failed.
///
/// - While it is fresh, and then for as long as `stale-if-error` of the response or of the request
///   allows; the last moment is included.
/// - Never if either side says `no-cache`; and not when stale if the response says `must-revalidate`,
///   `proxy-revalidate` or `s-maxage`.
/// - The client's limits on the age do not count here (RFC 5861, 4).
///
/// Judged by `a_stale_answer_replaces_an_error_within_its_bound` and
/// `what_must_be_revalidated_is_never_served_stale`.
pub fn instead_of_an_error(request: &Request, stored: &Stored, now: SystemTime) -> bool {
    let _ = (request, stored, now);
    todo!("Decide whether the stored response is better than an error, and still allowed.")
}
// ANCHOR_END: stubs
