//! The authority: the one place where a fact is decided.
//!
//! It holds no facts of its own. They are in the store, which others may use too: an authority in a
//! second process is as right as this one. So nothing may be decided from memory.

use domain::{LessonKey, Progress, Version};
use evening::{Change, NoAnswer, Refused, Serves, Store};

/// Makes every version, and nothing else does.
#[derive(Debug)]
pub struct Authority {
    store: Store,
}

impl Authority {
    /// An authority over what is in `store`.
    pub fn over(store: Store) -> Self {
        Self { store }
    }

    // ANCHOR: stubs
    /// These facts, in the order of `keys`; `None` for a lesson that was not begun.
    ///
    /// # Errors
    /// [`NoAnswer`] when the store gives no answer, which is never passed off as "not begun".
    pub fn read(&self, keys: &[LessonKey]) -> Result<Vec<Option<Progress>>, NoAnswer> {
        keys.iter().map(|key| self.store.get(*key)).collect()
    }

    // ANCHOR: compare_and_set
    /// Makes the next version of a fact, if the fact is at the version `expected`, and returns what was
    /// stored. For a lesson that was not begun, the caller expects `None`, and the first version is 1.
    ///
    /// Nothing comes between the look at the fact and the decision, not even another authority over the
    /// same store.
    ///
    /// # Errors
    /// - [`Refused::Stale`] when the fact is at any other version. Nothing is written.
    /// - [`Refused::NoAnswer`] when the store gives no answer. It is not asked again.
    pub fn compare_and_set(
        &self,
        key: LessonKey,
        expected: Option<Version>,
        change: Change,
    ) -> Result<Progress, Refused> {
        // Both the look and the decision are inside the transaction. A look before the transaction would
        // be a look at what the fact *was*. A number kept in this struct would be a second place that
        // decides.
        self.store.transaction(|rows| {
            let current = rows.get(key);
            if current.map(|fact| fact.version) != expected {
                return Err(Refused::Stale { current });
            }
            let next = Progress {
                key,
                version: Version(expected.map_or(1, |version| version.0 + 1)),
                steps_done: change.steps_done,
                completed: change.completed,
            };
            rows.put(next);
            Ok(next)
        })?
    }
    // ANCHOR_END: compare_and_set
    // ANCHOR_END: stubs
}

/// The authority at the far end of a link.
impl Serves for Authority {
    fn read(&self, keys: &[LessonKey]) -> Result<Vec<Option<Progress>>, NoAnswer> {
        Authority::read(self, keys)
    }

    fn compare_and_set(
        &self,
        key: LessonKey,
        expected: Option<Version>,
        change: Change,
    ) -> Result<Progress, Refused> {
        Authority::compare_and_set(self, key, expected, change)
    }
}
