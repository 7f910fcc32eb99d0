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
    ///
    /// Judged by the tests in `cache`, first by `cache::a_miss_crosses_once_and_a_hit_crosses_nothing`.
    pub fn read(
        &mut self,
        session: &Session,
        key: LessonKey,
    ) -> Result<Option<Progress>, NoAnswer> {
        let _ = (&self.link, session, key);
        todo!(
            "Serve an entry that this session may be served from, else ask the authority and keep what it says."
        )
    }

    /// As [`read`](Self::read), for a whole page: the answers stand in the order of `keys`, which may
    /// name a lesson twice.
    ///
    /// All that is missing is loaded in *one* crossing, in which each missing lesson is asked for once;
    /// when nothing is missing, nothing is crossed. A page is answered wholly or not at all.
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
