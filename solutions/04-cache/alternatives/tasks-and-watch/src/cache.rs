//! The cache: one lock over a ring of entries and a table of tasks.

use crate::ring::{Ring, fresh, reaches};
use crate::session::Session;
use domain::{LessonKey, Progress, Version};
use ours::settings::{ReadError, Settings, SettingsError};
use ours::source::Source;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
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
    source: Arc<S>,
    settings: Settings,
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

struct State {
    ring: Ring,
    tasks: HashMap<LessonKey, Task>,
    waiting: usize,
    tickets: u64,
}

/// A task that may be joined, and whose value may be kept.
struct Task {
    ticket: u64,
    began: Option<Instant>,
    /// Where readers subscribe. While nobody does, a task that has not begun gives up.
    outcome: Arc<watch::Sender<Option<Outcome>>>,
}

impl State {
    /// Forgets the task of `key` if it has begun.
    fn overtake(&mut self, key: LessonKey) {
        if self
            .tasks
            .get(&key)
            .is_some_and(|task| task.began.is_some())
        {
            self.tasks.remove(&key);
        }
    }

    /// The task with this ticket, if it has not been overtaken.
    fn task(&mut self, key: LessonKey, ticket: u64) -> Option<&mut Task> {
        self.tasks
            .get_mut(&key)
            .filter(|task| task.ticket == ticket)
    }
}

enum Found {
    Value(Option<Progress>),
    Task {
        outcome: watch::Receiver<Option<Outcome>>,
        joined: bool,
    },
}

impl<S: Source> Cache<S> {
    /// An empty cache.
    ///
    /// # Errors
    /// As the lab says.
    pub fn new(source: S, settings: Settings) -> Result<Self, SettingsError> {
        match settings {
            Settings {
                capacity_entries: 0,
                ..
            } => Err(SettingsError::NoCapacity),
            Settings { max_loads: 0, .. } => Err(SettingsError::NoLoads),
            _ => Ok(Self(Arc::new(Inner {
                source: Arc::new(source),
                settings,
                places: Arc::new(Semaphore::new(
                    settings.max_loads.min(Semaphore::MAX_PERMITS),
                )),
                state: Mutex::new(State {
                    ring: Ring::new(settings.capacity_entries),
                    tasks: HashMap::new(),
                    waiting: 0,
                    tickets: 0,
                }),
            }))),
        }
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
        let (now, floor) = (Instant::now(), session.floor(key));
        let mut last = false;
        loop {
            let (mut outcome, joined) = match self.find(key, now, floor)? {
                Found::Value(value) => return Ok(value),
                Found::Task { outcome, joined } => (outcome, joined),
            };
            let value = match outcome.wait_for(Option::is_some).await {
                Ok(outcome) => outcome.unwrap_or(Err(ReadError::Unavailable))?,
                Err(_) => return Err(ReadError::Unavailable),
            };
            match floor {
                Some(floor) if !reaches(value, Some(floor)) => {
                    if last || !joined {
                        return Err(ReadError::Behind { floor });
                    }
                }
                _ => return Ok(value),
            }
            last = true;
        }
    }

    fn find(
        &self,
        key: LessonKey,
        now: Instant,
        floor: Option<Version>,
    ) -> Result<Found, ReadError> {
        let ttl = self.0.settings.ttl;
        let mut state = self.0.lock();
        if let Some(slot) = state.ring.get(key, now, ttl)
            && reaches(slot.value, floor)
        {
            return Ok(Found::Value(slot.value));
        }
        if let Some(task) = state.tasks.get(&key)
            && task.began.is_none_or(|began| fresh(began, now, ttl))
        {
            return Ok(Found::Task {
                outcome: task.outcome.subscribe(),
                joined: task.began.is_some(),
            });
        }
        let place = Arc::clone(&self.0.places).try_acquire_owned().ok();
        if place.is_none() {
            if state.waiting >= self.0.settings.max_waiting_loads {
                return Err(ReadError::Shed);
            }
            state.waiting += 1;
        }
        state.tickets += 1;
        let ticket = state.tickets;
        let (sender, outcome) = watch::channel(None);
        let sender = Arc::new(sender);
        state.tasks.insert(
            key,
            Task {
                ticket,
                began: None,
                outcome: Arc::clone(&sender),
            },
        );
        drop(state);
        tokio::spawn(Arc::clone(&self.0).load(key, ticket, place, sender));
        Ok(Found::Task {
            outcome,
            joined: false,
        })
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
        struct AtTheEnd<F: Fn()>(F);
        impl<F: Fn()> Drop for AtTheEnd<F> {
            fn drop(&mut self) {
                (self.0)();
            }
        }
        let end = AtTheEnd(|| {
            let mut state = self.0.lock();
            state.ring.remove(key);
            state.overtake(key);
        });
        let version = write.await?;
        drop(end);
        session.acknowledged(key, version);
        Ok(version)
    }

    /// Removes what is below `version`.
    pub fn invalidate(&self, key: LessonKey, version: Version) {
        let mut state = self.0.lock();
        if !state.ring.has(key, version) {
            state.ring.remove(key);
            state.overtake(key);
        }
    }

    /// Removes everything.
    pub fn clear(&self) {
        let mut state = self.0.lock();
        state.ring.clear();
        state.tasks.retain(|_, task| task.began.is_none());
    }

    /// How many entries there are.
    pub fn entries(&self) -> usize {
        self.0.lock().ring.len()
    }
}

impl<S: Source> Inner<S> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a task does.
    async fn load(
        self: Arc<Self>,
        key: LessonKey,
        ticket: u64,
        place: Option<OwnedSemaphorePermit>,
        outcome: Arc<watch::Sender<Option<Outcome>>>,
    ) {
        let place = match place {
            Some(place) => place,
            None => match self.wait(key, ticket, &outcome).await {
                Some(place) => place,
                None => return,
            },
        };
        let began = Instant::now();
        if let Some(task) = self.lock().task(key, ticket) {
            task.began = Some(began);
        }
        // A task within the task: what panics in there ends there.
        let source = Arc::clone(&self.source);
        let load = tokio::spawn(async move { source.load(key).await });
        let loaded = match load.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(_)) | Err(_) => Err(ReadError::Unavailable),
        };
        {
            let mut state = self.lock();
            if state.task(key, ticket).is_some() {
                state.tasks.remove(&key);
                if let Ok(value) = loaded {
                    state.ring.put(key, value, began);
                }
            }
        }
        drop(place);
        outcome.send_replace(Some(loaded));
    }

    /// Waits for a place; `None` if nobody waits for the outcome any more.
    async fn wait(
        &self,
        key: LessonKey,
        ticket: u64,
        outcome: &watch::Sender<Option<Outcome>>,
    ) -> Option<OwnedSemaphorePermit> {
        let acquiring = Arc::clone(&self.places).acquire_owned();
        tokio::pin!(acquiring);
        let place = loop {
            tokio::select! {
                biased;
                () = outcome.closed() => {
                    let mut state = self.lock();
                    // Somebody may have come between the last one's leaving and the lock.
                    if outcome.receiver_count() == 0 {
                        if state.task(key, ticket).is_some() {
                            state.tasks.remove(&key);
                        }
                        state.waiting -= 1;
                        return None;
                    }
                }
                place = &mut acquiring => break place.ok()?,
            }
        };
        self.lock().waiting -= 1;
        Some(place)
    }
}
