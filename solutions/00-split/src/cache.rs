//! The cache: answers that were right a moment ago, and cost nothing.
//!
//! It reads through: a caller need not know whether it had the answer. Its entries may be dropped at any
//! moment, which changes only the number of crossings.

use crate::session::Session;
use domain::{LessonKey, Progress};
use evening::{Link, NoAnswer};
use std::collections::HashMap;

/// A read-through cache at this end of a link.
#[derive(Debug)]
pub struct Cache {
    link: Link,
    /// What the authority answered, including that a lesson was not begun.
    entries: HashMap<LessonKey, Option<Progress>>,
}

impl Cache {
    /// An empty cache.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            entries: HashMap::new(),
        }
    }

    // ANCHOR: stubs
    /// The learner's progress in a lesson; `None` if it was not begun.
    ///
    /// - An entry that is not below the session's floor is returned, without a crossing. "Not begun" is
    ///   below every version.
    /// - Otherwise the authority is asked, in one crossing. Its answer is returned, and kept as the
    ///   entry, even when it is "not begun".
    ///
    /// # Errors
    /// [`NoAnswer`] when the authority gives no answer. An error is not an entry, and removes none: the
    /// next read asks again, and a session that may be served from an entry still is.
    pub fn read(
        &mut self,
        session: &Session,
        key: LessonKey,
    ) -> Result<Option<Progress>, NoAnswer> {
        // A page of one lesson: a version of its own would repeat the same three steps.
        Ok(self.page(session, &[key])?[0])
    }

    // ANCHOR: page
    /// As [`read`](Self::read), for a whole page: the answers are in the order of `keys`, which may name
    /// a lesson twice.
    ///
    /// All missing lessons are loaded in *one* crossing, which asks for each of them once; when none is
    /// missing, there is no crossing. A page is answered completely or not at all.
    ///
    /// # Errors
    /// As in [`read`](Self::read).
    pub fn page(
        &mut self,
        session: &Session,
        keys: &[LessonKey],
    ) -> Result<Vec<Option<Progress>>, NoAnswer> {
        let mut missing = Vec::new();
        for key in keys {
            if self.entry(session, *key).is_none() && !missing.contains(key) {
                missing.push(*key);
            }
        }
        if !missing.is_empty() {
            let loaded = self.link.load(&missing)?;
            self.entries.extend(missing.into_iter().zip(loaded));
        }
        Ok(keys.iter().map(|key| self.entries[key]).collect())
    }
    // ANCHOR_END: page
    // ANCHOR_END: stubs

    /// Forgets one lesson.
    pub fn forget(&mut self, key: LessonKey) {
        self.entries.remove(&key);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The entry that this session may be served from. `None`, "not begun", compares as less than every
    /// version.
    fn entry(&self, session: &Session, key: LessonKey) -> Option<&Option<Progress>> {
        let floor = session.floor(key);
        let entry = self.entries.get(&key);
        entry.filter(|entry| entry.map(|fact| fact.version) >= floor)
    }
}
