//! What a request says: who asks, for what, and on top of which version.

use crate::bounds;
use crate::catalogue;
use crate::problem::Problem;
use axum::body::to_bytes;
use axum::extract::Request;
use domain::{LearnerId, LessonKey, Version};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use hyper::{HeaderMap, StatusCode};
use serde::Deserialize;
use std::time::Duration;

/// The largest body of a command: four times the longest note.
const MAX_BODY_BYTES: usize = 16 << 10;

/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many learners there can be.
const LEARNERS: u64 = 1_000_000;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Completion {
    #[serde(default)]
    pub(super) steps_done: u32,
    #[serde(default)]
    pub(super) note: String,
}

pub(super) async fn completion(request: Request) -> Result<Completion, Problem> {
    let is_json = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let body = tokio::time::timeout(BODY_TIMEOUT, to_bytes(request.into_body(), MAX_BODY_BYTES));
    let body = body
        .await
        .map_err(|_| {
            Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "slow",
                "the body took too long",
            )
        })?
        .map_err(|_| {
            let why = format!("a command has at most {MAX_BODY_BYTES} bytes, all of them sent");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", why)
        })?;
    if body.is_empty() {
        return Ok(Completion::default());
    }
    if !is_json {
        let why = "a command's body is application/json";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-json",
            why,
        ));
    }
    serde_json::from_slice(&body).map_err(|_| {
        let why = "the body is {\"steps_done\": number, \"note\": text}, both optional";
        Problem::new(StatusCode::BAD_REQUEST, "malformed", why)
    })
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get("idempotency-key").ok_or_else(|| {
        let why = "a command needs an Idempotency-Key: made once, and the same on each retry";
        Problem::new(StatusCode::BAD_REQUEST, "no-idempotency-key", why)
    })?;
    match key.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= 64 => Ok(key.to_owned()),
        _ => {
            let why = "an Idempotency-Key has 1 to 64 printable characters";
            Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "bad-idempotency-key",
                why,
            ))
        }
    }
}

/// The version that a command replaces: `If-Match: "3"`, or `If-None-Match: *` for the first.
pub(super) fn expected(headers: &HeaderMap) -> Result<Option<Version>, Problem> {
    if let Some(tag) = headers.get(IF_MATCH) {
        let version = tag.to_str().ok().and_then(|tag| {
            let number = tag.strip_prefix('"')?.strip_suffix('"')?;
            number.parse::<u64>().ok()
        });
        let why = "If-Match holds one version, such as \"3\"";
        return match version {
            Some(version) => Ok(Some(Version(version))),
            None => Err(Problem::new(StatusCode::BAD_REQUEST, "bad-if-match", why)),
        };
    }
    if headers.get(IF_NONE_MATCH).is_some_and(|tag| tag == "*") {
        return Ok(None);
    }
    let why =
        "say what you have seen: If-Match with its ETag, or If-None-Match: * if there was none";
    Err(Problem::new(
        StatusCode::PRECONDITION_REQUIRED,
        "no-precondition",
        why,
    ))
}

pub(super) fn known_key(learner: &str, lesson: &str) -> Result<LessonKey, Problem> {
    let learner = known_learner(learner)?;
    let lesson = number(lesson, bounds::LESSONS).ok_or_else(|| Problem::unknown_id("lesson"))?;
    Ok(LessonKey::new(learner.0, lesson))
}

pub(super) fn known_learner(learner: &str) -> Result<LearnerId, Problem> {
    let learner = number(learner, LEARNERS).ok_or_else(|| Problem::unknown_id("learner"))?;
    Ok(LearnerId(learner))
}

pub(super) fn known_course(course: &str) -> Result<u64, Problem> {
    number(course, catalogue::COURSES).ok_or_else(|| Problem::unknown_id("course"))
}

/// A number from 1 to `most`.
fn number(text: &str, most: u64) -> Option<u64> {
    let number = text.parse().ok()?;
    (1..=most).contains(&number).then_some(number)
}

/// Whether the one who asks is `learner`.
pub(super) fn allowed(headers: &HeaderMap, learner: LearnerId) -> Result<(), Problem> {
    let Some(who) = headers.get(AUTHORIZATION) else {
        let why = format!("say who you are: Authorization: Learner {}", learner.0);
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "nobody", why));
    };
    if who.as_bytes() == format!("Learner {}", learner.0).as_bytes() {
        return Ok(());
    }
    let why = "this belongs to somebody else";
    Err(Problem::new(StatusCode::FORBIDDEN, "somebody-else", why))
}

pub(super) fn unchanged(headers: &HeaderMap, version: u64) -> bool {
    let tag = format!("\"{version}\"");
    let asked = headers
        .get(IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok());
    asked.is_some_and(|tags| tags.split(',').any(|one| one.trim() == tag))
}
