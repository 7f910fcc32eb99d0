//! Shared by both targets: short ways to write messages, and an origin that the test controls.
#![allow(dead_code, reason = "each of the two targets uses a part of it")]

use edge::edge::Edge;
use edge::identity::key;
use edge::settings::Settings;
use edge::stored::Stored;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use testbed::{Gate, note, soon};
use tokio::task::JoinHandle;
use web::http::header::{HeaderName, HeaderValue};
use web::http::{self, HeaderMap, Method, StatusCode};
use web::{Body, BodyBroken, Bytes, Clock, Origin, OriginError, Read, Request, Response};

/// When the tests' time begins.
pub fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// This many seconds after the tests' time begins.
pub fn at(seconds: u64) -> SystemTime {
    start() + Duration::from_secs(seconds)
}

/// A date as in a header, this many seconds after the start, or before it.
pub fn date(seconds: i64) -> String {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let when = if seconds < 0 {
        start() - by
    } else {
        start() + by
    };
    let value = web::date::value(when);
    value.to_str().expect("a date is ASCII").to_owned()
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A request without a body for a page on the tests' host.
pub fn asking(method: &str, target: &str) -> Request {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).expect("a method");
    *request.uri_mut() = target.parse().expect("a target");
    request.with("host", "learn.example")
}

pub fn get(target: &str) -> Request {
    asking("GET", target)
}

/// Headers, in short form.
pub trait With {
    /// One more line of a header.
    #[must_use]
    fn with(self, name: &str, value: &str) -> Self;
}

fn append(headers: &mut HeaderMap, name: &str, value: &str) {
    let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
    headers.append(
        name,
        HeaderValue::from_str(value).expect("a header's value"),
    );
}

impl With for Request {
    fn with(mut self, name: &str, value: &str) -> Self {
        append(self.headers_mut(), name, value);
        self
    }
}

/// The page that the origin has at an address.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl With for Page {
    fn with(mut self, name: &str, value: &str) -> Self {
        append(&mut self.headers, name, value);
        self
    }
}

/// A page with this text, and without caching headers.
pub fn page(body: &str) -> Page {
    Page {
        status: 200,
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_owned()),
    }
}

/// A page with this `Cache-Control`.
pub fn cached(body: &str, cache_control: &str) -> Page {
    page(body).with("cache-control", cache_control)
}

impl Page {
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The page as a whole response.
    pub fn whole(&self) -> http::Response<Bytes> {
        let mut response = http::Response::new(self.body.clone());
        *response.status_mut() = StatusCode::from_u16(self.status).expect("a status");
        *response.headers_mut() = self.headers.clone();
        response
    }

    /// The page as it comes from the origin.
    pub fn response(&self) -> Response {
        self.whole().map(Body::from)
    }

    /// The page as it is kept for a request that was sent at the start and answered at once.
    pub fn stored_for(&self, request: &Request) -> Stored {
        self.stored_after(request, Duration::ZERO)
    }

    /// The page as it is kept for a request that was sent at the start and took this long.
    pub fn stored_after(&self, request: &Request, way: Duration) -> Stored {
        Stored {
            request: request.headers().clone(),
            response: self.whole(),
            requested_at: start(),
            received_at: start() + way,
        }
    }

    /// The page as it is kept for a plain request.
    pub fn stored(&self) -> Stored {
        self.stored_for(&get("/"))
    }
}

/// What a client got.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Result<String, BodyBroken>,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let body = body.within(usize::MAX).await.map(|read| match read {
            Read::Whole(body) => String::from_utf8_lossy(&body).into_owned(),
            Read::Longer(_) => unreachable!("nothing is longer than that"),
        });
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }

    /// The body, if it arrived complete.
    pub fn text(&self) -> &str {
        self.body.as_deref().unwrap_or("(a part of a body)")
    }

    /// The first line of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn told(&self) -> String {
        let text = short(self.text().trim().as_bytes());
        format!("{} \"{text}\"", self.status)
    }
}

/// How the origin behaves.
#[derive(Clone, Debug)]
pub enum Mood {
    /// It answers with what it has.
    Well,
    /// It cannot be reached, or does not answer.
    Failing(OriginError),
    /// It answers with an error of its own.
    Erring(u16),
    /// It panics.
    Panicking,
    /// It answers 304 with this tag to every request with a condition.
    Unchanged(&'static str),
}

/// An origin that the test controls. Clones are the same.
///
/// It reads its page when a request arrives, not when the request is released: a slow answer is an old
/// one.
#[derive(Clone)]
pub struct TestOrigin(Arc<Mutex<State>>);

struct State {
    pages: HashMap<String, Page>,
    streams: HashMap<String, Body>,
    by_user: HashMap<(String, String), Page>,
    seen: Vec<Request>,
    gates: Vec<Gate>,
    parked: Vec<usize>,
    holding: bool,
    mood: Mood,
    written: Page,
    running: usize,
    most_running: usize,
}

impl Default for TestOrigin {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            pages: HashMap::new(),
            streams: HashMap::new(),
            by_user: HashMap::new(),
            seen: Vec::new(),
            gates: Vec::new(),
            parked: Vec::new(),
            holding: false,
            mood: Mood::Well,
            written: page("").status(204),
            running: 0,
            most_running: 0,
        })))
    }
}

