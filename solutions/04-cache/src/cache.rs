//! The cache.
//!
//! A hit is one clock read and one look into the entries. Everything else (misses, landings,
//! invalidations, ends of writes) goes through one short lock around the table of flights, and changes
//! table and entries together under it. So "is this flight still in the table?" and "store its value"
//! are one step, between which no invalidation fits; on several threads as well.
//!
//! Being in the table means two things at once: new readers may join, and the value may be kept. Whatever
//! makes a flight unfit for the one makes it unfit for the other: an invalidation, the end of a write, a
//! clearing. So there is one remedy for all of them, **to take the flight out of the table**. Those who
//! wait for it already get its value (they began before); the next reader starts a flight anew; and when
//! the old one lands, it is a stranger and leaves no trace.
//!
//! Two other ways are common. A tombstone for each invalidated key, with the version below which nothing
//! may be stored, has to be kept until no load from before can land, and so is memory for keys that are
//! not there. A version check on filling alone is cheaper still, and wrong: once the newer entry has been
//! evicted there is nothing to check against, and an invalidation of everything has no version.
//!
//! One lock and not one for each key or shard: it is held for some hundred nanoseconds and never across
//! an `.await`, and each time it is taken a load of the authority, or a write, has been paid for, which
//! costs a hundred times as much. A lock *around the load* would be another matter.

use crate::entries::{Entries, Entry, reaches};
use crate::flights::{Flight, FlightId, Flights, Load, Outcome};
use crate::places::{Places, Ticket};
use crate::session::Session;
use crate::settings::{ReadError, Settings, SettingsError};
use crate::source::{Source, SourceError};
use domain::{LessonKey, Progress, Version};
use futures_util::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
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

/// What the clones share.
struct Inner<S> {
    source: S,
    ttl: Duration,
    entries: Entries,
    flights: Mutex<Flights>,
    places: Places,
}

// ANCHOR: is_fresh
/// Whether what began to load at `load_began` may serve a read that began at `read_began`: one rule for
/// entries and for loads that still run.
fn is_fresh(load_began: Instant, read_began: Instant, ttl: Duration) -> bool {
    // Zero where the read began before the load, and never beyond what a duration can say: the sum of
    // a moment and `Duration::MAX` would be.
    read_began.saturating_duration_since(load_began) <= ttl
}
// ANCHOR_END: is_fresh

impl<S: Source> Cache<S> {
    /// An empty cache in front of `source`. It takes memory as it is used, and not before.
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
        Ok(Self {
            inner: Arc::new(Inner {
                source,
                ttl: settings.ttl,
                entries: Entries::new(settings.capacity_entries),
                flights: Mutex::default(),
                places: Places::new(settings),
            }),
        })
    }

    // ANCHOR: read
    /// Where the learner stands in the lesson, as of a load that began at most the staleness bound before
    /// this read, and never below what the session had been told when it began. "Not begun" is a value
    /// like any other.
    ///
    /// Dropping the future gives up the read, and harms nobody else. The load goes on if others wait for
    /// it; if not, it may go on or be dropped, and one that still waits for a place does not begin.
    ///
    /// # Errors
    /// [`ReadError`] says which of the three reasons there is for having no value. An error is not kept:
    /// the next read asks again.
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
        if let Some(entry) = self.inner.hit(key, began, floor) {
            return Ok(entry.value);
        }
        self.inner.miss(key, began, floor).await
    }
    // ANCHOR_END: read

    // ANCHOR: write
    /// Runs a write of `key`, and returns what the authority answered.
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
    /// Notes that `key` has reached `version`: no read that begins after this returns below it.
    ///
    /// An entry that is there already at `version` or above stays, and so does a flight: it was started
    /// after that entry had landed, and brings no less. A notice that comes late costs nothing.
    pub fn invalidate(&self, key: LessonKey, version: Version) {
        let mut flights = self.inner.flights();
        let entry = self.inner.entries.get(key);
        if !entry.is_some_and(|entry| reaches(entry.value, version)) {
            self.inner.forget(&mut flights, key);
        }
    }

    /// Forgets everything: no read that begins after this returns from a load that began before it.
    /// That is what to do after notices have been missed.
    pub fn clear(&self) {
        let mut flights = self.inner.flights();
        self.inner.entries.clear();
        flights.retain(|flight| flight.began.is_none());
    }
    // ANCHOR_END: invalidate

    /// How many entries are held at this moment, whether they may still be served or not. Never more
    /// than the capacity.
    pub fn entries(&self) -> usize {
        self.inner.entries.len()
    }
}

/// Where a read that found no entry gets its value from.
enum Way {
    /// From an entry after all: somebody filled it a moment ago.
    Entry(Entry),
    /// From a load. It may have been under way already when the read came to it.
    Load { load: Load, under_way: bool },
}

impl<S: Source> Inner<S> {
    /// The entry of the key, if it may be served: fresh, and not below the floor.
    fn hit(&self, key: LessonKey, began: Instant, floor: Option<Version>) -> Option<Entry> {
        let entry = self.entries.get(key)?;
        let serves = is_fresh(entry.began, began, self.ttl)
            && floor.is_none_or(|floor| reaches(entry.value, floor));
        serves.then_some(entry)
    }

