//! Entries by least recent use: a map, and the order in which they were used.

use domain::{LessonKey, Progress};
use std::collections::{BTreeMap, HashMap};
use tokio::time::Instant;

#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) value: Option<Progress>,
    pub(crate) began: Instant,
    used: u64,
}

pub(crate) struct Recent {
    capacity: usize,
    by_key: HashMap<LessonKey, Entry>,
    by_use: BTreeMap<u64, LessonKey>,
    uses: u64,
}

impl Recent {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            by_key: HashMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
        }
    }

    pub(crate) fn look(&self, key: LessonKey) -> Option<Entry> {
        self.by_key.get(&key).copied()
    }

    pub(crate) fn touch(&mut self, key: LessonKey) {
        if let Some(entry) = self.by_key.get_mut(&key) {
            self.by_use.remove(&entry.used);
            self.uses += 1;
            entry.used = self.uses;
            self.by_use.insert(entry.used, key);
        }
    }

    pub(crate) fn put(&mut self, key: LessonKey, value: Option<Progress>, began: Instant) {
        self.remove(key);
        if self.by_key.len() == self.capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.by_key.remove(&oldest);
        }
        self.uses += 1;
        let used = self.uses;
        self.by_use.insert(used, key);
        self.by_key.insert(key, Entry { value, began, used });
    }

    pub(crate) fn remove(&mut self, key: LessonKey) {
        if let Some(entry) = self.by_key.remove(&key) {
            self.by_use.remove(&entry.used);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.by_key.clear();
        self.by_use.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }
}
