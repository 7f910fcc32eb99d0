//! Entries in a ring. Each has a mark that a read sets; the hand that looks for room takes marks away as it
//! goes, and the first entry without one.

use domain::{LessonKey, Progress, Version};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

pub(crate) struct Slot {
    key: LessonKey,
    pub(crate) value: Option<Progress>,
    began: Instant,
    marked: bool,
}

pub(crate) struct Ring {
    capacity: usize,
    slots: Vec<Slot>,
    places: HashMap<LessonKey, usize>,
    hand: usize,
}

/// Whether a value is at `floor` or above.
pub(crate) fn reaches(value: Option<Progress>, floor: Option<Version>) -> bool {
    floor.is_none_or(|floor| value.is_some_and(|progress| progress.version >= floor))
}

/// Whether what began to load at `began` may serve a read that begins `now`.
pub(crate) fn fresh(began: Instant, now: Instant, ttl: Duration) -> bool {
    now.saturating_duration_since(began) <= ttl
}

impl Ring {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            slots: Vec::new(),
            places: HashMap::new(),
            hand: 0,
        }
    }

    pub(crate) fn get(&mut self, key: LessonKey, now: Instant, ttl: Duration) -> Option<&Slot> {
        let slot = &mut self.slots[*self.places.get(&key)?];
        if !fresh(slot.began, now, ttl) {
            return None;
        }
        slot.marked = true;
        Some(slot)
    }

    pub(crate) fn put(&mut self, key: LessonKey, value: Option<Progress>, began: Instant) {
        self.remove(key);
        if self.slots.len() == self.capacity {
            self.make_room();
        }
        self.places.insert(key, self.slots.len());
        self.slots.push(Slot {
            key,
            value,
            began,
            marked: false,
        });
    }

    fn make_room(&mut self) {
        loop {
            self.hand %= self.slots.len();
            let slot = &mut self.slots[self.hand];
            if !std::mem::take(&mut slot.marked) {
                let key = slot.key;
                self.remove(key);
                // Where it was is the newest now, and the hand must not find that first.
                self.hand += 1;
                return;
            }
            self.hand += 1;
        }
    }

    /// Whether there is an entry at `version` or above.
    pub(crate) fn has(&self, key: LessonKey, version: Version) -> bool {
        self.places
            .get(&key)
            .is_some_and(|at| reaches(self.slots[*at].value, Some(version)))
    }

    pub(crate) fn remove(&mut self, key: LessonKey) {
        if let Some(at) = self.places.remove(&key) {
            self.slots.swap_remove(at);
            if let Some(moved) = self.slots.get(at) {
                self.places.insert(moved.key, at);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.places.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }
}
