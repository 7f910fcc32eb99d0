//! One fetch for many clients, and no late fills.
//!
//! Around the decisions is what lab 4 was about: concurrent misses share a fetch, and a fetch that an
//! invalidation has overtaken leaves nothing behind. What is new is that an answer may be for one person
//! only, which is unknown until it arrives.

use crate::decision::{Decision, decide, instead_of_an_error};
use crate::freshness::lifetime;
use crate::identity::{key, may_store, selects};
use crate::settings::{Settings, an_error_of_the_origin, no_answer, plain};
use crate::shelf::Shelf;
use crate::stored::{Key, Stored};
use crate::validators::{answer, question, refreshed};
use futures_util::FutureExt;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;
use web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use web::http::{self, Method, StatusCode, Uri};
use web::{Clock, Directives, Origin, OriginError, Read, Request, Response, hop};

/// A shared HTTP cache in front of an origin. Clones are the same edge.
pub struct Edge<O> {
    inner: Arc<Inner<O>>,
}

impl<O> Clone for Edge<O> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

struct Inner<O> {
    origin: O,
    settings: Settings,
    clock: Clock,
    /// One permit for each request that may be in flight to the origin.
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

// ANCHOR: state
/// What is stored and what is in flight, under one lock: "does this fetch still count?" and keeping its
/// response are one step.
struct State {
    shelf: Shelf,
    flights: HashMap<Key, Vec<Flight>>,
    next: u64,
}

/// A fetch in flight. An invalidation takes it out of the table: from then on it still answers the
/// requests that wait for it, but no other request joins it, and its response is not stored.
struct Flight {
    id: u64,
    /// Where its end is announced; `None` if it serves only one request.
    landing: Option<watch::Receiver<Option<Landing>>>,
}

/// How a fetch ended, for the requests that wait for it.
#[derive(Clone)]
enum Landing {
    /// With a response that may be kept, and so may answer the requests that it selects.
    Kept(Arc<Stored>),
    /// With a response for the client that asked. The others have to ask for themselves.
    Private,
    /// With an error, which all of them share: if each asked again, the origin would face a herd.
    Failed(StatusCode),
}
// ANCHOR_END: state

// ANCHOR: fetched
/// The result of a request to the origin.
enum Fetched {
    /// A complete response that may be kept.
    Keep(Arc<Stored>),
    /// A response that may not be kept: it is for the client that asked, and for no other.
    Pass(Response),
    /// An error: the origin's own, or the one that replaces a missing answer.
    Failed(Response),
}
// ANCHOR_END: fetched

impl<O: Origin> Edge<O> {
    /// An empty edge in front of `origin`.
    pub fn new(origin: O, settings: Settings, clock: Clock) -> Self {
        let places = settings.max_fetches.min(Semaphore::MAX_PERMITS);
        let state = State {
            shelf: Shelf::new(settings.max_stored_bytes),
            flights: HashMap::new(),
            next: 0,
        };
        Self {
            inner: Arc::new(Inner {
                origin,
                settings,
                clock,
                places: Arc::new(Semaphore::new(places)),
                state: Mutex::new(state),
            }),
        }
    }

    // ANCHOR: handle
    /// Answers a request.
    pub async fn handle(&self, mut request: Request) -> Response {
        hop::end_to_end(request.headers_mut());
        if !request.method().is_safe() {
            return labelled(self.write(request).await, "fwd=method");
        }
        if !concerns_the_cache(&request) {
            let response = self.ask(request).await;
            let response = response.unwrap_or_else(|error| no_answer(error, false));
            return labelled(response, "fwd=bypass");
        }
        let key = key(&request);
        let stored = self.stored(&key, &request);
        let now = self.inner.clock.now();
        let decision = decide(&request, stored.as_deref(), now);
        match (decision, stored) {
            (Decision::Serve, Some(stored)) => labelled(answer(&request, &stored, now), "hit"),
            (Decision::ServeAndRevalidate, Some(stored)) => {
                let response = answer(&request, &stored, now);
                *request.method_mut() = Method::GET;
                let edge = self.clone();
                tokio::spawn(async move { edge.fetch(key, request, Some(stored)).await });
                labelled(response, "hit; detail=stale-while-revalidate")
            }
            (Decision::Refuse, _) => {
                let text = "Nothing that is stored may be served.\n";
                labelled(plain(StatusCode::GATEWAY_TIMEOUT, text), "detail=refused")
            }
            (_, stored) if request.method() == Method::HEAD => {
                // A response without a body is not worth keeping.
                let response = match self.ask(request.clone()).await {
                    Ok(response) => response,
                    Err(error) => {
                        self.instead(&request, stored.as_deref(), no_answer(error, false))
                    }
                };
                labelled(response, "fwd=bypass")
            }
            (decision, stored) => {
                let why = if decision == Decision::Forward {
                    "fwd=miss"
                } else {
                    "fwd=stale"
                };
                labelled(self.fetch(key, request, stored).await, why)
            }
        }
    }
    // ANCHOR_END: handle

