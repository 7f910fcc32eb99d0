//! An answer's headers: whose it is, which version it has, and who may keep it.

use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY};

/// An answer that is one learner's own: no shared cache may keep it.
pub(super) fn private(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = (status, body.to_string()).into_response();
    set(&mut response, CONTENT_TYPE, "application/json");
    set(&mut response, CACHE_CONTROL, "private, no-cache");
    set(&mut response, VARY, "authorization");
    response
}

pub(super) fn not_modified(version: u64) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    tag(&mut response, version);
    set(&mut response, CACHE_CONTROL, "private, no-cache");
    response
}

pub(super) fn tag(response: &mut Response, version: u64) {
    set(response, ETAG, &format!("\"{version}\""));
}

pub(super) fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
