//! One fetch for many clients, and no late fills.
//!
//! Around the decisions is what lab 4 was about: concurrent misses share a fetch, and a fetch that an
//! invalidation has overtaken leaves nothing behind. What is new is that an answer may be for one person
//! only, which is unknown until it arrives.

use crate::decision::{Decision, decide, instead_of_an_error};
use crate::flights::{Envelope, Flight, Flights, Landing, Mark};
use crate::freshness::lifetime;
use crate::identity::{key, may_store, selects};
use crate::settings::{Settings, an_error_of_the_origin, no_answer, plain};
use crate::shelf::Shelf;
use crate::stored::{Key, Stored};
use crate::validators::{answer, question, refreshed};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
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

/// What is stored and what is in flight, under one lock.
struct State {
    shelf: Shelf,
    flights: Flights,
}
/// The result of a request to the origin.
enum Fetched {
    /// A complete response that may be kept.
    Keep(Stored),
    /// A response that may not be kept: it is for the client that asked, and for no other.
    Pass(Response),
    /// An error: the origin's own, or the one that replaces a missing answer.
    Failed(Response),
}

impl<O: Origin> Edge<O> {
    /// An empty edge in front of `origin`.
    pub fn new(origin: O, settings: Settings, clock: Clock) -> Self {
        let places = settings.max_fetches.min(Semaphore::MAX_PERMITS);
        let state = State {
            shelf: Shelf::new(settings.max_stored_bytes),
            flights: Flights::default(),
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

    /// Answers a request that no stored response can answer.
    async fn fetch(&self, key: Key, request: Request, mut held: Option<Arc<Stored>>) -> Response {
        let own = Directives::of(request.headers()).no_cache;
        let joined = if own {
            None
        } else {
            self.inner.state().flights.joinable(&key)
        };
        if let Some(flight) = joined {
            match flight.await {
                Landing::Kept(landed) if selects(&landed, &request) => {
                    let now = self.inner.clock.now();
                    if decide(&request, Some(&landed), now) == Decision::Serve {
                        return answer(&request, &landed, now);
                    }
                    held = Some(landed);
                }
                Landing::Failed(status, _) => {
                    let error = an_error_of_the_origin(status);
                    return self.instead(&request, held.as_deref(), error);
                }
                Landing::Kept(_) | Landing::Private(_) => {}
            }
        }
        let flight = {
            let mut state = self.inner.state();
            let mark = state.flights.begin(&key);
            let (edge, asked, old, at) = (self.clone(), request.clone(), held.clone(), key.clone());
            let fetching = async move { edge.fly(at, mark, asked, old).await };
            let flight: Flight = fetching.boxed().shared();
            if !own && state.flights.joinable(&key).is_none() {
                state.flights.offer(&key, &flight);
            }
            flight
        };
        match flight.await {
            Landing::Kept(stored) => answer(&request, &stored, self.inner.clock.now()),
            Landing::Private(envelope) => envelope
                .open()
                .unwrap_or_else(|| no_answer(OriginError::Lost, false)),
            Landing::Failed(status, envelope) => {
                let error = envelope
                    .open()
                    .unwrap_or_else(|| an_error_of_the_origin(status));
                self.instead(&request, held.as_deref(), error)
            }
        }
    }

    async fn fly(
        &self,
        key: Key,
        mark: Arc<Mark>,
        request: Request,
        held: Option<Arc<Stored>>,
    ) -> Landing {
        let tidy = Tidy {
            inner: Arc::clone(&self.inner),
            key: key.clone(),
            mark: Some(mark),
        };
        let fetched = self.fetch_from_origin(&request, held.as_deref()).await;
        let mut state = self.inner.state();
        match fetched {
            Fetched::Keep(stored) => {
                let stored = Arc::new(stored);
                let newer = state.shelf.find(&key, |one| {
                    selects(one, &request) && one.requested_at > stored.requested_at
                });
                let counts = tidy.mark.as_ref().is_some_and(|mark| mark.counts());
                if counts && newer.is_none() {
                    state.shelf.remove_if(&key, |one| selects(one, &request));
                    if is_of_use(&stored) {
                        state.shelf.put(&key, Arc::clone(&stored), |_| false);
                    }
                }
                Landing::Kept(stored)
            }
            Fetched::Pass(response) => {
                if let Some(held) = held {
                    state
                        .shelf
                        .remove_if(&key, |one| std::ptr::eq(one, &raw const *held));
                }
                Landing::Private(Envelope::of(response))
            }
            Fetched::Failed(response) => Landing::Failed(response.status(), Envelope::of(response)),
        }
    }

    /// Passes on a request that may change something. It continues when its client leaves.
    async fn write(&self, request: Request) -> Response {
        let edge = self.clone();
        let writing = tokio::spawn(async move { edge.written(request).await });
        writing
            .await
            .unwrap_or_else(|_| no_answer(OriginError::Lost, true))
    }

    async fn written(&self, request: Request) -> Response {
        let written = key(&request);
        let answered = self.ask(request).await;
        let mut keys = vec![written.clone()];
        let response = match answered {
            Ok(response) if response.status().is_client_error() => return response,
            Ok(response) => {
                keys.extend(named(&written, response.headers()));
                response
            }
            Err(error) => no_answer(error, true),
        };
        for key in &keys {
            self.purge(key);
        }
        response
    }

    /// Forgets the responses of a key.
    pub fn purge(&self, key: &Key) {
        let mut state = self.inner.state();
        state.shelf.remove(key);
        state.flights.overtake(key);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut state = self.inner.state();
        state.shelf.clear();
        state.flights.overtake_all();
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
            Ok(Ok(Read::Whole(body))) => Fetched::Keep(Stored {
                request: request.headers().clone(),
                response: http::Response::from_parts(parts, body),
                requested_at,
                received_at,
            }),
            Ok(Ok(Read::Longer(body))) => Fetched::Pass(http::Response::from_parts(parts, body)),
            Ok(Err(_)) => Fetched::Failed(no_answer(OriginError::Lost, false)),
            Err(_) => Fetched::Failed(no_answer(OriginError::TimedOut, false)),
        }
    }

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

/// Forgets that a fetch is under way, however it ends.
struct Tidy<O> {
    inner: Arc<Inner<O>>,
    key: Key,
    mark: Option<Arc<Mark>>,
}

impl<O> Drop for Tidy<O> {
    fn drop(&mut self) {
        self.mark = None;
        let mut state = self.inner.state();
        state.flights.tidy(&self.key);
    }
}

impl<O> Inner<O> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics half-way through a change, so a poisoned lock guards nothing broken.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A renewed response may have become private.
fn kept_or_passed(request: &Request, renewed: Stored) -> Fetched {
    let (head, body) = renewed.response.clone().into_parts();
    let response = http::Response::from_parts(head, body.into());
    if may_store(request, &response) {
        Fetched::Keep(renewed)
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
