//! The cache.
//!
//! A hit is one clock read and one look into the entries. Everything else (misses, landings,
//! invalidations, ends of writes) goes through one short lock around the table of flights, and changes
//! table and entries together under it. So "is this flight still in the table?" and "store its value"
//! are one step, between which no invalidation fits; on several threads as well.
//!
//! One lock and not one for each key or shard: it is held for some hundred nanoseconds and never across
//! an `.await`, and each time it is taken a load of the authority, or a write, has been paid for, which
//! costs a hundred times as much. A lock *around the load* would be another matter.

use crate::entries::{Entries, Entry, version_of};
use crate::flights::{Boarding, FlightId, Flights, Load, Outcome};
use crate::session::Session;
use crate::settings::{ReadError, Settings, SettingsError};
use crate::source::Source;
use domain::{LessonKey, Progress, Version};
use futures_util::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// A bounded read-through cache. Clones are the same cache.
pub struct Cache<S> {
    inner: Arc<Inner<S>>,
}

impl<S> Clone for Cache<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

struct Inner<S> {
    source: S,
    ttl: Duration,
    /// Filled and emptied under the lock of `flights` only; read without it.
    entries: Entries,
    flights: Mutex<Flights>,
    /// A permit for each load that may run.
    places: Arc<Semaphore>,
    /// A permit for each load that may wait for a place.
    queue: Arc<Semaphore>,
}

impl<S: Source> Cache<S> {
    // ANCHOR: new
    /// An empty cache in front of `source`.
    ///
    /// # Errors
    /// [`SettingsError`] when there is no room for an entry, or no load may run.
    pub fn new(source: S, settings: Settings) -> Result<Self, SettingsError> {
        if settings.capacity_entries == 0 {
            return Err(SettingsError::NoCapacity);
        }
        if settings.max_loads == 0 {
            return Err(SettingsError::NoLoads);
        }
        // A semaphore refuses more permits than it can count; nobody has as many loads.
        let permits = |wanted: usize| Arc::new(Semaphore::new(wanted.min(Semaphore::MAX_PERMITS)));
        Ok(Self {
            inner: Arc::new(Inner {
                source,
                ttl: settings.ttl,
                entries: Entries::new(settings.capacity_entries),
                flights: Mutex::default(),
                places: permits(settings.max_loads),
                queue: permits(settings.max_waiting_loads),
            }),
        })
    }
    // ANCHOR_END: new

    // ANCHOR: read
    /// Where the learner stands in the lesson, as of a load that began at most the staleness bound
    /// before this read, and never below what the session was told.
    ///
    /// Dropping the future gives up the read. The load goes on if others wait for it, and is dropped
    /// if not.
    ///
    /// # Errors
    /// [`ReadError`] says which of the three reasons there is for having no value.
    pub async fn read(
        &self,
        key: LessonKey,
        session: &Session,
    ) -> Result<Option<Progress>, ReadError> {
        // One look at the clock, before anything else: a read that was held up is judged by when it
        // began. A coarser clock that somebody else winds would be cheaper, and would stand still
        // whenever that somebody is held up: the bound would then hold on good days.
        let began = Instant::now();
        let floor = session.floor_at(key, began);
        if let Some(entry) = self.inner.entries.get(key, began, floor) {
            return Ok(entry.value);
        }
        self.inner.miss(key, began, floor).await
    }
    // ANCHOR_END: read

    // ANCHOR: write
    /// Runs a write of `key`, and hands on what the authority said.
    ///
    /// The cache takes part in no write: it is not asked before, stores nothing after, and has no say
    /// in the outcome. It only makes sure that what it held before is not served afterwards. That is
    /// done at the end and whatever the end is: an error, a panic or a dropped future may stand for a
    /// write that took place.
    ///
    /// Putting the new value in (write-through) was not taken: the write knows its version but not
    /// what else has happened since, and two writers would have to agree on whose value is newer.
    ///
    /// # Errors
    /// As `write` does.
    pub async fn write<E>(
        &self,
        key: LessonKey,
        session: &Session,
        write: impl Future<Output = Result<Version, E>>,
    ) -> Result<Version, E> {
        let forget = Forget {
            inner: &self.inner,
            key,
        };
        let outcome = write.await;
        drop(forget);
        if let Ok(version) = outcome {
            session.acknowledged(key, version);
        }
        outcome
    }
    // ANCHOR_END: write

    // ANCHOR: invalidate
    /// Takes note that `key` has reached `version`: no read that begins after this returns below it.
    ///
    /// An entry that is there already at `version` or above stays, and so does a flight: it was started
    /// after that entry had landed, and brings no less. A notice that comes late costs nothing.
    pub fn invalidate(&self, key: LessonKey, version: Version) {
        let mut flights = self.inner.flights();
        if !self.inner.entries.remove_below(key, version) {
            flights.disown(key);
        }
    }