    // ANCHOR: fetch
    /// Answers a request that no stored response can answer, with one fetch for all concurrent requests.
    async fn fetch(&self, key: Key, request: Request, mut held: Option<Arc<Stored>>) -> Response {
        let seat = match self.join_or_take_off(&key, &request) {
            Place::Own(seat) => seat,
            Place::Joined(landing) => {
                match landed(landing).await {
                    Landing::Failed(status) => {
                        let error = an_error_of_the_origin(status);
                        return self.instead(&request, held.as_deref(), error);
                    }
                    Landing::Kept(landed) if selects(&landed, &request) => {
                        let now = self.inner.clock.now();
                        if decide(&request, Some(&landed), now) == Decision::Serve {
                            return answer(&request, &landed, now);
                        }
                        held = Some(landed);
                    }
                    // It is for another client, and waiting for a second fetch would mean standing in
                    // line.
                    Landing::Kept(_) | Landing::Private => {}
                }
                self.take_off(&key, &request)
            }
        };
        let (answers, answered) = oneshot::channel();
        let (edge, asked, old) = (self.clone(), request.clone(), held.clone());
        // In a task of its own: the client that started it may leave while others wait for it.
        tokio::spawn(async move {
            let fetched = edge.fetch_from_origin(&asked, old.as_deref()).await;
            // There may be no receiver left.
            let _ = answers.send(seat.land(&asked, old.as_deref(), fetched));
        });
        match answered.await {
            Ok(Fetched::Keep(stored)) => answer(&request, &stored, self.inner.clock.now()),
            Ok(Fetched::Pass(response)) => response,
            Ok(Fetched::Failed(error)) => self.instead(&request, held.as_deref(), error),
            // The task has panicked, or was dropped with its runtime.
            Err(_) => no_answer(OriginError::Lost, false),
        }
    }

    // ANCHOR_END: fetch

    /// A fetch to wait for, or the seat of a new one if there is none. One step: of two concurrent
    /// requests, one waits.
    fn join_or_take_off(&self, key: &Key, request: &Request) -> Place<O> {
        let mut state = self.inner.state();
        match state.join(key, request) {
            Some(landing) => Place::Joined(landing),
            None => Place::Own(self.seat(&mut state, key, request)),
        }
    }

    /// The seat of a new fetch, whatever else is in flight.
    fn take_off(&self, key: &Key, request: &Request) -> Seat<O> {
        self.seat(&mut self.inner.state(), key, request)
    }

    /// Enters a fetch into the table, for others to join, unless they can join another one.
    fn seat(&self, state: &mut State, key: &Key, request: &Request) -> Seat<O> {
        let (announce, landing) = watch::channel(None);
        let id = state.next;
        state.next += 1;
        let alone = wants_its_own(request) || state.join(key, request).is_some();
        let flight = Flight {
            id,
            landing: (!alone).then_some(landing),
        };
        state.flights.entry(key.clone()).or_default().push(flight);
        Seat {
            inner: Arc::clone(&self.inner),
            key: key.clone(),
            id,
            announce,
        }
    }

    // ANCHOR: write
    /// Passes on a request that may change something, and returns exactly the origin's answer.
    ///
    /// In a task of its own: a client that leaves must not leave the write half done. Without the task,
    /// the key would be forgotten when the client leaves, and a fetch that begins before the origin acts
    /// would be kept.
    async fn write(&self, request: Request) -> Response {
        let (edge, written) = (self.clone(), key(&request));
        let writing = tokio::spawn(async move {
            let mut forget = Forget {
                inner: Arc::clone(&edge.inner),
                keys: vec![written.clone()],
            };
            match edge.ask(request).await {
                // Refused: nothing has changed. If this forgot the key, anybody could empty the cache.
                Ok(response) if response.status().is_client_error() => {
                    forget.keys.clear();
                    response
                }
                Ok(response) => {
                    forget.keys.extend(named(&written, response.headers()));
                    response
                }
                Err(error) => no_answer(error, true),
            }
        });
        let written = writing.await;
        written.unwrap_or_else(|_| no_answer(OriginError::Lost, true))
    }

    /// Forgets the responses of a key. No request that begins after this is answered by what was fetched
    /// for the key before it.
    pub fn purge(&self, key: &Key) {
        let mut state = self.inner.state();
        state.shelf.remove(key);
        state.flights.remove(key);
    }

    /// Forgets everything, as [`purge`](Self::purge) forgets one key.
    pub fn clear(&self) {
        let mut state = self.inner.state();
        state.shelf.clear();
        state.flights.clear();
    }
    // ANCHOR_END: write

