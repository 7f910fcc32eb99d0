//! What a session was told: a list, oldest first, from whose front falls what is too old.

use domain::{LessonKey, Version};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// One user's session.
#[derive(Debug)]
pub struct Session {
    staleness: Duration,
    told: Mutex<VecDeque<(Instant, LessonKey, Version)>>,
}

impl Session {
    /// A session that was told nothing.
    pub fn new(staleness: Duration) -> Self {
        Self {
            staleness,
            told: Mutex::default(),
        }
    }

    /// Remembers an acknowledgement.
    pub fn acknowledged(&self, key: LessonKey, version: Version) {
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        while told
            .front()
            .is_some_and(|(at, _, _)| now.duration_since(*at) > self.staleness)
        {
            told.pop_front();
        }
        if told.capacity() > 64 && told.len() < told.capacity() / 4 {
            let room = 2 * told.len();
            told.shrink_to(room);
        }
        told.push_back((now, key, version));
    }

    /// The highest version of `key` that was acknowledged within the bound.
    pub fn floor(&self, key: LessonKey) -> Option<Version> {
        let now = Instant::now();
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter()
            .rev()
            .take_while(|(at, _, _)| now.saturating_duration_since(*at) <= self.staleness)
            .filter(|(_, of, _)| *of == key)
            .map(|(_, _, version)| *version)
            .max()
    }
}
