//! The page: what people see when they start the platform, and the switches that they can turn.
//!
//! It is rendered on the server and kept up to date by server-sent events, and its switches are forms that
//! work without a script. Every other request goes to the door, as a browser's would.

mod page;
mod why;

use crate::load::Act;
use crate::parts::{Http as _, NoAnswer, Place};
use crate::scenario;
use crate::stage::{Assembly, Stage};
use crate::switch::Switch;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, LOCATION, ORIGIN,
};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How often the page is updated.
const NEWS_EVERY: Duration = Duration::from_millis(500);

/// The largest request that is passed on.
const MAX_REQUEST_BYTES: usize = 64 << 10;

/// The most of an answer's body that the page shows.
const MAX_SHOWN_BYTES: usize = 1200;

#[derive(Clone)]
pub(crate) struct Front {
    stage: Stage,
    assembly: Arc<dyn Assembly>,
    /// One scenario at a time: each takes a thread.
    running: Arc<tokio::sync::Mutex<()>>,
}

/// The page's routes, and the door behind them.
pub fn router(stage: Stage, assembly: Arc<dyn Assembly>) -> Router {
    let front = Front {
        stage,
        assembly,
        running: Arc::default(),
    };
    Router::new()
        .route("/", get(index))
        .route("/stage/page.css", get(css))
        .route("/stage/page.js", get(js))
        .route("/stage/state", get(state))
        .route("/stage/events", get(events))
        .route("/stage/trace/{id}", get(trace))
        .route("/stage/switch", post(switch))
        .route("/stage/load", post(load))
        .route("/stage/do", post(act))
        .route("/stage/rebuild", post(rebuild))
        .route("/stage/scenario/{name}", post(run_scenario))
        .fallback(door)
        .layer(middleware::from_fn(from_here))
        .with_state(front)
}