    /// What is stored for the request.
    fn stored(&self, key: &Key, request: &Request) -> Option<Arc<Stored>> {
        let mut state = self.inner.state();
        state.shelf.find(key, |stored| selects(stored, request))
    }

    /// How many responses are stored, and how many bytes they count for.
    pub fn usage(&self) -> (usize, usize) {
        let state = self.inner.state();
        (state.shelf.len(), state.shelf.bytes())
    }

    /// Sends a request to the origin, within its bound and its time. A panic on the way there is a lost
    /// answer.
    async fn ask(&self, request: Request) -> Result<Response, OriginError> {
        let inner = &self.inner;
        let Ok(place) = Arc::clone(&inner.places).try_acquire_owned() else {
            return Err(OriginError::Busy);
        };
        let fetching = AssertUnwindSafe(async { inner.origin.fetch(request).await }).catch_unwind();
        let response = match timeout(inner.settings.origin_timeout, fetching).await {
            Ok(Ok(response)) => response?,
            Ok(Err(_panic)) => return Err(OriginError::Lost),
            Err(_) => return Err(OriginError::TimedOut),
        };
        let (mut head, body) = response.into_parts();
        hop::end_to_end(&mut head.headers);
        Ok(http::Response::from_parts(head, body.holding(place)))
    }

    // ANCHOR: fetch_from_origin
    /// Asks the origin, with the validators of what is held.
    async fn fetch_from_origin(&self, request: &Request, held: Option<&Stored>) -> Fetched {
        let requested_at = self.inner.clock.now();
        let response = match self.ask(question(request, held)).await {
            Ok(response) if response.status().is_server_error() => {
                return Fetched::Failed(response);
            }
            Ok(response) => response,
            Err(error) => return Fetched::Failed(no_answer(error, false)),
        };
        let received_at = self.inner.clock.now();
        if let Some(held) = held
            && response.status() == StatusCode::NOT_MODIFIED
        {
            let renewed = refreshed(held, response.headers(), requested_at, received_at);
            return match renewed {
                Some(renewed) => kept_or_passed(request, renewed),
                // It is about a different response from the one held: ask for the whole.
                None => Box::pin(self.fetch_from_origin(request, None)).await,
            };
        }
        if !may_store(request, &response) {
            return Fetched::Pass(response);
        }
        let (parts, body) = response.into_parts();
        let Settings {
            max_body_bytes,
            origin_timeout,
            ..
        } = self.inner.settings;
        match timeout(origin_timeout, body.within(max_body_bytes)).await {
            Ok(Ok(Read::Whole(body))) => Fetched::Keep(Arc::new(Stored {
                request: request.headers().clone(),
                response: http::Response::from_parts(parts, body),
                requested_at,
                received_at,
            })),
            Ok(Ok(Read::Longer(body))) => Fetched::Pass(http::Response::from_parts(parts, body)),
            Ok(Err(_)) => Fetched::Failed(no_answer(OriginError::Lost, false)),
            Err(_) => Fetched::Failed(no_answer(OriginError::TimedOut, false)),
        }
    }
    // ANCHOR_END: fetch_from_origin

    /// The answer when the origin has failed: the stored response if allowed, otherwise the error.
    fn instead(&self, request: &Request, stored: Option<&Stored>, error: Response) -> Response {
        let now = self.inner.clock.now();
        match stored {
            Some(stored) if instead_of_an_error(request, stored, now) => {
                labelled(answer(request, stored, now), "detail=stale-if-error")
            }
            _ => error,
        }
    }
}

/// What a request does that no stored response can answer.
enum Place<O> {
    /// Joins a fetch that is in flight. This is where its end is announced.
    Joined(watch::Receiver<Option<Landing>>),
    /// Has to fetch, and to land.
    Own(Seat<O>),
}

// ANCHOR: land
/// A fetch's place in the table. Dropping it takes the fetch out, however it ended.
struct Seat<O> {
    inner: Arc<Inner<O>>,
    key: Key,
    id: u64,
    announce: watch::Sender<Option<Landing>>,
}

impl<O> Seat<O> {
    /// Ends the fetch: keeps its response, if it may be kept and nothing has overtaken it, and announces
    /// it to the requests that wait.
    fn land(self, request: &Request, held: Option<&Stored>, fetched: Fetched) -> Fetched {
        let mut state = self.inner.state();
        let counts = state.end(&self.key, self.id);
        let landing = match &fetched {
            Fetched::Keep(stored) => {
                if counts {
                    state.keep(&self.key, request, stored);
                }
                Landing::Kept(Arc::clone(stored))
            }
            Fetched::Pass(_) => {
                // The origin's new answer is private: the held response is no longer its answer to
                // everybody.
                if let Some(held) = held {
                    state
                        .shelf
                        .remove_if(&self.key, |one| std::ptr::eq(one, held));
                }
                Landing::Private
            }
            Fetched::Failed(error) => Landing::Failed(error.status()),
        };
        drop(state);
        self.announce.send_replace(Some(landing));
        fetched
    }
}

impl<O> Drop for Seat<O> {
    fn drop(&mut self) {
        self.inner.state().end(&self.key, self.id);
    }
}

impl State {
    /// The fetch to wait for, if there is one.
    fn join(&self, key: &Key, request: &Request) -> Option<watch::Receiver<Option<Landing>>> {
        if wants_its_own(request) {
            return None;
        }
        let mut flights = self.flights.get(key)?.iter();
        flights.find_map(|flight| flight.landing.clone())
    }

