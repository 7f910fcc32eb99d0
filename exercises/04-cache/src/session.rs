//! What a user was told, and must not see taken back.
//!
//! Somebody who completes a lesson and then sees it open again does not think "staleness bound"; they
//! complete it again, or write to support. So a session remembers the versions that were acknowledged
//! to it, and no read through it may answer below them.

use domain::{LessonKey, Version};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

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

/// What a session was told. What else it keeps is up to you.
#[derive(Debug)]
struct Floors {
    staleness: Duration,
    by_key: HashMap<LessonKey, Floor>,
}

/// What it was told of one key.
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
        }
    }

    /// Remembers that `version` of `key` was acknowledged at `now`.
    ///
    /// Acknowledgements may arrive in any order: a lower version never takes a higher one's place. Each
    /// counts for as long as the staleness bound, and nothing is kept for ever: right after this, little
    /// more is held than what the session was told within the last two bounds, however much it was told
    /// before.
    ///
    /// Judged by `sessions::a_floor_lasts_as_long_as_the_staleness_bound`, and in the hardening by the tests
    /// in `floors`.
    fn remember(&mut self, key: LessonKey, version: Version, now: Instant) {
        let _ = (key, version, now);
        todo!("Remember the highest version of the key, and when the session was told last.")
    }

    /// The floor of `key` for a read that begins at `now`: what [`Session::floor`] says.
    ///
    /// What was acknowledged longer ago than the bound binds nobody: whatever a cache may still serve was
    /// loaded after it. While a later acknowledgement of the key counts, an older and higher one may go on
    /// counting with it, or not.
    ///
    /// Judged by `sessions::a_floor_lasts_as_long_as_the_staleness_bound` and, through the cache, by the other
    /// tests in `sessions`.
    fn floor(&self, key: LessonKey, now: Instant) -> Option<Version> {
        let _ = (key, now);
        todo!("Look up the floor of the key, unless it has outlived the staleness bound.")
    }
}