impl TestOrigin {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on there is this page at the address.
    pub fn has(&self, target: &str, page: Page) {
        note(format!(
            "the origin has \"{}\" at {target} ({})",
            short(&page.body),
            told_headers(&page.headers)
        ));
        self.state().pages.insert(target.to_owned(), page);
    }

    /// From now on a request with this `Cookie` or `Authorization` gets this page.
    pub fn has_for(&self, user: &str, target: &str, page: Page) {
        note(format!(
            "the origin has \"{}\" at {target} for {user} ({})",
            short(&page.body),
            told_headers(&page.headers)
        ));
        let at = (user.to_owned(), target.to_owned());
        self.state().by_user.insert(at, page);
    }

    /// The next request for the address gets this head and this body.
    pub fn streams(
        &self,
        target: &str,
        page: Page,
        body: impl futures_util::Stream<Item = Result<Bytes, BodyBroken>> + Send + 'static,
    ) {
        let mut state = self.state();
        state.pages.insert(target.to_owned(), page);
        state.streams.insert(target.to_owned(), Body::pieces(body));
    }

    /// From now on every client gets the same page there.
    pub fn has_for_nobody(&self, target: &str) {
        self.state().by_user.retain(|(_, at), _| at != target);
    }

    /// What the origin answers to writes from now on. It carries them out when they arrive.
    pub fn answers_writes(&self, page: Page) {
        self.state().written = page;
    }

    pub fn is(&self, mood: Mood) {
        note(match &mood {
            Mood::Well => "the origin works".to_owned(),
            Mood::Failing(error) => format!("from now on: {error}"),
            Mood::Erring(status) => format!("the origin answers with {status} from now on"),
            Mood::Unchanged(tag) => {
                format!("the origin says of everything that {tag} is unchanged")
            }
            Mood::Panicking => "the way to the origin panics from now on".to_owned(),
        });
        self.state().mood = mood;
    }

    /// From now on each request waits at its gate.
    pub fn hold(&self) {
        self.state().holding = true;
    }

    /// From now on requests are answered at once; those at their gates stay there.
    pub fn stop_holding(&self) {
        self.state().holding = false;
    }

    /// Releases a request; the first is number 1.
    pub fn release(&self, number: usize) {
        let state = self.state();
        let come = state.gates.len();
        let Some(gate) = number.checked_sub(1).and_then(|at| state.gates.get(at)) else {
            panic!("Request {number} was expected at the origin, but only {come} have arrived.");
        };
        gate.open();
    }

    /// Releases every request that is at its gate.
    pub fn release_all(&self) {
        for gate in &self.state().gates {
            gate.open();
        }
    }

    /// How many requests have arrived.
    pub fn fetches(&self) -> usize {
        self.state().seen.len()
    }

    /// The most requests that were at the origin at the same time.
    pub fn most_running(&self) -> usize {
        self.state().most_running
    }

    /// A request that has arrived; the first is number 1.
    pub fn seen(&self, number: usize) -> Request {
        let state = self.state();
        let come = state.seen.len();
        let seen = number.checked_sub(1).and_then(|at| state.seen.get(at));
        let Some(seen) = seen else {
            panic!("Request {number} was expected at the origin, but only {come} have arrived.");
        };
        seen.clone()
    }

    /// The numbers of the requests at their gates.
    pub fn parked(&self) -> Vec<usize> {
        self.state().parked.clone()
    }
}

/// A body in a story.
fn short(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned()
}

fn told_headers(headers: &HeaderMap) -> String {
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    headers.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// A request in a story.
pub fn told(request: &Request) -> String {
    let asked = request.headers().iter();
    let special = asked.filter(|(name, _)| *name != http::header::HOST);
    let special: HeaderMap = special.map(|(n, v)| (n.clone(), v.clone())).collect();
    let (method, target) = (request.method(), request.uri());
    if special.is_empty() {
        format!("{method} {target}")
    } else {
        format!("{method} {target} ({})", told_headers(&special))
    }
}

/// The user that asks.
fn user(request: &Request) -> Option<String> {
    let headers = request.headers();
    let named = headers.get("authorization").or(headers.get("cookie"))?;
    Some(named.to_str().ok()?.to_owned())
}

struct Running(TestOrigin);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state().running -= 1;
    }
}

