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
    ///
    /// Judged by the tests in `cache`, first by `cache::a_miss_crosses_once_and_a_hit_crosses_nothing`.
    pub fn read(
        &mut self,
        session: &Session,
        key: LessonKey,
    ) -> Result<Option<Progress>, NoAnswer> {
        let _ = (&self.link, session, key);
        todo!(
            "Serve an entry that this session may be served from; otherwise ask the authority and keep its answer."
        )
    }

    /// As [`read`](Self::read), for a whole page: the answers are in the order of `keys`, which may name
    /// a lesson twice.
    ///
    /// All missing lessons are loaded in *one* crossing, which asks for each of them once; when none is
    /// missing, there is no crossing. A page is answered completely or not at all.
    ///
    /// # Errors
    /// As in [`read`](Self::read).
    ///
    /// Judged by `cache::a_page_of_forty_lessons_crosses_once`, `cache::a_page_asks_only_for_what_is_missing`,
    /// `cache::half_a_page_is_no_answer` and `cache::who_was_told_never_reads_below`.
    pub fn page(
        &mut self,
        session: &Session,
        keys: &[LessonKey],
    ) -> Result<Vec<Option<Progress>>, NoAnswer> {
        let _ = (session, keys);
        todo!(
            "Find out what is missing, load all of it in one crossing, and answer in the order of the keys."
        )
    }
    // ANCHOR_END: stubs

    /// Forgets one lesson.
    pub fn forget(&mut self, key: LessonKey) {
        self.entries.remove(&key);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}