/// Only this page turns switches: not a page from elsewhere that knows the address, nor a name from
/// elsewhere that has been pointed here.
async fn from_here(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(&HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = matches!(name, "127.0.0.1" | "localhost");
    let own = text(&ORIGIN).is_none_or(|origin| origin == format!("http://{host}"));
    if !local || !own {
        let why = "this platform answers on 127.0.0.1, to its own page\n";
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    next.run(request).await
}

async fn index(State(front): State<Front>, RawQuery(query): RawQuery) -> Response {
    let query = fields(query.as_deref().unwrap_or_default());
    // What the address asks for is there before the page is shown.
    for (name, value) in &query {
        if let (Some(place), Some(switch)) = (Place::named(name), Switch::named(value)) {
            let _ = front.stage.switch(place, switch).await;
        }
    }
    if let Some(rate) = number(&query, "load") {
        let seed = number(&query, "seed").unwrap_or(front.stage.ways().seed);
        front.stage.load().set(rate, seed);
    }
    let html = page::html(&front.stage, &snapshot(&front.stage));
    answer(html, "text/html; charset=utf-8")
}

async fn css() -> Response {
    answer(page::css(), "text/css")
}

async fn js() -> Response {
    answer(include_str!("page.js").to_owned(), "text/javascript")
}

fn answer(text: String, kind: &'static str) -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, text).into_response()
}

fn json_answer(value: &Value) -> Response {
    answer(value.to_string(), "application/json")
}

// What there is to see.

async fn state(State(front): State<Front>) -> Response {
    let mut all = snapshot(&front.stage);
    all["points"] = json!(front.stage.load().points());
    all["tape"] = json!(front.stage.observer().tape());
    json_answer(&all)
}

async fn events(State(front): State<Front>) -> Response {
    let stream = futures_util::stream::unfold(true, move |first| {
        let stage = front.stage.clone();
        async move {
            if !first {
                tokio::time::sleep(NEWS_EVERY).await;
            }
            let news = format!("data: {}\n\n", snapshot(&stage));
            Some((Ok::<_, Infallible>(Bytes::from(news)), false))
        }
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(stream)).into_response()
}

async fn trace(State(front): State<Front>, Path(id): Path<String>) -> Response {
    let spans = u128::from_str_radix(&id, 16).map(|id| front.stage.traces().of(id));
    json_answer(&json!(spans.unwrap_or_default()))
}

/// Everything that changes while the page is open.
fn snapshot(stage: &Stage) -> Value {
    use std::sync::atomic::Ordering::Relaxed;
    let ways = stage.ways();
    let parts = stage.parts();
    let accounts = parts.workers.accounts();
    let queued = accounts.iter().map(|account| account.queued).max();
    let dead: usize = accounts.iter().map(|account| account.dead.len()).sum();
    let places: Vec<Value> = Place::ALL
        .into_iter()
        .map(|place| {
            let meter = ways.meters.of(place);
            let note = match place {
                Place::Edge | Place::Api => String::new(),
                Place::Cache => format!("{} entries", parts.cache.entries()),
                Place::Authority => format!("{} reads", ways.authority_reads()),
                Place::Stream => format!("{} waiting", parts.stream.waiting()),
                Place::Workers if dead > 0 => {
                    format!("{} queued, {dead} dead", queued.unwrap_or(0))
                }
                Place::Workers => format!("{} queued", queued.unwrap_or(0)),
                Place::View => format!("at event {}", parts.view.watermark()),
            };
            json!({
                "name": place.name(),
                "switch": ways.switches.get(place).name(),
                "last_us": meter.last_us.load(Relaxed),
                "calls": meter.calls.load(Relaxed),
                "failures": meter.failures.load(Relaxed),
                "note": note,
            })
        })
        .collect();
    json!({
        "at_ms": crate::observer::millis(ways.epoch, tokio::time::Instant::now()),
        "places": places,
        "board": stage.observer().board(),
        "sums": stage.observer().sums(),
        "rate": stage.load().rate(),
        "seed": ways.seed,
        "point": stage.load().points().last(),
    })
}

// What there is to turn.

async fn switch(State(front): State<Front>, headers: HeaderMap, body: Bytes) -> Response {
    let form = form(&body);
    let place = text(&form, "place").and_then(|name| Place::named(&name));
    let to = text(&form, "to").and_then(|name| Switch::named(&name));
    let (Some(place), Some(to)) = (place, to) else {
        return refused("say which place, and ok, slow, errors, stopped or loses");
    };
    match front.stage.switch(place, to).await {
        Ok(()) => back(
            &headers,
            &json!({ "place": place.name(), "switch": to.name() }),
        ),
        Err(why) => refused(&why.to_string()),
    }
}

async fn load(State(front): State<Front>, headers: HeaderMap, body: Bytes) -> Response {
    let form = form(&body);
    let Some(rate) = number(&form, "rate") else {
        return refused("say how many arrivals a second");
    };
    let seed = number(&form, "seed").unwrap_or(front.stage.ways().seed);
    front.stage.load().set(rate, seed);
    back(
        &headers,
        &json!({ "rate": front.stage.load().rate(), "seed": seed }),
    )
}

async fn rebuild(State(front): State<Front>, headers: HeaderMap) -> Response {
    match front.stage.parts().view.rebuild().await {
        Ok(()) => back(&headers, &json!({ "rebuilt": true })),
        Err(why) => refused(&why.to_string()),
    }
}

async fn act(State(front): State<Front>, headers: HeaderMap, body: Bytes) -> Response {
    let form = form(&body);
    let learner = number(&form, "learner").unwrap_or(1);
    let lesson = number(&form, "lesson").unwrap_or(1);
    let act = match text(&form, "what").as_deref() {
        Some("complete") => Act::Complete { learner, lesson },
        Some("progress") => Act::Progress(learner),
        Some("course") => Act::Course(1),
        Some("dashboard") => Act::Dashboard,
        Some("publish") => Act::Publish(1),
        _ => return refused("say what: complete, progress, course, dashboard or publish"),
    };
    let began = tokio::time::Instant::now();
    let visit = act
        .act(&front.stage.browser(), &front.stage.fresh_key())
        .await;
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let shown = visit.answer.as_ref().map(|answer| {
        let headers: Vec<_> = answer
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        let end = answer.body().len().min(MAX_SHOWN_BYTES);
        json!({
            "status": answer.status().as_u16(),
            "headers": headers,
            "body": String::from_utf8_lossy(&answer.body()[..end]),
            "bytes": answer.body().len(),
        })
    });
    back(
        &headers,
        &json!({
            "answer": shown,
            "end": format!("{:?}", visit.end),
            "attempts": visit.attempts,
            "took_us": took_us,
            "trace": format!("{:032x}", visit.trace),
            "spans": front.stage.traces().of(visit.trace),
        }),
    )
}

async fn run_scenario(
    State(front): State<Front>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let seed = number(&form(&body), "seed").unwrap_or(1);
    let Some(scenario) = scenario::named(&name) else {
        return refused("there is no such scenario");
    };
    let _one = front.running.lock().await;
    let assembly = Arc::clone(&front.assembly);
    match scenario::run_apart(scenario, assembly, seed).await {
        Ok(report) => back(&headers, &json!(report)),
        Err(why) => refused(&why.to_string()),
    }
}

/// To the script in JSON; to a form back to the page.
fn back(headers: &HeaderMap, value: &Value) -> Response {
    let script = headers
        .get("accept")
        .is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    if script {
        json_answer(value)
    } else {
        (StatusCode::SEE_OTHER, [(LOCATION, "/")]).into_response()
    }
}

fn refused(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response()
}

// The door.

async fn door(State(front): State<Front>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST_BYTES).await else {
        return (
            StatusCode::PAYLOAD_TOO_LARGE,
            "a request has at most 64 KiB\n",
        )
            .into_response();
    };
    let request = hyper::Request::from_parts(parts, body);
    match front.stage.door().call(request).await {
        Ok(answer) => {
            let (mut parts, body) = answer.into_parts();
            for name in [
                "connection",
                "transfer-encoding",
                "content-length",
                "keep-alive",
            ] {
                parts.headers.remove(name);
            }
            Response::from_parts(parts, Body::from(body))
        }
        Err(why) => crate::doubles::bad_gateway(match why {
            NoAnswer::Absent | NoAnswer::Shed => NoAnswer::Absent,
            NoAnswer::Lost => NoAnswer::Lost,
        })
        .map(Body::from),
    }
}

// Forms.

type Fields = Vec<(String, String)>;

fn form(body: &[u8]) -> Fields {
    fields(&String::from_utf8_lossy(body))
}

/// Names and values of ours are letters and digits; nothing is decoded.
fn fields(text: &str) -> Fields {
    text.split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn text(fields: &Fields, name: &str) -> Option<String> {
    let found = fields.iter().find(|(field, _)| field == name);
    found.map(|(_, value)| value.clone())
}

fn number(fields: &Fields, name: &str) -> Option<u64> {
    text(fields, name)?.parse().ok()
}
