//! What the observer reads from a request and its answer, at the door.
//!
//! It reads HTTP and nothing else: what a browser could read as well.

use bytes::Bytes;
use domain::{LearnerId, LessonKey, Version};
use hyper::header::{AUTHORIZATION, ETAG, IF_MATCH};
use hyper::{Method, Request, Response, StatusCode};

/// What somebody asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Ask {
    Complete {
        key: LessonKey,
        idempotency_key: String,
    },
    Private {
        learner: LearnerId,
    },
    Course(u64),
    Asset(String),
    Dashboard,
    Other,
}

/// The version that a command wants to replace.
pub(crate) fn expected(request: &Request<Bytes>) -> u64 {
    let tag = request.headers().get(IF_MATCH);
    tag.and_then(|tag| tag.to_str().ok()?.trim_matches('"').parse().ok())
        .unwrap_or(0)
}

/// Who asks: the learner in the `Authorization` header.
pub(crate) fn identity(request: &Request<Bytes>) -> Option<LearnerId> {
    let text = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    text.strip_prefix("Learner ")?.parse().ok().map(LearnerId)
}

pub(crate) fn ask(request: &Request<Bytes>) -> Ask {
    let path = request.uri().path();
    let fields: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let number = |text: &str| text.parse::<u64>().ok();
    match (request.method(), fields.as_slice()) {
        (&Method::POST, ["learners", learner, "lessons", lesson, "completion"]) => {
            let key = request.headers().get("idempotency-key");
            match (number(learner), number(lesson), key) {
                (Some(learner), Some(lesson), Some(key)) => Ask::Complete {
                    key: LessonKey::new(learner, lesson),
                    idempotency_key: String::from_utf8_lossy(key.as_bytes()).into_owned(),
                },
                _ => Ask::Other,
            }
        }
        (&Method::GET, ["me", "progress"]) => match identity(request) {
            Some(learner) => Ask::Private { learner },
            None => Ask::Other,
        },
        (&Method::GET, ["learners", learner, ..]) => match number(learner) {
            Some(learner) => Ask::Private {
                learner: LearnerId(learner),
            },
            None => Ask::Other,
        },
        (&Method::GET, ["courses", course]) => number(course).map_or(Ask::Other, Ask::Course),
        (&Method::GET, ["assets", name]) => Ask::Asset((*name).to_owned()),
        (&Method::GET, ["dashboard"]) => Ask::Dashboard,
        _ => Ask::Other,
    }
}

/// What a client was answered about a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    Done(Version),
    /// Refused by a decision: stale, or a conflict.
    Refused,
    /// Not done, and no decision.
    NotDone,
    Unknown,
}

pub(crate) fn told(answer: Option<&Response<Bytes>>) -> Told {
    let Some(answer) = answer else {
        return Told::Unknown;
    };
    match answer.status() {
        status if status.is_success() => match version_in(answer) {
            Some(version) => Told::Done(version),
            None => Told::Unknown,
        },
        StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT => Told::Refused,
        status if status.is_client_error() => Told::NotDone,
        // A server's error says that the command was not done only if it says so.
        _ if field(answer, "outcome").as_deref() == Some("not-done") => Told::NotDone,
        _ => Told::Unknown,
    }
}

/// The version in an answer's `ETag`.
pub(crate) fn version_in(answer: &Response<Bytes>) -> Option<Version> {
    let tag = answer.headers().get(ETAG)?.to_str().ok()?;
    tag.trim_matches('"').parse().ok().map(Version)
}

/// A text in an answer's JSON.
pub(crate) fn field(answer: &Response<Bytes>, name: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(answer.body()).ok()?;
    body.get(name)?.as_str().map(ToOwned::to_owned)
}

/// The lessons and versions in a private answer; version 0 is a lesson that was not begun.
pub(crate) fn versions_in(body: &serde_json::Value) -> Vec<(u64, u64)> {
    let Some(lessons) = body.get("lessons").and_then(|lessons| lessons.as_array()) else {
        return Vec::new();
    };
    let pairs = lessons.iter().filter_map(|lesson| {
        let number = |name: &str| lesson.get(name)?.as_u64();
        Some((number("lesson")?, number("version")?))
    });
    pairs.collect()
}
