//! What is being loaded, and which of it may still be shared and kept.
//!
//! A flight is one load with everybody who waits for it. The table has at most one flight for each
//! key, and being in the table means two things at once: new readers may join, and the value may be
//! kept. Whatever makes a flight unfit for the one makes it unfit for the other: an invalidation, the
//! end of a write, a clearing, or that it has been under way for too long. So there is one remedy for all
//! of them, **to take the flight out of the table**. Those who wait for it already get its value (they
//! began before); the next reader starts a flight anew; and when the old one lands, it is a stranger and
//! leaves no trace.
//!
//! Two other ways are common. A tombstone for each invalidated key, with the version below which nothing
//! may be stored, has to be kept until no load from before can land, and so is memory for keys that are
//! not there. A version check on filling alone is cheaper still, and wrong: once the newer entry has been
//! evicted there is nothing to check against, and an invalidation of everything has no version.

use crate::settings::ReadError;
use domain::{LessonKey, Progress};
use futures_util::future::{BoxFuture, Shared, WeakShared};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// What comes of a load, for everybody who waits.
pub(crate) type Outcome = Result<Option<Progress>, ReadError>;

/// A load that any number of readers wait for. Whoever is left drives it on, so that nobody is
/// stranded by another's leaving; when nobody is left it is dropped, and with it all that it holds.
///
/// A spawned task for each load was the other choice. It needs somebody to stop it when all who waited
/// have gone.
pub(crate) type Load = Shared<BoxFuture<'static, Outcome>>;

/// Tells one flight from the next under the same key. Never used twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FlightId(u64);

/// A flight in the table.
struct Flight {
    id: FlightId,
    /// Weak, because the table must not keep a load alive that nobody waits for.
    load: WeakShared<BoxFuture<'static, Outcome>>,
    /// When its load began; `None` while it waits for a place. A flight that has not begun is as good
    /// as one that starts now: nothing can make it unfit.
    began: Option<Instant>,
}

/// A place aboard.
pub(crate) struct Boarding {
    pub(crate) load: Load,
    /// Whether the load began before its reader did, and so may be older than what the reader was
    /// told.
    pub(crate) under_way: bool,
}

/// The flights that may be joined, and whose values may be kept.
#[derive(Default)]
pub(crate) struct Flights {
    by_key: HashMap<LessonKey, Flight>,
    last_id: u64,
}

impl Flights {
    /// The flight of `key`, if a read that began at `began` may join it.
    pub(crate) fn join(&self, key: LessonKey, began: Instant, ttl: Duration) -> Option<Boarding> {
        let flight = self.by_key.get(&key)?;
        // The same rule as for an entry: a read is answered by no load that is older than the bound.
        let young = flight
            .began
            .and_then(|load_began| load_began.checked_add(ttl))
            .is_none_or(|good_until| began <= good_until);
        if !young {
            return None;
        }
        Some(Boarding {
            // Gone if the last who waited is leaving on another thread at this moment.
            load: flight.load.upgrade()?,
            under_way: flight.began.is_some(),
        })
    }

    pub(crate) fn next_id(&mut self) -> FlightId {
        self.last_id += 1;
        FlightId(self.last_id)
    }

    /// Puts a flight into the table, in the place of one that may no longer be joined.
    pub(crate) fn add(&mut self, key: LessonKey, id: FlightId, load: &Load) {
        if let Some(load) = load.downgrade() {
            let began = None;
            self.by_key.insert(key, Flight { id, load, began });
        }
    }

    /// Notes that a flight's load begins now.
    pub(crate) fn begins(&mut self, key: LessonKey, id: FlightId, now: Instant) {
        if let Some(flight) = self.by_key.get_mut(&key)
            && flight.id == id
        {
            flight.began = Some(now);
        }
    }

    /// Takes a flight out at its end. Says whether it was still in the table, and its value may be
    /// kept. Another flight under the same key stays.
    pub(crate) fn end(&mut self, key: LessonKey, id: FlightId) -> bool {
        let in_table = self.by_key.get(&key).is_some_and(|flight| flight.id == id);
        if in_table {
            self.by_key.remove(&key);
        }
        in_table
    }

    /// Takes out the flight of `key` if its load has begun.
    pub(crate) fn disown(&mut self, key: LessonKey) {
        if self
            .by_key
            .get(&key)
            .is_some_and(|flight| flight.began.is_some())
        {
            self.by_key.remove(&key);
        }
    }

    /// Takes out every flight whose load has begun.
    pub(crate) fn disown_all(&mut self) {
        self.by_key.retain(|_, flight| flight.began.is_none());
    }
}
