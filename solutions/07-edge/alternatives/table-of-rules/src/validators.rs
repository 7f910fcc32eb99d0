//! Validators, by building new header maps instead of changing old ones.

use crate::freshness::age;
use crate::stored::Stored;
use std::time::SystemTime;
use web::http::header::{HeaderMap, HeaderValue};
use web::http::{self, Method};
use web::{Body, Bytes, Request, Response, date};

/// What to ask the origin on behalf of every client.
pub fn question(request: &Request, stored: Option<&Stored>) -> Request {
    let dropped = [
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
        "if-range",
    ];
    let mut asked = HeaderMap::new();
    for (name, value) in request.headers() {
        if !dropped.contains(&name.as_str()) {
            asked.append(name, value.clone());
        }
    }
    if let Some(stored) = stored {
        let held = stored.response.headers();
        if let Some(tag) = held.get("etag") {
            asked.append("if-none-match", tag.clone());
        }
        if let Some(date) = held.get("last-modified") {
            asked.append("if-modified-since", date.clone());
        }
    }
    let (mut head, body) = request.clone().into_parts();
    head.headers = asked;
    Request::from_parts(head, body)
}

/// The stored response, renewed by a 304.
pub fn refreshed(
    stored: &Stored,
    not_modified: &HeaderMap,
    requested_at: SystemTime,
    received_at: SystemTime,
) -> Option<Stored> {
    let tag = |headers: &HeaderMap| {
        let tag = headers.get("etag")?.as_bytes();
        Some(tag.strip_prefix(b"W/").unwrap_or(tag).to_vec())
    };
    let held = stored.response.headers();
    if let Some(meant) = tag(not_modified)
        && tag(held) != Some(meant)
    {
        return None;
    }
    let of_the_body = [
        "content-length",
        "content-encoding",
        "content-range",
        "content-md5",
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in held {
        let replaced = not_modified.contains_key(name) && !of_the_body.contains(&name.as_str());
        if !replaced && name != "age" && name != "date" {
            headers.append(name, value.clone());
        }
    }
    for (name, value) in not_modified {
        if !of_the_body.contains(&name.as_str()) {
            headers.append(name, value.clone());
        }
    }
    let mut response = http::Response::new(stored.response.body().clone());
    *response.status_mut() = stored.response.status();
    *response.headers_mut() = headers;
    Some(Stored {
        request: stored.request.clone(),
        response,
        requested_at,
        received_at,
    })
}

/// The answer to the request from the stored response.
pub fn answer(request: &Request, stored: &Stored, now: SystemTime) -> Response {
    let held = &stored.response;
    let unchanged = held.status().is_success() && has(request, held.headers());
    let bodiless = unchanged || request.method() == Method::HEAD;
    let body = if bodiless {
        Bytes::new()
    } else {
        held.body().clone()
    };
    let mut answer = http::Response::new(Body::from(body));
    *answer.status_mut() = held.status();
    *answer.headers_mut() = held.headers().clone();
    if unchanged {
        *answer.status_mut() = http::StatusCode::NOT_MODIFIED;
        answer.headers_mut().remove("content-length");
    }
    let seconds = HeaderValue::from(age(stored, now).as_secs());
    answer.headers_mut().insert("age", seconds);
    answer
}

fn has(request: &Request, held: &HeaderMap) -> bool {
    let asked = request.headers();
    if !asked.contains_key("if-none-match") {
        let since = date::of(asked, &http::header::IF_MODIFIED_SINCE);
        let modified = date::of(held, &http::header::LAST_MODIFIED);
        return matches!((since, modified), (Some(since), Some(modified)) if since >= modified);
    }
    let held = held
        .get("etag")
        .map(|tag| String::from_utf8_lossy(tag.as_bytes()));
    let lines = asked.get_all("if-none-match").iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .any(|line| listed(line, held.as_deref()))
}

/// Walks a list of tags from quote to quote.
fn listed(list: &str, held: Option<&str>) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let Some(held) = held.map(|held| held.trim_start_matches("W/")) else {
        return false;
    };
    let mut rest = list.trim();
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        let tag = rest.strip_prefix("W/").unwrap_or(rest);
        let Some(end) = tag.strip_prefix('"').and_then(|inner| inner.find('"')) else {
            return false;
        };
        let (tag, after) = tag.split_at(end + 2);
        let ended = after.trim_start();
        if !ended.is_empty() && !ended.starts_with(',') {
            return false;
        }
        if tag == held {
            return true;
        }
        rest = ended;
    }
}
