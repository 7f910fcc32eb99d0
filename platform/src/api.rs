//! The API: it answers requests, and decides nothing.
//!
//! Commands go to the authority and nowhere else; a cache is notified of them and has no say. Reads go
//! through the cache, and past it when it is away. Every error says what is true of the command.

use crate::bounds;
use crate::catalogue::{self, Catalogue};
use crate::metrics;
use crate::observer::nonce;
use crate::parts::{
    Authority, Cache, Command, NoAnswer, NotWritten, Place, SessionId, Stream, View, Workers,
};
use crate::problem::Problem;
use crate::trace::{Context, TRACEPARENT, scattered};
use crate::ways::Ways;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::{LearnerId, LessonKey, Progress, Version};
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH, VARY,
};
use hyper::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The largest body of a command: four times the longest note.
const MAX_BODY_BYTES: usize = 16 << 10;

/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many learners there can be.
pub(crate) const LEARNERS: u64 = 1_000_000;

/// How many devices of one learner are distinguished.
const DEVICES: u64 = 8;

/// What answers need.
pub(crate) struct Api {
    pub(crate) ways: Ways,
    /// By the way that the stage watches.
    pub(crate) authority: Arc<dyn Authority>,
    pub(crate) cache: Arc<dyn Cache>,
    pub(crate) stream: Arc<dyn Stream>,
    pub(crate) workers: Arc<dyn Workers>,
    pub(crate) view: Arc<dyn View>,
    pub(crate) catalogue: Catalogue,
    /// Facts that were asked for, from whichever copy.
    pub(crate) reads: AtomicU64,
}

type Shared = State<Arc<Api>>;

/// The routes.
pub(crate) fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route(
            "/learners/{learner}/lessons/{lesson}/completion",
            post(complete),
        )
        .route("/learners/{learner}/lessons/{lesson}", get(lesson))
        .route("/learners/{learner}/progress", get(progress))
        .route("/me/progress", get(my_progress))
        .route("/courses/{course}", get(course).put(publish))
        .route("/assets/{name}", get(asset))
        .route("/dashboard", get(dashboard))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .fallback(async || {
            Problem::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here")
        })
        .method_not_allowed_fallback(async || {
            let why = "this cannot be done with it";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", why)
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&api), traced))
        .with_state(api)
}

/// Goes on with the trace that the request brings, or begins one; and names it in the answer.
async fn traced(State(api): Shared, request: Request, next: Next) -> Response {
    let context = Context::of(request.headers()).unwrap_or_else(|| api.ways.traces.begin());
    let mut response = context.scope(next.run(request)).await;
    let headers = response.headers_mut();
    headers.insert(TRACEPARENT, context.header());
    response
}

// Commands.

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Completion {
    #[serde(default)]
    steps_done: u32,
    #[serde(default)]
    note: String,
}

async fn complete(
    State(api): Shared,
    Path((learner, lesson)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let key = known_key(&learner, &lesson)?;
    allowed(request.headers(), key.learner)?;
    let idempotency_key = idempotency_key(request.headers())?;
    let expected = expected(request.headers())?;
    let headers = request.headers().clone();
    let completion = completion(request).await?;
    let session = session(&headers, key.learner);
    let command = Command {
        key,
        expected,
        steps_done: completion.steps_done,
        note: completion.note,
        idempotency_key,
    };
    // On a task of its own: a browser that goes away must not take a command with it half-way, and the
    // cache has to hear how it ended.
    let work = {
        let api = Arc::clone(&api);
        async move { api.write(command, session).await }
    };
    let done = match Context::current() {
        Some(context) => tokio::spawn(context.scope(work)).await,
        None => tokio::spawn(work).await,
    };
    let version = done.unwrap_or(Err(NotWritten::Unknown))?;
    let body = json!({
        "learner": key.learner.0,
        "lesson": key.lesson.0,
        "version": version.0,
        "completed": true,
        "for": nonce(api.ways.seed, key.learner),
    });
    let mut response = private(StatusCode::OK, &body);
    tag(&mut response, version.0);
    Ok(response)
}

impl Api {
    /// Has the authority decide, and notifies the cache.
    async fn write(&self, command: Command, session: SessionId) -> Result<Version, NotWritten> {
        let key = command.key;
        let said = Arc::new(std::sync::Mutex::new(None));
        let write = {
            let (said, authority) = (Arc::clone(&said), Arc::clone(&self.authority));
            let command = command.clone();
            async move {
                let outcome = authority.write(command).await;
                if let Ok(mut said) = said.lock() {
                    *said = Some(outcome.clone());
                }
                outcome
            }
        };
        let accompanied = self.ways.call(
            Place::Cache,
            || "forget, after the write".to_owned(),
            async { Ok::<_, NoAnswer>(self.cache.write(key, session, Box::pin(write)).await) },
            |_| String::new(),
        );
        if let Ok(outcome) = accompanied.await {
            return outcome;
        }
        // The cache is away. What the authority said counts, if it was asked; if not, it is asked now.
        let asked = said.lock().ok().and_then(|mut said| said.take());
        let outcome = match asked {
            Some(outcome) => outcome,
            None => self.authority.write(command).await,
        };
        if let Ok(version) = outcome {
            self.cache.told(key, session, version);
        }
        outcome
    }

    /// Reads a fact, through the cache or past it.
    async fn read(&self, key: LessonKey, session: SessionId) -> Result<Option<Progress>, NoAnswer> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let before = self.ways.authority_reads();
        let copy = self.ways.call(
            Place::Cache,
            || format!("lesson {}", key.lesson.0),
            async { Ok::<_, NoAnswer>(self.cache.read(key, session).await) },
            |copy| match copy {
                Ok(Ok(_)) if self.ways.authority_reads() == before => "hit".to_owned(),
                Ok(Ok(_)) => "miss".to_owned(),
                Ok(Err(error)) | Err(error) => error.to_string(),
            },
        );
        match copy.await {
            Ok(answer) => answer,
            // Only the copy is away: that costs a crossing, and no answer.
            Err(_) => Ok(self.authority.read(key).await?.map(|fact| fact.progress)),
        }
    }
}

