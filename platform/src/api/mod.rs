//! The API: it answers requests, and decides nothing.
//!
//! Commands go to the authority and nowhere else; a cache is notified of them and has no say. Reads go
//! through the cache, and around it when it is away. Every error says what is true of the command.

mod answers;
mod asked;
mod metrics;
mod state;

pub(crate) use state::Api;

use crate::bounds;
use crate::catalogue;
use crate::observer::nonce;
use crate::parts::{Command, NotWritten, Place, SessionId};
use crate::problem::Problem;
use crate::trace::{Context, TRACEPARENT, scattered};
use answers::{not_modified, private, set, tag};
use asked::{
    allowed, completion, expected, idempotency_key, known_course, known_key, known_learner,
    unchanged,
};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::{LearnerId, LessonKey, Progress};
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use hyper::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;

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

/// Continues the trace that the request brings, or begins one, and names it in the answer.
async fn traced(State(api): Shared, request: Request, next: Next) -> Response {
    let context = Context::of(request.headers()).unwrap_or_else(|| api.ways.traces.begin());
    let mut response = context.scope(next.run(request)).await;
    let headers = response.headers_mut();
    headers.insert(TRACEPARENT, context.header());
    response
}

// Commands.

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
    let session = SessionId::of(&headers, key.learner);
    let command = Command {
        key,
        expected,
        steps_done: completion.steps_done,
        note: completion.note,
        idempotency_key,
    };
    // On a task of its own: a browser that disconnects must not cancel a command half-way, and the
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

// Reads.

async fn lesson(
    State(api): Shared,
    Path((learner, lesson)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = known_key(&learner, &lesson)?;
    allowed(&headers, key.learner)?;
    let session = SessionId::of(&headers, key.learner);
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
    let session = SessionId::of(headers, learner);
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
    let course = known_course(&course)?;
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
    let course = known_course(&course)?;
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
