//! What is being loaded. Given.
//!
//! A *flight* is one load with everybody who waits for it. The table has at most one flight for each
//! key: the one that new readers may join. A flight that is no longer in the table goes on for those
//! who are aboard, and nobody else learns of it.
//!
//! Nobody's future owns a load. It is a [`Shared`] future: whoever is left drives it on, so that nobody is
//! stranded by another's leaving, and when nobody is left it is dropped with all that it holds. A spawned
//! task for each load was the other choice. It needs somebody to stop it when all who waited have gone.

use crate::settings::ReadError;
use domain::{LessonKey, Progress};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use std::collections::HashMap;
use std::future::Future;
use tokio::time::Instant;

/// How a load ended, for everybody who waits.
pub(crate) type Outcome = Result<Option<Progress>, ReadError>;

/// A load that any number of readers wait for.
pub(crate) type Load = Shared<BoxFuture<'static, Outcome>>;

/// Tells one flight from the next under the same key. Never used twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FlightId(u64);

/// A flight in the table.
pub(crate) struct Flight {
    /// Which flight it is.
    pub(crate) id: FlightId,
    /// When its load began; `None` while it waits for a place. A load that has not begun is as good as
    /// one that begins now.
    pub(crate) began: Option<Instant>,
    /// Weak, because the table must not keep a load alive that nobody waits for.
    load: WeakShared<BoxFuture<'static, Outcome>>,
}

impl Flight {
    /// The load, to wait for; `None` if everybody who waited has gone.
    pub(crate) fn load(&self) -> Option<Load> {
        self.load.upgrade()
    }
}

/// The flights that may be joined.
#[derive(Default)]
pub(crate) struct Flights {
    by_key: HashMap<LessonKey, Flight>,
    last_id: u64,
}

impl Flights {
    /// An id for the next flight.
    pub(crate) fn next_id(&mut self) -> FlightId {
        self.last_id += 1;
        FlightId(self.last_id)
    }

    /// Makes `flying` a load that many can wait for, and puts it into the table, in the place of one that
    /// may be joined no more.
    pub(crate) fn add(
        &mut self,
        key: LessonKey,
        id: FlightId,
        flying: impl Future<Output = Outcome> + Send + 'static,
    ) -> Load {
        let shared = flying.boxed().shared();
        if let Some(load) = shared.downgrade() {
            let began = None;
            self.by_key.insert(key, Flight { id, began, load });
        }
        shared
    }

    /// Notes that the load of a flight begins, if the flight is still in the table.
    pub(crate) fn begins(&mut self, key: LessonKey, id: FlightId, now: Instant) {
        if let Some(flight) = self.by_key.get_mut(&key)
            && flight.id == id
        {
            flight.began = Some(now);
        }
    }

    /// The flight of `key` that is in the table.
    pub(crate) fn get(&self, key: LessonKey) -> Option<&Flight> {
        self.by_key.get(&key)
    }

    /// Takes the flight of `key` out of the table, whichever it is.
    pub(crate) fn remove(&mut self, key: LessonKey) {
        self.by_key.remove(&key);
    }

    /// Keeps in the table only the flights that `stays` says yes to.
    pub(crate) fn retain(&mut self, stays: impl Fn(&Flight) -> bool) {
        self.by_key.retain(|_, flight| stays(flight));
    }
}