    /// Forgets everything: no read that begins after this returns from a load that began before it.
    /// That is what to do after notices have been missed.
    pub fn clear(&self) {
        let mut flights = self.inner.flights();
        self.inner.entries.clear();
        flights.disown_all();
    }
    // ANCHOR_END: invalidate

    /// How many entries are held at this moment, whether they may still be served or not.
    pub fn entries(&self) -> usize {
        self.inner.entries.len()
    }
}

/// Where a read that found no entry gets its value from.
enum Way {
    /// From an entry after all: somebody filled it a moment ago.
    Entry(Option<Progress>),
    /// From a load.
    Load(Boarding),
}

impl<S: Source> Inner<S> {
    // ANCHOR: miss
    async fn miss(
        self: &Arc<Self>,
        key: LessonKey,
        began: Instant,
        floor: Option<Version>,
    ) -> Outcome {
        let mut again = true;
        loop {
            let boarding = match self.find_way(key, began, floor)? {
                Way::Entry(value) => return Ok(value),
                Way::Load(boarding) => boarding,
            };
            let value = boarding.load.await?;
            match floor {
                Some(floor) if version_of(value) < Some(floor) => {
                    // A load that was under way when this read began may be from before the
                    // acknowledgement, and proves nothing. Any load that is found next began after
                    // that one ended, and so after this read began: its answer counts.
                    if !(boarding.under_way && again) {
                        return Err(ReadError::Behind { floor });
                    }
                    again = false;
                }
                _ => return Ok(value),
            }
        }
    }

    /// Finds the flight to wait for, or starts one.
    fn find_way(
        self: &Arc<Self>,
        key: LessonKey,
        began: Instant,
        floor: Option<Version>,
    ) -> Result<Way, ReadError> {
        let mut flights = self.flights();
        // On another thread a flight may have landed between our look at the entries and the lock.
        if let Some(entry) = self.entries.get(key, began, floor) {
            return Ok(Way::Entry(entry.value));
        }
        if let Some(boarding) = flights.join(key, began, self.ttl) {
            return Ok(Way::Load(boarding));
        }
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => Place::Taken(place),
            Err(_) => match Arc::clone(&self.queue).try_acquire_owned() {
                Ok(waiting) => Place::Awaited(waiting),
                Err(_) => return Err(ReadError::Shed),
            },
        };
        let id = flights.next_id();
        // Made out here and not in the flight: a future that is dropped before it was ever polled has
        // run none of its code, but drops what it was given.
        let seat = Seat {
            inner: Arc::clone(self),
            key,
            id,
        };
        let load: Load = seat.fly(place).boxed().shared();
        flights.add(key, id, &load);
        Ok(Way::Load(Boarding {
            load,
            under_way: false,
        }))
    }
    // ANCHOR_END: miss

    fn flights(&self) -> MutexGuard<'_, Flights> {
        // Nothing in here panics half-way through a change, so that a poisoned lock guards nothing
        // broken.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A flight's permission to load.
enum Place {
    Taken(OwnedSemaphorePermit),
    /// Holds the permit to wait until there is one to load.
    Awaited(OwnedSemaphorePermit),
}

/// A flight's registration in the table. Dropping it takes the flight out, however it ended.
struct Seat<S: Source> {
    inner: Arc<Inner<S>>,
    key: LessonKey,
    id: FlightId,
}

impl<S: Source> Seat<S> {
    // ANCHOR: fly
    async fn fly(self, place: Place) -> Outcome {
        let Self { inner, key, id } = &self;
        let _place = match place {
            Place::Taken(place) => place,
            Place::Awaited(waiting) => {
                let place = Arc::clone(&inner.places).acquire_owned().await;
                drop(waiting);
                place.expect("the semaphore is never closed")
            }
        };
        let began = Instant::now();
        inner.flights().begins(*key, *id, began);
        // A panic in the source is the source's failure. It must not become that of whoever happens to
        // drive the flight, nor strand the others. The inner block has calling `load` inside the net too.
        let loading = async { inner.source.load(*key).await };
        let Ok(Ok(value)) = AssertUnwindSafe(loading).catch_unwind().await else {
            return Err(ReadError::Unavailable);
        };
        let mut flights = inner.flights();
        if flights.end(*key, *id) {
            inner.entries.put(*key, Entry::new(value, began, inner.ttl));
        }
        Ok(value)
    }
    // ANCHOR_END: fly
}

impl<S: Source> Drop for Seat<S> {
    fn drop(&mut self) {
        self.inner.flights().end(self.key, self.id);
    }
}

/// Forgets a key when dropped, and so whatever becomes of the write that it accompanies.
struct Forget<'a, S: Source> {
    inner: &'a Inner<S>,
    key: LessonKey,
}

impl<S: Source> Drop for Forget<'_, S> {
    fn drop(&mut self) {
        let mut flights = self.inner.flights();
        self.inner.entries.remove(self.key);
        flights.disown(self.key);
    }
}
