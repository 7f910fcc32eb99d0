//! Who may be given what was meant for whom.
//!
//! Everybody asks a shared cache, so the first question is not how old an answer is but whose it is. In
//! doubt, each of these functions chooses one more request to the origin.

use crate::stored::{Key, Stored};
use web::http::header::{self, HeaderMap, HeaderName};
use web::http::uri::Authority;
use web::http::{Method, StatusCode};
use web::{Directives, Request, Response};

// ANCHOR: key
/// The key of what a request asks for. A host in the target (`GET http://a/b`) overrides `Host`, as RFC
/// 9112 (3.2.2) requires.
///
/// Path and query stay the same, byte for byte: two spellings may be two resources, and only the origin
/// knows. Sorting the query would save fetches, but would be a guess.
pub fn key(request: &Request) -> Key {
    let named = request.uri().authority().map(Authority::as_str);
    let asked = request.headers().get(header::HOST);
    let host = named.or_else(|| asked.and_then(|host| host.to_str().ok()));
    let host = host.unwrap_or_default().trim().to_ascii_lowercase();
    let target = request.uri().path_and_query();
    Key {
        host: host.strip_suffix(":80").unwrap_or(&host).to_owned(),
        target: target.map_or("/", |target| target.as_str()).to_owned(),
    }
}
// ANCHOR_END: key

// ANCHOR: may_store
/// Whether a shared cache may keep the response to this request.
///
/// RFC 9111 (3.5) asks for permission only where the request has `Authorization`. Sessions are in
/// cookies more often, and a response that sets one is made for one user; so these need permission as
/// well. `must-revalidate` is permission for `Authorization` in the RFC, but not here: frameworks send
/// it with everything, and it says when to ask, not who may see the response.
pub fn may_store(request: &Request, response: &Response) -> bool {
    let (asked, said) = (request.headers(), response.headers());
    let directives = Directives::of(said);
    let whole = request.method() == Method::GET
        && !asked.contains_key(header::RANGE)
        && is_whole(response.status());
    let forbidden = Directives::of(asked).no_store || directives.no_store || directives.private;
    let personal = asked.contains_key(header::AUTHORIZATION)
        || asked.contains_key(header::COOKIE)
        || said.contains_key(header::SET_COOKIE);
    let permitted = directives.public || directives.s_maxage.is_some();
    whole && !forbidden && (!personal || permitted) && vary(said).is_some()
}

/// Whether a response of this status is a full answer: not a part, not a reference to what the client
/// has, and not a server's failure, which every client would get.
fn is_whole(status: StatusCode) -> bool {
    !status.is_informational()
        && !status.is_server_error()
        && status != StatusCode::PARTIAL_CONTENT
        && status != StatusCode::NOT_MODIFIED
}
// ANCHOR_END: may_store

// ANCHOR: selects
/// Whether the stored response also answers this request: each header that its `Vary` names is the same
/// in both requests.
pub fn selects(stored: &Stored, request: &Request) -> bool {
    vary(stored.response.headers()).is_some_and(|names| {
        names
            .iter()
            .all(|name| field(&stored.request, name) == field(request.headers(), name))
    })
}

/// The fields that `Vary` names, on all its lines; `None` if it says `*` or cannot be read: then only
/// the origin knows what the response depends on.
fn vary(headers: &HeaderMap) -> Option<Vec<HeaderName>> {
    let mut names = Vec::new();
    for line in headers.get_all(header::VARY) {
        for name in line.to_str().ok()?.split(',').map(str::trim) {
            match name {
                "" => {}
                "*" => return None,
                name => names.push(name.parse().ok()?),
            }
        }
    }
    Some(names)
}

/// A field's values: several lines are one list, and the space around commas does not count.
fn field(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<Vec<u8>>> {
    let lines = headers.get_all(name);
    let parts = lines.iter().flat_map(|line| {
        let parts = line.as_bytes().split(|byte| *byte == b',');
        parts.map(|part| part.trim_ascii().to_vec())
    });
    headers.contains_key(name).then(|| parts.collect())
}
// ANCHOR_END: selects
