//! The cache: answers that were right a moment ago, and cost nothing.
//!
//! It reads through: whoever asks it need not know whether it had the answer. Whatever it holds may be
//! thrown away at any moment, and then only the number of crossings changes.

use crate::session::Session;
use domain::{LessonKey, Progress};
use evening::{Link, NoAnswer};
use std::collections::HashMap;

/// A read-through cache at this end of a link.
#[derive(Debug)]
pub struct Cache {
    link: Link,
    /// What the authority answered, also that a lesson was not begun.
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
    /// Where the learner stands in a lesson; `None` if it was not begun.
    ///
    /// - An entry that is not below the session's floor is returned, and nothing is crossed. "Not begun"
    ///   is below every version.
    /// - Otherwise the authority is asked, in one crossing. What it answers is returned, and kept as the
    ///   entry, also when it is "not begun".
    ///
    /// # Errors
    /// [`NoAnswer`] when the authority gives none. An error is not an entry, and removes none: the next
    /// read asks again, and whoever may be served from an entry still is.
    pub fn read(
        &mut self,
        session: &Session,
        key: LessonKey,
    ) -> Result<Option<Progress>, NoAnswer> {
        // A page of one lesson. Written on its own, it would be the same three steps again.
        Ok(self.page(session, &[key])?[0])
    }

    // ANCHOR: page
    /// As [`read`](Self::read), for a whole page: the answers stand in the order of `keys`, which may
    /// name a lesson twice.
    ///
    /// All that is missing is loaded in *one* crossing, in which each missing lesson is asked for once;
    /// when nothing is missing, nothing is crossed. A page is answered wholly or not at all.
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

    /// The entry that this session may be served from. "Not begun" compares as below every version.
    fn entry(&self, session: &Session, key: LessonKey) -> Option<&Option<Progress>> {
        let floor = session.floor(key);
        let entry = self.entries.get(&key);
        entry.filter(|entry| entry.map(|fact| fact.version) >= floor)
    }
}
