//! The HTTP side: files of the last good book, the state, and the stream of events.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};
use tower_http::services::ServeDir;

use super::hub::{Event, Hub};

/// Open event streams: one a tab, and nobody reads a book in sixty-four tabs.
const MAX_STREAMS: usize = 64;

#[derive(Clone)]
struct Shared {
    hub: Arc<Hub>,
    /// Whether requests by another address of this machine are allowed.
    by_address: bool,
    stopped: watch::Receiver<bool>,
    streams: Arc<Semaphore>,
}

pub(super) fn router(hub: Arc<Hub>, host: IpAddr, stopped: watch::Receiver<bool>) -> Router {
    let shared = Shared {
        hub,
        by_address: !host.is_loopback(),
        stopped,
        streams: Arc::new(Semaphore::new(MAX_STREAMS)),
    };
    Router::new().fallback(answer).with_state(shared)
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let mut response = if !is_ours(request.headers(), shared.by_address) {
        // A foreign site may point a name of its own at this machine, and then read what is served here
        // as if it were its own. Its name in the Host header gives it away.
        plain(
            StatusCode::FORBIDDEN,
            if shared.by_address {
                "This server answers to localhost and to addresses only, not to names: a page elsewhere could \
                 make a name of its own point here. Ask by the machine's address.\n"
            } else {
                "This server answers to localhost only. To reach it from another machine or from outside a \
                 container, start it with --host 0.0.0.0 and ask by the machine's address.\n"
            },
        )
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refusal = plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "This server can only be read.\n",
        );
        refusal
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        refusal
    } else {
        match request.uri().path() {
            "/course/state.json" => state(&shared.hub),
            "/course/events" => events(&shared, &request),
            _ => file(&shared.hub, request).await,
        }
    };
    let headers = response.headers_mut();
    // Two books can be built within the second that a date is exact to, so dates must not be trusted.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}

fn is_ours(headers: &HeaderMap, by_address: bool) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let host = host.to_str().unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
        || (by_address && address.parse::<IpAddr>().is_ok())
}

fn state(hub: &Hub) -> Response {
    let body = hub.state().to_string();
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

fn events(shared: &Shared, request: &Request) -> Response {
    if *request.method() == Method::HEAD {
        return [(CONTENT_TYPE, "text/event-stream")].into_response();
    }
    let Ok(permit) = Arc::clone(&shared.streams).try_acquire_owned() else {
        return plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many pages are open.\n",
        );
    };
    let seen = request
        .headers()
        .get("last-event-id")
        .and_then(|id| id.to_str().ok());
    // A page that reconnects after the server was restarted may show a book that does not exist any more.
    let outdated = seen.is_some_and(|seen| seen != shared.hub.build());
    Sse::new(Feed::stream(shared, permit, outdated))
        .keep_alive(KeepAlive::default())
        .into_response()
}

/// One page's stream of events. It ends when the server stops, which a browser takes as a hint to
/// come back later.
struct Feed {
    hub: Arc<Hub>,
    events: broadcast::Receiver<Event>,
    stopped: watch::Receiver<bool>,
    /// What to send before the first event.
    first: Option<Event>,
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    fn stream(
        shared: &Shared,
        permit: OwnedSemaphorePermit,
        outdated: bool,
    ) -> impl Stream<Item = Result<SseEvent, Infallible>> + use<> {
        let feed = Self {
            hub: Arc::clone(&shared.hub),
            events: shared.hub.subscribe(),
            stopped: shared.stopped.clone(),
            first: Some(if outdated {
                Event::Reload
            } else {
                Event::State
            }),
            _permit: permit,
        };
        stream::unfold(feed, |mut feed| async move {
            let event = feed.next().await?;
            let data = match event {
                Event::Reload => SseEvent::default().event("reload").data(feed.hub.build()),
                Event::State => SseEvent::default()
                    .event("state")
                    .data(feed.hub.version().to_string()),
            };
            let event = data.id(feed.hub.build());
            Some((Ok(event), feed))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        tokio::select! {
            event = self.events.recv() => match event {
                Ok(event) => Some(event),
                // A reload may be among what it missed, and does no harm if it is not.
                Err(RecvError::Lagged(_)) => Some(Event::Reload),
                Err(RecvError::Closed) => None,
            },
            _ = self.stopped.wait_for(|stopped| *stopped) => None,
        }
    }
}

async fn file(hub: &Hub, request: Request) -> Response {
    let Some(folder) = hub.site() else {
        return waiting(hub);
    };
    if !folder.is_dir() {
        // `cargo clean`, say.
        hub.lost(&folder);
        return waiting(hub);
    }
    let lost = folder.join("404.html");
    // It refuses every path that would lead out of the folder.
    match ServeDir::new(folder).try_call(request).await {
        Ok(response) if response.status() != StatusCode::NOT_FOUND => response.map(Body::new),
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                &format!("cannot read the page: {error}\n"),
            )
        }
        _ => match tokio::fs::read(lost).await {
            Ok(page) => {
                let html = HeaderValue::from_static("text/html; charset=utf-8");
                (StatusCode::NOT_FOUND, [(CONTENT_TYPE, html)], page).into_response()
            }
            Err(_) => plain(StatusCode::NOT_FOUND, "There is no such page.\n"),
        },
    }
}

/// What is shown while there is no book at all, because the first build failed or is not done.
fn waiting(hub: &Hub) -> Response {
    let message = match hub.broken() {
        Some(message) => format!("The book does not build yet:\n\n{message}"),
        None => "The book is being built.".to_owned(),
    };
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Not there yet</title></head><body><main><h1>Not there yet</h1><pre>{}</pre><p>This page reloads when that changes.</p></main><script>{WAIT}</script></body></html>",
        crate::book::html::escape(&message)
    );
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(CONTENT_TYPE, "text/html; charset=utf-8")],
        page,
    )
        .into_response()
}

/// Reloads the page when something has happened; the first event only says that the page is connected.
const WAIT: &str = "let first = true; const events = new EventSource('/course/events'); const again = () => { if (!first) location.reload(); first = false; }; events.addEventListener('state', again); events.addEventListener('reload', () => location.reload()); setTimeout(() => location.reload(), 10000);";

fn plain(status: StatusCode, text: &str) -> Response {
    (
        status,
        [(CONTENT_TYPE, "text/plain; charset=utf-8")],
        text.to_owned(),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_ours() {
        let asked = |host: &str, by_address| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            is_ours(&headers, by_address)
        };
        let ours = |host: &str| asked(host, false);
        assert!(!ours("192.168.1.7:3000") && asked("192.168.1.7:3000", true));
        assert!(!ours("[fe80::1]:3000") && asked("[fe80::1]:3000", true));
        assert!(!asked("evil.example", true));
        for host in [
            "localhost",
            "localhost:3000",
            "127.0.0.1:3000",
            "[::1]:3000",
            "[::1]",
        ] {
            assert!(ours(host), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:3000",
            "localhost.evil.example",
            "",
        ] {
            assert!(!ours(host), "{host}");
        }
        assert!(!is_ours(&HeaderMap::new(), true));
    }
}