impl Origin for TestOrigin {
    async fn fetch(&self, request: Request) -> Result<Response, OriginError> {
        let target = request
            .uri()
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let (number, gate, mood, found) = {
            let mut state = self.state();
            state.seen.push(request.clone());
            state.running += 1;
            state.most_running = state.most_running.max(state.running);
            let number = state.seen.len();
            let gate = Gate::closed();
            state.gates.push(gate.clone());
            let held = state.holding.then_some(gate);
            if held.is_some() {
                state.parked.push(number);
            }
            let own = user(&request).map(|user| (user, target.to_owned()));
            let page = if request.method().is_safe() {
                let own = own.and_then(|own| state.by_user.get(&own));
                own.or_else(|| state.pages.get(target)).cloned()
            } else {
                Some(state.written.clone())
            };
            (number, held, state.mood.clone(), page)
        };
        let _running = Running(self.clone());
        note(format!(
            "the origin gets request {number}: {}",
            told(&request)
        ));
        if let Some(gate) = gate {
            gate.pass().await;
            self.state().parked.retain(|parked| *parked != number);
        }
        match mood {
            Mood::Well => {}
            Mood::Failing(error) => return Err(error),
            Mood::Erring(status) => {
                note(format!("the origin answers request {number} with {status}"));
                return Ok(page_of_error(status).response());
            }
            Mood::Unchanged(tag) => {
                if request.headers().contains_key("if-none-match") {
                    return Ok(self::page("").status(304).with("etag", tag).response());
                }
            }
            Mood::Panicking => std::panic::resume_unwind(Box::new("asked to")),
        }
        let page = found.unwrap_or_else(|| page_of_error(404));
        let tag = page.headers.get("etag");
        let unchanged = request.method().is_safe()
            && tag.is_some()
            && request.headers().get("if-none-match") == tag;
        if unchanged {
            note(format!("the origin answers request {number} with 304"));
            let mut response = page.response();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            return Ok(response);
        }
        note(format!(
            "the origin answers request {number} with {} \"{}\"",
            page.status,
            short(&page.body)
        ));
        let mut response = page.response();
        if let Some(body) = self.state().streams.remove(target) {
            *response.body_mut() = body;
        }
        Ok(response)
    }
}

fn page_of_error(status: u16) -> Page {
    page("the origin's error").status(status)
}

/// Room for everything that a test asks for.
pub fn roomy() -> Settings {
    Settings {
        max_stored_bytes: 1 << 20,
        max_body_bytes: 64 << 10,
        max_fetches: 64,
        origin_timeout: Duration::from_secs(30),
    }
}

/// An edge in front of an origin, and its clients.
pub struct World {
    pub edge: Edge<TestOrigin>,
    pub origin: TestOrigin,
}

impl World {
    pub fn new() -> Self {
        Self::with(roomy())
    }

    pub fn with(settings: Settings) -> Self {
        let origin = TestOrigin::default();
        let clock = Clock::starting_at(start());
        let edge = Edge::new(origin.clone(), settings, clock);
        Self { edge, origin }
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&self, request: Request) -> Answer {
        self.start(request).await.answer().await
    }

    /// Asks, and lets the request run as far as it can.
    pub async fn start(&self, request: Request) -> Asked {
        let asked = self.spawn(request);
        settle().await;
        asked
    }

    /// Asks, and lets the runtime decide when the request is first polled.
    pub fn spawn(&self, request: Request) -> Asked {
        let edge = self.edge.clone();
        let what = told(&request);
        let asked = what.clone();
        let task = tokio::spawn(async move {
            note(format!("a client asks: {asked}"));
            let answer = Answer::of(edge.handle(request).await).await;
            note(format!(
                "the client is answered: {} (to {asked})",
                answer.told()
            ));
            answer
        });
        Asked { what, task }
    }

    pub fn purge(&self, target: &str) {
        self.edge.purge(&key(&get(target)));
        note(format!("{target} was purged"));
    }
}

/// Lets everything run as far as it can without outside help. Takes a millisecond of virtual time.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Lets time pass.
pub async fn pass(time: Duration) {
    note(format!("{time:?} pass"));
    tokio::time::sleep(time).await;
}

/// A request in flight.
pub struct Asked {
    what: String,
    task: JoinHandle<Answer>,
}

impl Asked {
    pub async fn answer(self) -> Answer {
        let what = format!("the answer to {}", self.what);
        let ended: Result<Answer, _> = soon(&what, self.task).await;
        ended.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) if panic.downcast_ref() == Some(&"asked to") => panic!(
                "The way to the origin panicked, and so did a client that waited. To the edge it is a \
                 lost answer."
            ),
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("The request was dropped: {error}"),
        })
    }

    pub fn is_done(&self) -> bool {
        self.task.is_finished()
    }

    /// The client leaves.
    pub async fn leave(self) {
        note(format!("the client that asked {} leaves", self.what));
        self.task.abort();
        settle().await;
    }
}

/// Runs a future to its end that never waits.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match testbed::poll_once(future.as_mut()) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => {
            panic!("This waits for something, but there is nothing to wait for.")
        }
    }
}
