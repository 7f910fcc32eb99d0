//! Errors as RFC 9457 has them, each of which says what is true of the command.

use crate::parts::{NoAnswer, NotWritten};
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, RETRY_AFTER};
use serde_json::json;

/// An error, as a client sees it. The log has a different text.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    /// What is true of the command: `not-done` or `unknown`.
    outcome: Option<&'static str>,
    retry_after_s: Option<u32>,
    current: Option<u64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            detail: detail.into(),
            outcome: None,
            retry_after_s: None,
            current: None,
        }
    }

    fn outcome(mut self, outcome: &'static str) -> Self {
        self.outcome = Some(outcome);
        self
    }

    fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    pub(crate) fn unknown_id(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            format!("there is no such {what}"),
        )
    }
}

impl From<NotWritten> for Problem {
    fn from(why: NotWritten) -> Self {
        match why {
            NotWritten::Invalid(why) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", why).outcome("not-done")
            }
            NotWritten::Stale { current } => {
                let mut problem = Self::new(
                    StatusCode::PRECONDITION_FAILED,
                    "stale",
                    "somebody has written since you looked: read, decide anew, and use a new Idempotency-Key",
                )
                .outcome("not-done");
                problem.current = Some(current.map_or(0, |version| version.0));
                problem
            }
            NotWritten::Conflict => Self::new(
                StatusCode::CONFLICT,
                "idempotency-conflict",
                "this Idempotency-Key has been used for another command",
            )
            .outcome("not-done"),
            NotWritten::NotDone => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "nobody can decide now; the command was not done",
            )
            .outcome("not-done")
            .retry_after_s(1),
            NotWritten::Unknown => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "outcome-unknown",
                "the command may have been done or not: ask again with the same Idempotency-Key",
            )
            .outcome("unknown")
            .retry_after_s(1),
        }
    }
}

impl From<NoAnswer> for Problem {
    fn from(why: NoAnswer) -> Self {
        let detail = match why {
            NoAnswer::Absent | NoAnswer::Lost => "this cannot be read now",
            NoAnswer::Shed => "there is too much to do now",
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_after_s(1)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("/problems/{}", self.kind),
            "title": self.status.canonical_reason().unwrap_or("error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(outcome) = self.outcome {
            body["outcome"] = outcome.into();
        }
        if let Some(current) = self.current {
            body["current"] = current.into();
        }
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(current) = self.current.filter(|current| *current > 0)
            && let Ok(tag) = HeaderValue::from_str(&format!("\"{current}\""))
        {
            headers.insert(ETAG, tag);
        }
        response
    }
}
