//! What a user was told, and must not see taken back.
//!
//! Somebody who completes a lesson and then sees it open again does not think "staleness bound"; they
//! complete it again, or write to support. So a session remembers the versions that were acknowledged
//! to it, and no read through it may answer below them.
//!
//! The memory need not be long: once the staleness bound has passed since an acknowledgement, whatever
//! a cache may serve was loaded after it. That bounds a session without a number of its own.

use domain::{LessonKey, Version};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How many floors are kept before the first look for those that have become unnecessary.
const FIRST_SWEEP: usize = 16;

/// One user's session. It is shared between the user's requests, so that it takes `&self` everywhere.
#[derive(Debug)]
pub struct Session {
    floors: Mutex<Floors>,
    /// Whether it was ever told anything. Read without the lock, because most sessions only read, and their
    /// hits should not pay for a lock that guards nothing. Set after the floor that it announces.
    told: AtomicBool,
}

impl Session {
    /// A session that has been told nothing yet. `staleness` is the staleness bound, or the widest
    /// one, of the caches that it reads through; `Duration::MAX` means for ever.
    ///
    /// Time is [`tokio::time::Instant`]'s, here and in the cache: the tests' clock is virtual.
    pub fn new(staleness: Duration) -> Self {
        Self {
            floors: Mutex::new(Floors::new(staleness)),
            told: AtomicBool::new(false),
        }
    }

    /// Remembers that the authority acknowledged `version` of `key` to this session just now.
    pub fn acknowledged(&self, key: LessonKey, version: Version) {
        self.lock().remember(key, version, Instant::now());
        self.told.store(true, Ordering::Release);
    }

    /// The version that no read of `key` that begins now may be below, through this session.
    ///
    /// Each acknowledgement counts for as long as the staleness bound, that moment included. The floor is
    /// no lower than the highest version that counts, no higher than the highest that was ever
    /// acknowledged, and `None` if none counts.
    pub fn floor(&self, key: LessonKey) -> Option<Version> {
        self.floor_at(key, Instant::now())
    }

    /// As [`floor`](Self::floor), for a caller that has read the clock already.
    pub(crate) fn floor_at(&self, key: LessonKey, now: Instant) -> Option<Version> {
        if !self.told.load(Ordering::Acquire) {
            return None;
        }
        self.lock().floor(key, now)
    }

    fn lock(&self) -> MutexGuard<'_, Floors> {
        self.floors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ANCHOR: floors
/// What a session was told lately.
#[derive(Debug)]
struct Floors {
    staleness: Duration,
    by_key: HashMap<LessonKey, Floor>,
    /// At how many floors to look for unnecessary ones: twice what the last look left, so that
    /// looking costs a constant for each acknowledgement.
    sweep_at: usize,
    /// When the last look was. A bound later there is another one, however few floors there are: a session
    /// that was busy, and is no more, would otherwise keep what it was told then.
    swept: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Floor {
    version: Version,
    /// When the session was told last.
    told: Instant,
}

impl Floors {
    fn new(staleness: Duration) -> Self {
        Self {
            staleness,
            by_key: HashMap::new(),
            sweep_at: FIRST_SWEEP,
            swept: Instant::now(),
        }
    }

    /// Remembers that `version` of `key` was acknowledged at `now`.
    fn remember(&mut self, key: LessonKey, version: Version, now: Instant) {
        self.sweep(now);
        let floor = self
            .by_key
            .entry(key)
            .or_insert(Floor { version, told: now });
        // Acknowledgements of two writes may arrive in either order.
        floor.version = floor.version.max(version);
        floor.told = now;
    }

    /// The floor of `key` for a read that begins at `now`.
    fn floor(&self, key: LessonKey, now: Instant) -> Option<Version> {
        let floor = self.by_key.get(&key)?;
        self.counts(floor, now).then_some(floor.version)
    }

    fn counts(&self, floor: &Floor, now: Instant) -> bool {
        now.saturating_duration_since(floor.told) <= self.staleness
    }

    /// Forgets what counts no more, if it is time to look for it.
    fn sweep(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.swept) > self.staleness;
        if late || self.by_key.len() >= self.sweep_at {
            let staleness = self.staleness;
            self.by_key
                .retain(|_, floor| now.saturating_duration_since(floor.told) <= staleness);
            self.by_key.shrink_to(FIRST_SWEEP);
            self.sweep_at = FIRST_SWEEP.max(2 * self.by_key.len());
            self.swept = now;
        }
    }
}
// ANCHOR_END: floors
