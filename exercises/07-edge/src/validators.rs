//! Asking whether a response has changed, and being asked.

use crate::stored::Stored;
use std::time::SystemTime;
use web::http::header::{self, HeaderMap, HeaderName};
use web::{Request, Response};

/// The headers that make a request depend on what its client holds already.
#[allow(dead_code, reason = "until `question` is written")]
const CONDITIONS: [HeaderName; 5] = [
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
];

// ANCHOR: stubs
/// What to ask the origin, on behalf of every client: the request as it is, but
///
/// - without the client's own [`CONDITIONS`];
/// - with the stored response's `ETag` as `If-None-Match`, and its `Last-Modified` as
///   `If-Modified-Since`, if it has them.
///
/// Judged by `the_origin_is_asked_with_the_validators_of_what_is_held` and
/// `a_clients_own_validators_do_not_reach_the_origin`.
pub fn question(request: &Request, stored: Option<&Stored>) -> Request {
    let _ = (request, stored);
    todo!("Replace the client's conditions with the stored validators.")
}

/// The stored response, renewed by a 304. `not_modified` are the 304's headers.
///
/// - `None` if the 304 has an `ETag` that is not the [`same`] as the stored one: it is about a different
///   response.
/// - Each header of the 304 replaces the stored one, on all its lines; but not `Content-Length`,
///   `Content-Encoding`, `Content-Range` or `Content-MD5`, which describe the body that stays.
/// - `Age` and `Date` are those of the 304, or are removed. All other headers stay.
/// - It counts as requested and received when the 304 was.
///
/// Judged by `a_304_renews_what_is_held` and, in the hardening, by
/// `a_304_about_another_response_renews_nothing`.
pub fn refreshed(
    stored: &Stored,
    not_modified: &HeaderMap,
    requested_at: SystemTime,
    received_at: SystemTime,
) -> Option<Stored> {
    let _ = (stored, not_modified, requested_at, received_at);
    todo!(
        "Renew the stored response's headers and times, unless the 304 is about another response."
    )
}

/// The answer from the stored response. Its `Age`, a single line, is the age at `now` in whole seconds.
///
/// - If the client holds the same, it is a 304 with the same headers but `Content-Length`, and no body:
///   one of the [`tags`] in `If-None-Match` is the [`same`] as the stored one, or is `*`; or, without
///   `If-None-Match`, `If-Modified-Since` is at or after `Last-Modified`. Only if the stored status is a
///   success.
/// - The answer to HEAD is the answer to GET without the body.
///
/// Judged by `an_answer_says_its_age`, `a_client_that_holds_the_same_gets_no_body` and, in the hardening,
/// by `an_answer_to_head_has_no_body`.
pub fn answer(request: &Request, stored: &Stored, now: SystemTime) -> Response {
    let _ = (request, stored, now);
    todo!("Answer with the stored response and its age, or with a 304.")
}
// ANCHOR_END: stubs

/// The entity tags of a list. A comma within quotes belongs to the tag.
#[allow(dead_code, reason = "until `answer` is written")]
fn tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let tags = list.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    });
    tags.map(<[u8]>::trim_ascii)
}

/// The weak comparison: `W/"a"` and `"a"` mean the same to a reader.
#[allow(dead_code, reason = "until `answer` is written")]
fn same(one: &[u8], other: &[u8]) -> bool {
    fn opaque(tag: &[u8]) -> &[u8] {
        tag.strip_prefix(b"W/").unwrap_or(tag)
    }
    opaque(one) == opaque(other)
}