    /// Takes a fetch out of the table. Returns whether it was there: if not, it has been overtaken.
    fn end(&mut self, key: &Key, id: u64) -> bool {
        let Some(flights) = self.flights.get_mut(key) else {
            return false;
        };
        let before = flights.len();
        flights.retain(|flight| flight.id != id);
        let was_there = flights.len() < before;
        if flights.is_empty() {
            self.flights.remove(key);
        }
        was_there
    }

    /// Keeps a response, unless a fetch that began later has landed already, or it is not worth keeping.
    fn keep(&mut self, key: &Key, request: &Request, stored: &Arc<Stored>) {
        let there = self.shelf.find(key, |one| selects(one, request));
        if there.is_some_and(|there| there.requested_at > stored.requested_at) {
            return;
        }
        if is_of_use(stored) {
            let stored = Arc::clone(stored);
            self.shelf.put(key, stored, |one| selects(one, request));
        } else {
            self.shelf.remove_if(key, |one| selects(one, request));
        }
    }
}
// ANCHOR_END: land

/// Forgets its keys when dropped, and so however its write ends.
struct Forget<O> {
    inner: Arc<Inner<O>>,
    keys: Vec<Key>,
}

impl<O> Drop for Forget<O> {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        for key in &self.keys {
            state.shelf.remove(key);
            state.flights.remove(key);
        }
    }
}

impl<O> Inner<O> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics half-way through a change, so a poisoned lock guards nothing broken.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a fetch that another request started.
async fn landed(mut landing: watch::Receiver<Option<Landing>>) -> Landing {
    match landing.wait_for(Option::is_some).await {
        Ok(landed) => landed.clone().expect("that was awaited"),
        Err(_gone) => Landing::Failed(StatusCode::BAD_GATEWAY),
    }
}

/// Whether the request must not be answered by a fetch that began before it, as its client demands.
fn wants_its_own(request: &Request) -> bool {
    Directives::of(request.headers()).no_cache
}

/// A renewed response may have become private.
fn kept_or_passed(request: &Request, renewed: Stored) -> Fetched {
    let (head, body) = renewed.response.clone().into_parts();
    let response = http::Response::from_parts(head, body.into());
    if may_store(request, &response) {
        Fetched::Keep(Arc::new(renewed))
    } else {
        Fetched::Pass(response)
    }
}

/// Whether the response can ever save a fetch: it is fresh for some time, or has a validator.
fn is_of_use(stored: &Stored) -> bool {
    let headers = stored.response.headers();
    !lifetime(stored).is_zero()
        || headers.contains_key(header::ETAG)
        || headers.contains_key(header::LAST_MODIFIED)
}

/// Whether a safe request asks for something that may be stored: a whole response, by its address alone.
fn concerns_the_cache(request: &Request) -> bool {
    let headers = request.headers();
    let special = [header::RANGE, header::IF_MATCH, header::IF_UNMODIFIED_SINCE];
    matches!(*request.method(), Method::GET | Method::HEAD)
        && request.body().is_empty()
        && !special.iter().any(|name| headers.contains_key(name))
}

/// The keys on the same host that the response to a write names: what it made or changed.
fn named(written: &Key, headers: &HeaderMap) -> Vec<Key> {
    let names = [header::LOCATION, header::CONTENT_LOCATION];
    let places = names
        .iter()
        .filter_map(|name| headers.get(name)?.to_str().ok());
    places.filter_map(|place| key_at(written, place)).collect()
}

fn key_at(written: &Key, place: &str) -> Option<Key> {
    let mut request = Request::new(web::Bytes::new());
    *request.uri_mut() = place.parse::<Uri>().ok()?;
    let host = HeaderValue::from_str(&written.host).ok()?;
    request.headers_mut().insert(header::HOST, host);
    let key = key(&request);
    (key.host == written.host).then_some(key)
}

/// Adds the header that says where the response came from (RFC 9211).
fn labelled(mut response: Response, what: &'static str) -> Response {
    let label = HeaderValue::from_str(&format!("edge; {what}")).expect("visible ASCII");
    let name = HeaderName::from_static("cache-status");
    response.headers_mut().append(name, label);
    response
}