    /// Waits for a load, and for another one where that brought less than the session was told.
    async fn miss(
        self: &Arc<Self>,
        key: LessonKey,
        began: Instant,
        floor: Option<Version>,
    ) -> Outcome {
        let mut loads = 0;
        loop {
            let (load, under_way) = match self.find_way(key, began, floor)? {
                Way::Entry(entry) => return Ok(entry.value),
                Way::Load { load, under_way } => (load, under_way),
            };
            let value = load.await?;
            loads += 1;
            match floor {
                Some(floor) if !reaches(value, floor) => {
                    if is_proof(under_way, loads) {
                        return Err(ReadError::Behind { floor });
                    }
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
        if let Some(entry) = self.hit(key, began, floor) {
            return Ok(Way::Entry(entry));
        }
        if let Some(flight) = flights.get(key)
            && self.may_join(flight, began)
            // Gone if the last who waited is leaving on another thread at this moment.
            && let Some(load) = flight.load()
        {
            let under_way = flight.began.is_some();
            return Ok(Way::Load { load, under_way });
        }
        let ticket = self.places.take()?;
        let seat = Seat {
            inner: Arc::clone(self),
            key,
            id: flights.next_id(),
        };
        let load = flights.add(key, seat.id, seat.fly(ticket));
        Ok(Way::Load {
            load,
            under_way: false,
        })
    }

    // ANCHOR: may_join
    /// Whether a read that began at `read_began` may join a flight that is in the table.
    fn may_join(&self, flight: &Flight, read_began: Instant) -> bool {
        flight
            .began
            .is_none_or(|load_began| is_fresh(load_began, read_began, self.ttl))
    }
    // ANCHOR_END: may_join

    /// Asks the authority. A panic in the source is the source's failure: it must not become that of
    /// whoever happens to drive the flight, nor strand the others. Calling `load` is inside the net too.
    async fn ask(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        let asking = async { self.source.load(key).await };
        let answer = AssertUnwindSafe(asking).catch_unwind().await;
        answer.unwrap_or(Err(SourceError))
    }

    /// Forgets what was loaded of a key, and what is being loaded. A flight that still waits for a place
    /// will begin after this, and may stay.
    fn forget(&self, flights: &mut Flights, key: LessonKey) {
        self.entries.remove(key);
        if flights
            .get(key)
            .is_some_and(|flight| flight.began.is_some())
        {
            flights.remove(key);
        }
    }

    fn flights(&self) -> MutexGuard<'_, Flights> {
        // Nothing in here panics half-way through a change, so that a poisoned lock guards nothing
        // broken.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ANCHOR: is_proof
/// Whether a load that brought less than the session was told proves that the authority is behind.
///
/// One that was under way when this read began may be from before the acknowledgement, and proves
/// nothing. Any load that is found next began after that one had ended, and so after this read began: its
/// answer counts.
fn is_proof(under_way: bool, loads: u32) -> bool {
    !under_way || loads > 1
}
// ANCHOR_END: is_proof

/// A flight's registration, which the flight carries.
///
/// It is made before the flight, and not in it: a future that is dropped before it was ever polled has run
/// none of its code, but drops what it was given.
struct Seat<S: Source> {
    inner: Arc<Inner<S>>,
    key: LessonKey,
    id: FlightId,
}

impl<S: Source> Seat<S> {
    /// A flight from its ticket to its end. It has its place for as long as it runs, also when nobody may
    /// join it any more: to the authority it is a load like any other.
    async fn fly(self, ticket: Ticket) -> Outcome {
        let _place = ticket.place().await;
        self.load().await
    }

    // ANCHOR: load
    /// Asks the authority, and keeps what it says.
    async fn load(&self) -> Outcome {
        // Before the question: from here on the authority may look.
        let began = Instant::now();
        self.inner.flights().begins(self.key, self.id, began);
        let value = self
            .inner
            .ask(self.key)
            .await
            .map_err(|_| ReadError::Unavailable)?;
        self.land(Entry { value, began });
        Ok(value)
    }
    // ANCHOR_END: load

    // ANCHOR: land
    /// Keeps what the load brought, unless the flight was overtaken. Judging and keeping are one step.
    fn land(&self, entry: Entry) {
        let mut flights = self.inner.flights();
        if self.take_out(&mut flights) {
            self.inner.entries.put(self.key, entry);
        }
    }
    // ANCHOR_END: land

    /// Takes this flight out of the table, and returns whether it was still in it. Another flight
    /// under the same key stays.
    fn take_out(&self, flights: &mut Flights) -> bool {
        let in_table = flights
            .get(self.key)
            .is_some_and(|flight| flight.id == self.id);
        if in_table {
            flights.remove(self.key);
        }
        in_table
    }
}

impl<S: Source> Drop for Seat<S> {
    /// Whatever the flight ends with, it is joined no more: also when it failed, or everybody left.
    fn drop(&mut self) {
        self.take_out(&mut self.inner.flights());
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
        self.inner.forget(&mut flights, self.key);
    }
}
