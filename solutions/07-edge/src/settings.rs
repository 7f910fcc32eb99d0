//! The bounds of an edge, and what it answers when the origin does not.

use std::time::Duration;
use web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use web::http::{self, StatusCode};
use web::{Body, OriginError, Response};

// ANCHOR: settings
/// The bounds of an edge. Each is a promise to somebody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// To the machine: the most bytes that all stored responses may take, with their headers.
    pub max_stored_bytes: usize,
    /// To the machine: a longer body is passed on as it arrives, and not stored.
    pub max_body_bytes: usize,
    /// To the origin: the most requests that are in flight to it at once.
    pub max_fetches: usize,
    /// To the client: how long the origin may take until its response begins; and, when the edge reads
    /// the whole body before it answers, how much longer that may take.
    pub origin_timeout: Duration,
}
// ANCHOR_END: settings

impl Default for Settings {
    fn default() -> Self {
        Self {
            // Fits into the smallest machine that can be rented, with room for everything else.
            max_stored_bytes: 64 << 20,
            // A page or a picture. Films are for a server that streams.
            max_body_bytes: 1 << 20,
            // Ten times the concurrency of a thousand requests per second at 25 ms each, by Little's
            // law.
            max_fetches: 256,
            // Longer than a normal answer takes, and shorter than a person waits.
            origin_timeout: Duration::from_secs(10),
        }
    }
}

/// The answer when the origin gave none. `wrote` means that the request may change something: then its
/// sender has to learn whether it may have been carried out.
pub fn no_answer(error: OriginError, wrote: bool) -> Response {
    let (status, text) = match error {
        OriginError::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many requests are waiting for the origin. Nothing was sent.\n",
        ),
        OriginError::Unreachable => (
            StatusCode::BAD_GATEWAY,
            "The origin cannot be reached. Nothing was sent.\n",
        ),
        OriginError::Lost if wrote => (
            StatusCode::BAD_GATEWAY,
            "The origin's answer was lost. The request may have been carried out.\n",
        ),
        OriginError::TimedOut if wrote => (
            StatusCode::GATEWAY_TIMEOUT,
            "The origin has not answered in time. The request may have been carried out.\n",
        ),
        OriginError::Lost => (StatusCode::BAD_GATEWAY, "The origin's answer was lost.\n"),
        OriginError::TimedOut => (
            StatusCode::GATEWAY_TIMEOUT,
            "The origin has not answered in time.\n",
        ),
    };
    let mut response = plain(status, text);
    if error == OriginError::Busy {
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The answer when the origin's was an error, for a client that did not send the request itself: the
/// error's body was written for another.
pub fn an_error_of_the_origin(status: StatusCode) -> Response {
    plain(status, "The origin answered with an error.\n")
}

/// An answer of the edge itself, which no cache downstream may keep.
pub fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = http::Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}
