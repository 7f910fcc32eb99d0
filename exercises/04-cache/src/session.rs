//! What a user was told, and must not see taken back.
//!
//! Somebody who completes a lesson and then sees it open again does not think "staleness bound"; they
//! complete it again, or write to support. So a session remembers the versions that were acknowledged
//! to it, and no read through it may answer below them.

use domain::{LessonKey, Version};
use std::time::Duration;

/// One user's session. It is shared between the user's requests, so that it takes `&self` everywhere.
#[derive(Debug)]
pub struct Session {
    // What was acknowledged, and for how long that matters. It is yours to design.
}

impl Session {
    // ANCHOR: stubs
    /// A session that has been told nothing yet. `staleness` is the staleness bound, or the widest
    /// one, of the caches that it reads through; `Duration::MAX` means for ever.
    ///
    /// Time is [`tokio::time::Instant`]'s, here and in the cache: the tests' clock is virtual.
    ///
    /// Judged by `sessions::a_floor_lasts_as_long_as_the_staleness_bound` and
    /// `sessions::a_later_acknowledgement_lasts_longer`.
    pub fn new(staleness: Duration) -> Self {
        let _ = staleness;
        todo!("Make a session that was told nothing, and knows for how long it has to remember.")
    }

    /// Remembers that the authority acknowledged `version` of `key` to this session just now.
    ///
    /// Acknowledgements may arrive in any order, and the highest counts. What was acknowledged longer
    /// ago than the staleness bound need not be kept, and is not kept for ever: after each
    /// acknowledgement a session holds little more than what it was told within the last two bounds.
    ///
    /// Judged by `sessions::a_floor_lasts_as_long_as_the_staleness_bound`,
    /// `sessions::a_later_acknowledgement_lasts_longer`, `sessions::a_long_session_stays_small` and the
    /// tests in `floors`.
    pub fn acknowledged(&self, key: LessonKey, version: Version) {
        let _ = (key, version);
        todo!("Remember the highest version of the key, and until when it matters.")
    }

    /// The version that no read of `key` through this session may be below: the highest that was
    /// acknowledged. `None` if there was none, or if the staleness bound has passed since the last one.
    /// Whatever a cache may still serve then was loaded after it.
    ///
    /// Judged by `sessions::a_floor_lasts_as_long_as_the_staleness_bound`,
    /// `sessions::a_later_acknowledgement_lasts_longer` and, through the cache, by the other tests in
    /// `sessions`.
    pub fn floor(&self, key: LessonKey) -> Option<Version> {
        let _ = key;
        todo!("Look up the floor of the key, unless it has outlived the staleness bound.")
    }
    // ANCHOR_END: stubs
}