async fn completion(request: Request) -> Result<Completion, Problem> {
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

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
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
fn expected(headers: &HeaderMap) -> Result<Option<Version>, Problem> {
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

fn known_key(learner: &str, lesson: &str) -> Result<LessonKey, Problem> {
    let learner = known_learner(learner)?;
    let lesson = number(lesson, bounds::LESSONS).ok_or_else(|| Problem::unknown_id("lesson"))?;
    Ok(LessonKey::new(learner.0, lesson))
}

fn known_learner(learner: &str) -> Result<LearnerId, Problem> {
    let learner = number(learner, LEARNERS).ok_or_else(|| Problem::unknown_id("learner"))?;
    Ok(LearnerId(learner))
}

/// A number from 1 to `most`.
fn number(text: &str, most: u64) -> Option<u64> {
    let number = text.parse().ok()?;
    (1..=most).contains(&number).then_some(number)
}

/// The session: a learner on one of their devices, which `Device` names by a small number.
pub(crate) fn session(headers: &HeaderMap, learner: LearnerId) -> SessionId {
    let device = headers
        .get("device")
        .and_then(|device| device.to_str().ok());
    let device: u64 = device.and_then(|device| device.parse().ok()).unwrap_or(0);
    SessionId(learner.0 * DEVICES + device % DEVICES)
}

/// Whether the one who asks is `learner`.
fn allowed(headers: &HeaderMap, learner: LearnerId) -> Result<(), Problem> {
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

// Reads.

async fn lesson(
    State(api): Shared,
    Path((learner, lesson)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = known_key(&learner, &lesson)?;
    allowed(&headers, key.learner)?;
    let session = session(&headers, key.learner);
    let progress = api.read(key, session).await?;
    let version = progress.map_or(0, |progress| progress.version.0);
    if unchanged(&headers, version) {
        return Ok(not_modified(version));
    }
    let body = lessons(&api, key.learner, &[(key.lesson.0, progress)]);
    let mut response = private(StatusCode::OK, &body);
    tag(&mut response, version);
    Ok(response)
}

async fn progress(
    State(api): Shared,
    Path(learner): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let learner = known_learner(&learner)?;
    allowed(&headers, learner)?;
    all_lessons(&api, learner, &headers).await
}

/// The same under an address that does not say whose it is: what it answers depends on who asks.
async fn my_progress(State(api): Shared, headers: HeaderMap) -> Result<Response, Problem> {
    let who = headers.get(AUTHORIZATION).and_then(|who| who.to_str().ok());
    let learner = who.and_then(|who| who.strip_prefix("Learner "));
    let learner = learner.ok_or_else(|| {
        let why = "say who you are: Authorization: Learner and your number";
        Problem::new(StatusCode::UNAUTHORIZED, "nobody", why)
    })?;
    all_lessons(&api, known_learner(learner)?, &headers).await
}

async fn all_lessons(
    api: &Api,
    learner: LearnerId,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let session = session(headers, learner);
    let reads = (1..=bounds::LESSONS).map(|lesson| {
        let key = LessonKey::new(learner.0, lesson);
        let read = api.read(key, session);
        async move { read.await.map(|progress| (lesson, progress)) }
    });
    let found = futures_util::future::try_join_all(reads).await?;
    let digest = found.iter().fold(1, |digest, (_, progress)| {
        scattered(digest ^ progress.map_or(0, |progress| progress.version.0))
    });
    if unchanged(headers, digest) {
        return Ok(not_modified(digest));
    }
    let mut response = private(StatusCode::OK, &lessons(api, learner, &found));
    tag(&mut response, digest);
    Ok(response)
}

fn lessons(api: &Api, learner: LearnerId, found: &[(u64, Option<Progress>)]) -> serde_json::Value {
    let lessons: Vec<_> = found
        .iter()
        .map(|(lesson, progress)| match progress {
            Some(progress) => json!({
                "lesson": lesson,
                "version": progress.version.0,
                "steps_done": progress.steps_done,
                "completed": progress.completed,
            }),
            None => json!({ "lesson": lesson, "version": 0 }),
        })
        .collect();
    json!({
        "learner": learner.0,
        "for": nonce(api.ways.seed, learner),
        "lessons": lessons,
    })
}

async fn course(
    State(api): Shared,
    Path(course): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let course =
        number(&course, catalogue::COURSES).ok_or_else(|| Problem::unknown_id("course"))?;
    let version = api.catalogue.version(course);
    let version = version.ok_or_else(|| Problem::unknown_id("course"))?;
    let mut response = if unchanged(&headers, version) {
        not_modified(version)
    } else {
        let kind = [(CONTENT_TYPE, "application/json")];
        (kind, catalogue::page(course, version)).into_response()
    };
    tag(&mut response, version);
    let control = format!(
        "public, max-age={}, stale-while-revalidate={}, stale-if-error={}",
        bounds::COURSE_FRESH.as_secs(),
        bounds::COURSE_WHILE_REVALIDATE.as_secs(),
        bounds::COURSE_IF_ERROR.as_secs()
    );
    set(&mut response, CACHE_CONTROL, &control);
    Ok(response)
}

async fn publish(
    State(api): Shared,
    Path(course): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let course =
        number(&course, catalogue::COURSES).ok_or_else(|| Problem::unknown_id("course"))?;
    if !headers
        .get(AUTHORIZATION)
        .is_some_and(|who| who.as_bytes().starts_with(b"Author"))
    {
        let why = "only an author publishes: Authorization: Author";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "no-author", why));
    }
    match api.catalogue.publish(course) {
        Some(Ok(version)) => {
            api.ways.observer.published(course, version);
            let mut response = private(
                StatusCode::OK,
                &json!({"course": course, "version": version}),
            );
            tag(&mut response, version);
            Ok(response)
        }
        Some(Err(error)) => {
            tracing::error!(%error, "a course could not be published");
            Err(NotWritten::Unknown.into())
        }
        None => Err(Problem::unknown_id("course")),
    }
}

async fn asset(State(api): Shared, Path(name): Path<String>) -> Result<Response, Problem> {
    let body = api.catalogue.asset(&name);
    let body = body.ok_or_else(|| Problem::unknown_id("asset"))?;
    let mut response = Body::from(body).into_response();
    set(&mut response, CONTENT_TYPE, "text/javascript");
    set(
        &mut response,
        CACHE_CONTROL,
        "public, max-age=31536000, immutable",
    );
    Ok(response)
}

async fn dashboard(State(api): Shared) -> Result<Response, Problem> {
    let look = api.ways.call(
        Place::View,
        || "dashboard".to_owned(),
        api.view.look(),
        |dashboard| match dashboard {
            Ok(dashboard) if dashboard.stale => format!("at event {}, late", dashboard.watermark),
            Ok(dashboard) => format!("at event {}", dashboard.watermark),
            Err(error) => error.to_string(),
        },
    );
    let dashboard = look.await?;
    let mut response = private(StatusCode::OK, &json!(dashboard));
    set(&mut response, CACHE_CONTROL, "no-store");
    Ok(response)
}

async fn health(State(api): Shared) -> Response {
    let places: serde_json::Map<_, _> = Place::ALL
        .into_iter()
        .map(|place| {
            let switch = api.ways.switches.get(place).name();
            (place.name().to_owned(), switch.into())
        })
        .collect();
    private(StatusCode::OK, &json!({ "status": "up", "places": places }))
}

async fn metrics(State(api): Shared) -> Response {
    let mut response = metrics::text(&api).into_response();
    set(
        &mut response,
        CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    );
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}

// Answers.

/// An answer that is one learner's own: no shared cache may keep it.
fn private(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = (status, body.to_string()).into_response();
    set(&mut response, CONTENT_TYPE, "application/json");
    set(&mut response, CACHE_CONTROL, "private, no-cache");
    set(&mut response, VARY, "authorization");
    response
}

fn unchanged(headers: &HeaderMap, version: u64) -> bool {
    let tag = format!("\"{version}\"");
    let asked = headers
        .get(IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok());
    asked.is_some_and(|tags| tags.split(',').any(|one| one.trim() == tag))
}

fn not_modified(version: u64) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    tag(&mut response, version);
    set(&mut response, CACHE_CONTROL, "private, no-cache");
    response
}

fn tag(response: &mut Response, version: u64) {
    set(response, ETAG, &format!("\"{version}\""));
}

fn set(response: &mut Response, name: hyper::header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
