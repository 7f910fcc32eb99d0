//! The cache: one lock over everything, and readers that drive loads by turns.

use crate::recent::Recent;
use domain::{LessonKey, Progress, Version};
use futures_util::FutureExt;
use ours::session::Session;
use ours::settings::{ReadError, Settings, SettingsError};
use ours::source::Source;
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

type Outcome = Result<Option<Progress>, ReadError>;

/// A cache. Clones are the same.
pub struct Cache<S>(Arc<Inner<S>>);

impl<S> Clone for Cache<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<S> {
    source: S,
    ttl: Duration,
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    state: Mutex<State>,
}

struct State {
    entries: Recent,
    /// Every flight that somebody is aboard of, by generation.
    flights: HashMap<u64, Flight>,
    /// The youngest flight of each key that has one.
    youngest: HashMap<LessonKey, u64>,
    generations: u64,
}

struct Flight {
    key: LessonKey,
    aboard: usize,
    driven: bool,
    began: Option<Instant>,
    overtaken: bool,
    outcome: Option<Outcome>,
    /// Belong to the flight and not to who drives it, so that they are handed over with it.
    place: Option<OwnedSemaphorePermit>,
    waiting: Option<OwnedSemaphorePermit>,
    changed: Arc<Notify>,
}

impl State {
    /// Ends sharing and keeping of what has begun to load.
    fn overtake(&mut self, key: LessonKey) {
        if let Some(generation) = self.youngest.get(&key)
            && let Some(flight) = self.flights.get_mut(generation)
        {
            flight.overtaken |= flight.began.is_some();
        }
    }

    fn remove(&mut self, generation: u64) -> Option<Flight> {
        let flight = self.flights.remove(&generation)?;
        if self.youngest.get(&flight.key) == Some(&generation) {
            self.youngest.remove(&flight.key);
        }
        Some(flight)
    }
}

/// A seat in a flight. Whoever holds the last one takes the flight along.
struct Seat<'a, S> {
    inner: &'a Inner<S>,
    generation: u64,
    driving: bool,
}

impl<S> Drop for Seat<'_, S> {
    fn drop(&mut self) {
        let mut state = self.inner.lock();
        let Some(flight) = state.flights.get_mut(&self.generation) else {
            return;
        };
        flight.aboard -= 1;
        if flight.aboard == 0 {
            let gone = state.remove(self.generation);
            // Permits are given back outside the lock.
            drop(state);
            drop(gone);
        } else if self.driving {
            flight.driven = false;
            flight.began = None;
            flight.changed.notify_waiters();
        }
    }
}

fn reaches(value: Option<Progress>, floor: Option<Version>) -> bool {
    value.map(|progress| progress.version) >= floor
}

impl<S: Source> Cache<S> {
    /// An empty cache.
    ///
    /// # Errors
    /// As the lab says.
    pub fn new(source: S, settings: Settings) -> Result<Self, SettingsError> {
        if settings.capacity_entries == 0 {
            return Err(SettingsError::NoCapacity);
        }
        if settings.max_loads == 0 {
            return Err(SettingsError::NoLoads);
        }
        let semaphore = |permits: usize| Semaphore::new(permits.min(Semaphore::MAX_PERMITS));
        Ok(Self(Arc::new(Inner {
            source,
            ttl: settings.ttl,
            places: Arc::new(semaphore(settings.max_loads)),
            queue: Arc::new(semaphore(settings.max_waiting_loads)),
            state: Mutex::new(State {
                entries: Recent::new(settings.capacity_entries),
                flights: HashMap::new(),
                youngest: HashMap::new(),
                generations: 0,
            }),
        })))
    }

    /// Reads through.
    ///
    /// # Errors
    /// As the lab says.
    pub async fn read(
        &self,
        key: LessonKey,
        session: &Session,
    ) -> Result<Option<Progress>, ReadError> {
        let now = Instant::now();
        let floor = session.floor(key);
        let mut again = true;
        loop {
            let (seat, joined) = match self.0.board(key, now, floor)? {
                Ok(value) => return Ok(value),
                Err(seat) => seat,
            };
            let value = seat.fly(key).await?;
            match floor {
                Some(floor) if !reaches(value, Some(floor)) => {
                    if !(joined && again) {
                        return Err(ReadError::Behind { floor });
                    }
                }
                _ => return Ok(value),
            }
            again = false;
        }
    }

    /// Runs a write, and forgets the key at its end.
    ///
    /// # Errors
    /// As `write` does.
    pub async fn write<E>(
        &self,
        key: LessonKey,
        session: &Session,
        write: impl Future<Output = Result<Version, E>>,
    ) -> Result<Version, E> {
        struct Forget<'a>(&'a Mutex<State>, LessonKey);
        impl Drop for Forget<'_> {
            fn drop(&mut self) {
                let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                state.entries.remove(self.1);
                state.overtake(self.1);
            }
        }
        let written = {
            let _forget = Forget(&self.0.state, key);
            write.await
        };
        if let Ok(version) = written {
            session.acknowledged(key, version);
        }
        written
    }

    /// Removes what is below `version`.
    pub fn invalidate(&self, key: LessonKey, version: Version) {
        let mut state = self.0.lock();
        let entry = state.entries.look(key);
        if !entry.is_some_and(|entry| reaches(entry.value, Some(version))) {
            state.entries.remove(key);
            state.overtake(key);
        }
    }

    /// Removes everything.
    pub fn clear(&self) {
        let mut state = self.0.lock();
        state.entries.clear();
        for flight in state.flights.values_mut() {
            flight.overtaken |= flight.began.is_some();
        }
    }

    /// How many entries there are.
    pub fn entries(&self) -> usize {
        self.0.lock().entries.len()
    }
}

