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
    ///
    /// Judged by `authority::what_is_read_is_what_is_stored` and
    /// `authority::no_answer_is_not_taken_for_not_begun`.
    pub fn read(&self, keys: &[LessonKey]) -> Result<Vec<Option<Progress>>, NoAnswer> {
        let _ = (&self.store, keys);
        todo!("Ask the store for each key, and return what it answers.")
    }

    /// Makes the next version of a fact, if the fact is at the version `expected`, and returns what was
    /// stored. For a lesson that was not begun, the caller expects `None`, and the first version is 1.
    ///
    /// Nothing comes between the look at the fact and the decision, not even another authority over the
    /// same store.
    ///
    /// # Errors
    /// - [`Refused::Stale`] when the fact is at any other version. Nothing is written.
    /// - [`Refused::NoAnswer`] when the store gives no answer. It is not asked again.
    ///
    /// Judged by the other tests in `authority`, first by
    /// `authority::versions_rise_by_one_and_each_is_stored`.
    pub fn compare_and_set(
        &self,
        key: LessonKey,
        expected: Option<Version>,
        change: Change,
    ) -> Result<Progress, Refused> {
        let _ = (key, expected, change);
        todo!(
            "In one transaction: look at the fact, refuse a stale change, otherwise put the next version."
        )
    }
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
