//! Who may be given what was meant for whom.
//!
//! Everybody asks a shared cache, so the first question is not how old an answer is but whose it is. In
//! doubt, each of these functions chooses one more request to the origin.

use crate::stored::{Key, Stored};
use web::{Request, Response};

// ANCHOR: stubs
/// The key of what a request asks for.
///
/// - The host is that of the target, if it has one (`GET http://a/b`), else that of `Host`.
/// - Hosts are compared without regard to case, and port 80 is the same as no port.
/// - Path and query are kept byte for byte. A target without a path is `/`.
/// - The client and the method are not part of it.
///
/// Judged by `the_key_is_host_path_and_query` and, in the hardening, by
/// `a_host_is_the_same_in_any_case_and_with_its_usual_port` and `a_target_with_a_host_overrides_the_header`.
pub fn key(request: &Request) -> Key {
    let _ = request;
    todo!("Make a key of the host, the path and the query.")
}

/// Whether a shared cache may keep the response to this request. [`web::Directives::of`] reads
/// `Cache-Control`, of either side.
///
/// - Only GET is kept, and only a whole answer: no `Range` in the request; not 1xx, 206, 304 or 5xx.
/// - Nothing is kept if either side says `no-store`, or the response says `private` or `Vary: *`.
/// - An identity needs permission: with `Authorization` or `Cookie` in the request, or `Set-Cookie` in
///   the response, it is kept only if it says `public` or `s-maxage`.
///
/// How long it is fresh does not matter here.
///
/// Judged by `a_private_response_is_not_kept`, `an_answer_to_somebody_is_kept_only_with_permission`,
/// `a_response_that_sets_a_cookie_is_kept_only_with_permission` and
/// `what_is_not_to_be_kept_or_not_whole_is_not_kept`.
pub fn may_store(request: &Request, response: &Response) -> bool {
    let _ = (request, response);
    todo!("Decide whether the response may be kept: whole, not forbidden, and not personal.")
}

/// Whether the stored response, made for another request, also answers this one.
///
/// - Each header that its `Vary` names, on any of its lines, is the same in both requests, or in neither.
/// - Several lines of a header are one list; the space around commas does not count; the order does.
/// - With `*` among the names it answers no other request.
///
/// Judged by `a_response_serves_those_who_agree_in_what_it_varies_by` and the hardening's tests in `vary`.
pub fn selects(stored: &Stored, request: &Request) -> bool {
    let _ = (stored, request);
    todo!("Compare the two requests in each header that `Vary` names.")
}
// ANCHOR_END: stubs
