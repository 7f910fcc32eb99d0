//! One fetch for many clients, and no late fills.
//!
//! Around the decisions is what lab 4 was about: concurrent misses share a fetch, and a fetch that an
//! invalidation has overtaken leaves nothing behind. What is new is that an answer may be for one person
//! only, which is unknown until it arrives.

use crate::decision::{Decision, decide, instead_of_an_error};
use crate::freshness::lifetime;
use crate::identity::{key, may_store, selects};
use crate::settings::{Settings, no_answer, plain};
use crate::shelf::Shelf;
use crate::stored::{Key, Stored};
use crate::validators::{answer, question, refreshed};
use futures_util::FutureExt;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, watch};
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

/// A fetch in flight. Once it is out of the table, it still answers the requests that wait for it, but
/// no other request joins it.
#[allow(dead_code, reason = "until `fetch` is written")]
struct Flight {
    id: u64,
    /// Where its end is announced; `None` if it serves only one request.
    landing: Option<watch::Receiver<Option<Landing>>>,
}

/// How a fetch ended, for the requests that wait for it.
#[derive(Clone)]
#[allow(dead_code, reason = "until `fetch` is written")]
enum Landing {
    /// With a response that may be kept, and so may answer the requests that it selects.
    Kept(Arc<Stored>),
    /// With a response for the client that asked, and for no other.
    Private,
    /// With an error of this status.
    Failed(StatusCode),
}
// ANCHOR_END: state

// ANCHOR: fetched
/// The result of a request to the origin.
#[allow(dead_code, reason = "until `fetch` is written")]
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

    // ANCHOR: stubs
    /// Answers a request that no stored response can answer; `held` is what is stored for it, if
    /// anything. The steps: [join or take off](Self::join_or_take_off); [ask](Self::fetch_from_origin);
    /// [land](Seat::land).
    ///
    /// - **Shared.** A request that joins waits until that fetch has [`landed`]. A client that leaves
    ///   harms no other.
    /// - **To each their own.** A landing answers a waiting request only if it may be kept, selects it,
    ///   and [`decide`] says to serve it. Otherwise that request [takes off](Self::take_off) itself, at
    ///   once.
    /// - **Errors.** All waiting requests get [one](crate::settings::an_error_of_the_origin), and none
    ///   asks again; unless what they hold may replace it: [`instead`](Self::instead).
    ///
    /// Judged by the tests in `misses`, first by `a_response_that_may_be_kept_is_fetched_once`.
    async fn fetch(&self, key: Key, request: Request, held: Option<Arc<Stored>>) -> Response {
        let _ = (key, request, held);
        todo!("Join a fetch or start one, wait until it has landed, and answer.")
    }

    /// Passes on a request that may change something, once, and returns the origin's answer; or
    /// [`no_answer`], with `wrote`.
    ///
    /// When it ends, in whatever way, no request that begins later is answered by what was fetched for
    /// the key before: not from the shelf, not by joining, not by a late fill. The same holds for keys
    /// on the same host that `Location` and `Content-Location` name. The only exception: a 4xx means
    /// that nothing was done, so nothing is forgotten. All of this holds when the client leaves.
    ///
    /// Judged by the tests in `writes`, first by `a_write_is_answered_by_the_origin`.
    async fn write(&self, request: Request) -> Response {
        let _ = request;
        todo!("Let the origin answer the write, and forget its key at its end.")
    }

    /// Forgets the responses of a key. No request that begins after this is answered by what was fetched
    /// for the key before: not from the shelf, not by joining, not by a late fill.
    ///
    /// Judged by `a_purge_is_in_force_at_once`.
    pub fn purge(&self, key: &Key) {
        let _ = key;
        todo!("Forget the key, and make sure that no fetch in flight brings it back.")
    }

    /// Forgets everything, as [`purge`](Self::purge) forgets one key.
    ///
    /// Judged by `clearing_forgets_everything`, in the hardening.
    pub fn clear(&self) {
        todo!("Forget all keys, and make sure that no fetch in flight brings one back.")
    }
    // ANCHOR_END: stubs

    /// A fetch to wait for, or the seat of a new one if there is none. One step: of two concurrent
    /// requests, one waits.
    #[allow(dead_code, reason = "until `fetch` is written")]
    fn join_or_take_off(&self, key: &Key, request: &Request) -> Place<O> {
        let mut state = self.inner.state();
        match state.join(key, request) {
            Some(landing) => Place::Joined(landing),
            None => Place::Own(self.seat(&mut state, key, request)),
        }
    }

    /// The seat of a new fetch, whatever else is in flight.
    #[allow(dead_code, reason = "until `fetch` is written")]
    fn take_off(&self, key: &Key, request: &Request) -> Seat<O> {
        self.seat(&mut self.inner.state(), key, request)
    }

    /// Enters a fetch into the table, for others to join, unless they can join another one.
    #[allow(dead_code, reason = "until `fetch` is written")]
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
    #[allow(dead_code, reason = "until `fetch` is written")]
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
#[allow(dead_code, reason = "until `fetch` is written")]
enum Place<O> {
    /// Joins a fetch that is in flight. This is where its end is announced.
    Joined(watch::Receiver<Option<Landing>>),
    /// Has to fetch, and to land.
    Own(Seat<O>),
}

/// A fetch's place in the table. Dropping it takes the fetch out, however it ended.
struct Seat<O> {
    inner: Arc<Inner<O>>,
    key: Key,
    id: u64,
    #[allow(dead_code, reason = "until `land` is written")]
    announce: watch::Sender<Option<Landing>>,
}

impl<O> Seat<O> {
    // ANCHOR: land
    /// Ends the fetch: takes it out of the table and keeps its response, under one lock, and announces
    /// how it ended. Returns what was fetched, for the request that started it.
    ///
    /// - A response that may be **kept** replaces what the request selects; if it is not [worth
    ///   keeping](is_of_use), that is only removed. But nothing changes if the key was written, purged
    ///   or cleared since the fetch took off, or if a fetch that was sent later has landed.
    /// - If it may **not** be kept, `held`, which the origin was asked about, is no longer its answer to
    ///   everybody, and is removed.
    ///
    /// Judged by the tests in `misses`, and for late fills by those in `writes`.
    #[allow(dead_code, reason = "until `fetch` is written")]
    fn land(self, request: &Request, held: Option<&Stored>, fetched: Fetched) -> Fetched {
        let _ = (request, held, &fetched);
        todo!(
            "Take the fetch out of the table, keep its response if allowed, and announce how it ended."
        )
    }
    // ANCHOR_END: land
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

    /// Takes a fetch out of the table. Returns whether it was still there.
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
}

impl<O> Inner<O> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics half-way through a change, so a poisoned lock guards nothing broken.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a fetch that another request started.
#[allow(dead_code, reason = "until `fetch` is written")]
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
#[allow(dead_code, reason = "until `fetch` is written")]
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
#[allow(dead_code, reason = "until `fetch` is written")]
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
#[allow(dead_code, reason = "until `write` is written")]
fn named(written: &Key, headers: &HeaderMap) -> Vec<Key> {
    let names = [header::LOCATION, header::CONTENT_LOCATION];
    let places = names
        .iter()
        .filter_map(|name| headers.get(name)?.to_str().ok());
    places.filter_map(|place| key_at(written, place)).collect()
}

#[allow(dead_code, reason = "until `write` is written")]
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
