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

// ANCHOR: session
/// One user's session.
#[derive(Debug)]
pub struct Session {
    staleness: Duration,
    floors: Mutex<Floors>,
    /// Whether there are any floors. Written under the lock; read without it, because most sessions
    /// only read, and their hits should not pay for a lock that guards nothing.
    any: AtomicBool,
}

#[derive(Debug)]
struct Floors {
    by_key: HashMap<LessonKey, Floor>,
    /// At how many floors to look for unnecessary ones: twice what the last look left, so that
    /// looking costs a constant for each acknowledgement.
    sweep_at: usize,
    /// When to look at the latest: a bound after the last look. A session that was busy, and is no more,
    /// would otherwise keep what it was told then.
    sweep_by: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Floor {
    version: Version,
    /// The last moment at which a value from before the acknowledgement may be served; `None` if
    /// that is for ever.
    until: Option<Instant>,
}

impl Floor {
    fn holds(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now <= until)
    }
}

impl Session {
    /// A session that has been told nothing yet. `staleness` is the staleness bound, or the widest
    /// one, of the caches that it reads through.
    pub fn new(staleness: Duration) -> Self {
        Self {
            staleness,
            floors: Mutex::new(Floors {
                by_key: HashMap::new(),
                sweep_at: FIRST_SWEEP,
                sweep_by: Instant::now().checked_add(staleness),
            }),
            any: AtomicBool::new(false),
        }
    }

    /// Remembers that the authority acknowledged `version` of `key` to this session just now.
    pub fn acknowledged(&self, key: LessonKey, version: Version) {
        let now = Instant::now();
        let mut floors = self.lock();
        let late = floors.sweep_by.is_some_and(|sweep_by| sweep_by < now);
        if late || floors.by_key.len() >= floors.sweep_at {
            floors.by_key.retain(|_, floor| floor.holds(now));
            floors.by_key.shrink_to(FIRST_SWEEP);
            floors.sweep_at = FIRST_SWEEP.max(2 * floors.by_key.len());
            floors.sweep_by = now.checked_add(self.staleness);
        }
        let told = Floor {
            version,
            until: now.checked_add(self.staleness),
        };
        floors
            .by_key
            .entry(key)
            .and_modify(|floor| {
                // Acknowledgements of two writes may arrive in either order.
                floor.version = floor.version.max(version);
                floor.until = told.until;
            })
            .or_insert(told);
        self.any.store(true, Ordering::Release);
    }

    /// The version that no read of `key` through this session may be below.
    pub fn floor(&self, key: LessonKey) -> Option<Version> {
        self.floor_at(key, Instant::now())
    }

    /// As [`floor`](Self::floor), for a caller that has read the clock already.
    pub(crate) fn floor_at(&self, key: LessonKey, now: Instant) -> Option<Version> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut floors = self.lock();
        let floor = *floors.by_key.get(&key)?;
        if floor.holds(now) {
            return Some(floor.version);
        }
        floors.by_key.remove(&key);
        if floors.by_key.is_empty() {
            self.any.store(false, Ordering::Release);
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Floors> {
        self.floors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
// ANCHOR_END: session