/// A value, or a seat and whether its load had begun already.
type Boarded<'a, S> = Result<Option<Progress>, (Seat<'a, S>, bool)>;

impl<S> Inner<S> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, began: Instant, now: Instant) -> bool {
        now.saturating_duration_since(began) <= self.ttl
    }

    fn board(
        &self,
        key: LessonKey,
        now: Instant,
        floor: Option<Version>,
    ) -> Result<Boarded<'_, S>, ReadError> {
        let mut state = self.lock();
        if let Some(entry) = state.entries.look(key)
            && self.fresh(entry.began, now)
            && reaches(entry.value, floor)
        {
            state.entries.touch(key);
            return Ok(Ok(entry.value));
        }
        let seat = |generation| Seat {
            inner: self,
            generation,
            driving: false,
        };
        if let Some(generation) = state.youngest.get(&key).copied()
            && let Some(flight) = state.flights.get_mut(&generation)
            && !flight.overtaken
            && flight.outcome.is_none()
            && flight.began.is_none_or(|began| self.fresh(began, now))
        {
            flight.aboard += 1;
            let under_way = flight.began.is_some();
            return Ok(Err((seat(generation), under_way)));
        }
        let place = Arc::clone(&self.places).try_acquire_owned().ok();
        let waiting = match place {
            Some(_) => None,
            None => match Arc::clone(&self.queue).try_acquire_owned() {
                Ok(waiting) => Some(waiting),
                Err(_) => return Err(ReadError::Shed),
            },
        };
        state.generations += 1;
        let generation = state.generations;
        state.flights.insert(
            generation,
            Flight {
                key,
                aboard: 1,
                driven: false,
                began: None,
                overtaken: false,
                outcome: None,
                place,
                waiting,
                changed: Arc::default(),
            },
        );
        state.youngest.insert(key, generation);
        Ok(Err((seat(generation), false)))
    }
}

/// What one who waits has to do next.
enum Turn {
    Done(Outcome),
    Wait(Arc<Notify>),
    Drive { has_place: bool },
}

impl<S: Source> Seat<'_, S> {
    /// Waits for the outcome, and drives the flight while nobody else does.
    async fn fly(mut self, key: LessonKey) -> Outcome {
        loop {
            let (turn, changed);
            {
                let mut state = self.inner.lock();
                let flight = state.flights.get_mut(&self.generation);
                turn = flight.map_or(Turn::Done(Err(ReadError::Unavailable)), Flight::turn);
                // Made under the lock, so that no change after it is missed.
                changed = match &turn {
                    Turn::Wait(changed) => Some(Arc::clone(changed).notified_owned()),
                    _ => None,
                };
            }
            match (turn, changed) {
                (Turn::Done(outcome), _) => return outcome,
                (Turn::Drive { has_place }, _) => {
                    self.driving = true;
                    return self.drive(key, has_place).await;
                }
                (_, Some(changed)) => changed.await,
                (_, None) => {}
            }
        }
    }

    async fn drive(&mut self, key: LessonKey, has_place: bool) -> Outcome {
        if !has_place {
            let place = Arc::clone(&self.inner.places).acquire_owned().await.ok();
            let mut state = self.inner.lock();
            if let Some(flight) = state.flights.get_mut(&self.generation) {
                flight.place = place;
                let waiting = flight.waiting.take();
                drop(state);
                drop(waiting);
            }
        }
        let began = Instant::now();
        if let Some(flight) = self.inner.lock().flights.get_mut(&self.generation) {
            flight.began = Some(began);
        }
        let load = async { self.inner.source.load(key).await };
        let outcome = match AssertUnwindSafe(load).catch_unwind().await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(_)) | Err(_) => Err(ReadError::Unavailable),
        };
        let mut state = self.inner.lock();
        let mut place = None;
        if let Some(flight) = state.flights.get_mut(&self.generation) {
            flight.outcome = Some(outcome);
            flight.changed.notify_waiters();
            place = flight.place.take();
            let overtaken = flight.overtaken;
            let youngest = state.youngest.get(&key) == Some(&self.generation);
            if youngest
                && !overtaken
                && let Ok(value) = outcome
            {
                state.entries.put(key, value, began);
            }
        }
        drop(state);
        drop(place);
        outcome
    }
}

impl Flight {
    fn turn(&mut self) -> Turn {
        if let Some(outcome) = self.outcome {
            return Turn::Done(outcome);
        }
        if self.driven {
            return Turn::Wait(Arc::clone(&self.changed));
        }
        self.driven = true;
        Turn::Drive {
            has_place: self.place.is_some(),
        }
    }
}
