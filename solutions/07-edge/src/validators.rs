//! Asking whether a response has changed, and being asked.

use crate::freshness::age;
use crate::stored::Stored;
use std::time::SystemTime;
use web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use web::http::{Method, StatusCode};
use web::{Body, Bytes, Request, Response, date, http};

/// The headers that make a request depend on what its client holds already.
const CONDITIONS: [HeaderName; 5] = [
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
];

// ANCHOR: question
/// What to ask the origin on behalf of every client: the request without the client's own conditions,
/// and with the stored response's validators in their place.
pub fn question(request: &Request, stored: Option<&Stored>) -> Request {
    let mut question = request.clone();
    let headers = question.headers_mut();
    for condition in CONDITIONS {
        headers.remove(condition);
    }
    let validators = [
        (header::ETAG, header::IF_NONE_MATCH),
        (header::LAST_MODIFIED, header::IF_MODIFIED_SINCE),
    ];
    for (validator, condition) in validators {
        let held = stored.and_then(|stored| stored.response.headers().get(validator));
        if let Some(held) = held {
            headers.insert(condition, held.clone());
        }
    }
    question
}
// ANCHOR_END: question

// ANCHOR: refreshed
/// The stored response, renewed by a 304, or `None` if the 304 is about another one.
pub fn refreshed(
    stored: &Stored,
    not_modified: &HeaderMap,
    requested_at: SystemTime,
    received_at: SystemTime,
) -> Option<Stored> {
    let meant = not_modified.get(header::ETAG);
    let held = stored.response.headers().get(header::ETAG);
    if meant.is_some_and(|meant| !held.is_some_and(|held| same(held.as_bytes(), meant.as_bytes())))
    {
        return None;
    }
    let mut renewed = stored.clone();
    let headers = renewed.response.headers_mut();
    // They belong to the old response. If the 304 does not have them, they are unknown.
    headers.remove(header::AGE);
    headers.remove(header::DATE);
    // Headers that describe the body's bytes stay with the bytes.
    let kept = [
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::CONTENT_RANGE,
        HeaderName::from_static("content-md5"),
    ];
    for name in not_modified.keys().filter(|name| !kept.contains(name)) {
        headers.remove(name);
        for value in not_modified.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    renewed.requested_at = requested_at;
    renewed.received_at = received_at;
    Some(renewed)
}
// ANCHOR_END: refreshed

// ANCHOR: answer
/// The answer to the request from the stored response, with its age: the whole response, or a 304 if the
/// client holds the same already.
pub fn answer(request: &Request, stored: &Stored, now: SystemTime) -> Response {
    let held = &stored.response;
    let mut headers = held.headers().clone();
    headers.insert(header::AGE, HeaderValue::from(age(stored, now).as_secs()));
    let unchanged = held.status().is_success() && client_has(request.headers(), held.headers());
    let (status, body) = if unchanged {
        headers.remove(header::CONTENT_LENGTH);
        (StatusCode::NOT_MODIFIED, Bytes::new())
    } else if request.method() == Method::HEAD {
        (held.status(), Bytes::new())
    } else {
        (held.status(), held.body().clone())
    };
    let mut answer = http::Response::new(Body::from(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

/// Whether the client's conditions show that it has this response already. If `If-None-Match` is
/// present, the other condition does not count (RFC 9110, 13.2.2).
fn client_has(asked: &HeaderMap, held: &HeaderMap) -> bool {
    if asked.contains_key(header::IF_NONE_MATCH) {
        let tag = held.get(header::ETAG).map(HeaderValue::as_bytes);
        let lines = asked.get_all(header::IF_NONE_MATCH);
        return lines.iter().any(|line| {
            line.as_bytes().trim_ascii() == b"*"
                || tag.is_some_and(|tag| tags(line.as_bytes()).any(|one| same(one, tag)))
        });
    }
    let since = date::of(asked, &header::IF_MODIFIED_SINCE);
    let modified = date::of(held, &header::LAST_MODIFIED);
    since
        .zip(modified)
        .is_some_and(|(since, modified)| modified <= since)
}

/// The entity tags of a list. A comma within quotes belongs to the tag.
fn tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let tags = list.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    });
    tags.map(<[u8]>::trim_ascii)
}

/// The weak comparison: `W/"a"` and `"a"` mean the same to a reader.
fn same(one: &[u8], other: &[u8]) -> bool {
    fn opaque(tag: &[u8]) -> &[u8] {
        tag.strip_prefix(b"W/").unwrap_or(tag)
    }
    opaque(one) == opaque(other)
}
// ANCHOR_END: answer
