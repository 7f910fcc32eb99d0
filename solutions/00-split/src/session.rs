//! What a user was told, and must not see taken back.
//!
//! A learner has a phone and a laptop, and each may reach a different API process with a different
//! cache. The session goes with the learner from one to the other.

use domain::{LessonKey, Version};
use std::collections::HashMap;

/// The versions that were acknowledged to one user.
#[derive(Clone, Debug, Default)]
pub struct Session {
    floors: HashMap<LessonKey, Version>,
}

impl Session {
    // ANCHOR: stubs
    /// Remembers that `version` of `key` was acknowledged to this session. Acknowledgements may arrive
    /// in any order; the highest version counts.
    pub fn told(&mut self, key: LessonKey, version: Version) {
        let floor = self.floors.entry(key).or_insert(version);
        *floor = version.max(*floor);
    }
    // ANCHOR_END: stubs

    /// The version below which this session must not read; `None` if it was told nothing of `key`.
    pub fn floor(&self, key: LessonKey) -> Option<Version> {
        self.floors.get(&key).copied()
    }
}
