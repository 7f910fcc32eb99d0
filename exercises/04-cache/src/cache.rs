//! The cache.
//!
//! Its promises are about what a read may return, and they are all of one kind: a value is known by the
//! load that brought it, and a load by when it *began*, because the authority may have looked right
//! then. A slow load is an old answer, also when it has only just arrived.
//!
//! The code that moves values and readers around is given: a read looks at the entries (`hit`), or else finds a
//! flight to join or starts one (`miss`, `find_way`). You write what is decided on the way. Table and
//! entries change together, under the one lock that `Inner::flights` takes; it is never held across an
//! `.await`.
//!
//! A design of your own in place of the given one is judged by the same tests. Most of them run on one thread, in
//! paused time; the promises hold on several threads as well, and the hardening uses two.

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

/// Whether what began to load at `load_began` may serve a read that began at `read_began`: if the load
/// began at most `ttl` before. That is one rule for entries and for loads that still run.
///
/// `Duration::MAX` is for ever; with a `ttl` of zero, what began in the same instant serves.
///
/// Judged by the tests in `staleness`, and first by
/// `staleness::an_entry_serves_until_the_bound_and_no_longer`.
fn is_fresh(load_began: Instant, read_began: Instant, ttl: Duration) -> bool {
    let _ = (load_began, read_began, ttl);
    todo!("Compare the age of the load with the bound, for any bound that there is.")
}

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

    /// Runs a write of `key`, and returns exactly what the authority answers, once it has answered. On `Ok`
    /// the session is told of the version.
    ///
    /// Whatever the end is (`Ok`, `Err`, a panic, or that this future is dropped half-way), the write may
    /// have taken place. So no read that begins after the end returns anything from a load that began
    /// before it: not from an entry, not by joining, not from a late fill.
    ///
    /// Nothing waits because of the cache: neither this write, nor other writes, nor reads that begin while it
    /// runs. It touches no other key.
    ///
    /// # Errors
    /// As `write` does.
    ///
    /// Judged by the tests in `writes`.
    pub async fn write<E>(
        &self,
        key: LessonKey,
        session: &Session,
        write: impl Future<Output = Result<Version, E>>,
    ) -> Result<Version, E> {
        let _ = (key, session, write);
        todo!("Run the write, and forget the key at its end, whatever the end is.")
    }

    /// Notes that `key` has reached `version`. From then on no read that begins returns less:
    ///
    /// - not from an entry; but one that is at `version` or above stays, and costs no load;
    /// - not from a load that has begun, by joining it;
    /// - not from a late fill: what such a load brings is not kept, and takes no newer entry's place
    ///   (`land` has a part in that).
    ///
    /// A load that still waits for its place will begin after this, and may stay. Those who wait already are
    /// answered by the load that they wait for. Notices may come late, twice, and in any order.
    ///
    /// Judged by the tests in `late`, and first by
    /// `late::a_read_after_an_invalidation_is_not_served_by_a_load_from_before`.
    pub fn invalidate(&self, key: LessonKey, version: Version) {
        let _ = (key, version);
        todo!(
            "Remove what is below the version, and see to it that no running load brings it back."
        )
    }

    /// Forgets everything: there are no entries left, and no read that begins after this returns anything
    /// from a load that began before it. That is what to do after notices have been missed. It changes
    /// latency and load, and no answer beyond that.
    ///
    /// Judged by `late::a_clearing_reaches_the_loads_that_run` and
    /// `late::emptying_changes_load_and_no_answer`.
    pub fn clear(&self) {
        todo!("Forget all entries, and see to it that no running load brings one back.")
    }

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

    /// Whether a read that began at `read_began` may join a flight that is in the table.
    ///
    /// To wait for a load is to be served from it, and so it must be fresh to this read. One that still
    /// waits for its place has not begun, and is joined by anybody.
    ///
    /// Judged by `flights::a_hundred_misses_of_one_key_are_one_load` and
    /// `flights::a_read_joins_no_load_that_is_older_than_the_bound`.
    fn may_join(&self, flight: &Flight, read_began: Instant) -> bool {
        let _ = (flight, read_began);
        todo!("Say whether what this load brings may serve a read that began then.")
    }

    /// Asks the authority. A panic in the source is the source's failure: it must not become that of
    /// whoever happens to drive the flight, nor strand the others. Calling `load` is inside the net too.
    async fn ask(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        let asking = async { self.source.load(key).await };
        let answer = AssertUnwindSafe(asking).catch_unwind().await;
        answer.unwrap_or(Err(SourceError))
    }

    /// Locks the table, and with it the right to change entries.
    fn flights(&self) -> MutexGuard<'_, Flights> {
        // Nothing in here panics half-way through a change, so that a poisoned lock guards nothing
        // broken.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a load that brought less than the session was told proves that the authority is behind.
///
/// `under_way` says that it had begun before the read came to it; `loads` for how many the read has
/// waited, this one included. What may have looked before the acknowledgement proves nothing, and the read
/// takes one load more. What began after the read did proves it: the authority is not asked again.
///
/// Judged by `sessions::a_joined_load_below_the_floor_is_not_taken` and
/// `sessions::an_authority_that_has_forgotten_is_said_to_be_behind`.
fn is_proof(under_way: bool, loads: u32) -> bool {
    let _ = (under_way, loads);
    todo!("Say whether this load began after the read did.")
}

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

    /// One load: notes in the table when it begins (`Flights::begins`), asks the authority (`ask`), and
    /// lands what it says with the moment from which its age counts.
    ///
    /// An error is [`ReadError::Unavailable`] to all who wait, and changes nothing else: it is no value, it
    /// is not kept, and it takes no entry away.
    ///
    /// Judged by `staleness::the_age_of_a_value_counts_from_the_beginning_of_its_load` and
    /// `staleness::an_error_is_not_kept`; whether the beginning is noted, by the stage `flights`.
    async fn load(&self) -> Outcome {
        todo!("Note the beginning, ask the authority, and land its answer with that beginning.")
    }

    /// Keeps what the load brought as the entry of the key, "not begun" like any other value.
    ///
    /// From the stage `late` on: unless the flight was overtaken, which means that it is no longer in the
    /// table (`take_out`). Between that question and the keeping no invalidation fits.
    ///
    /// Judged by `staleness::not_begun_is_a_value_like_any_other`, and later by `late::a_late_fill_is_not_kept`.
    fn land(&self, entry: Entry) {
        let _ = entry;
        todo!("Put the entry in its place.")
    }

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
