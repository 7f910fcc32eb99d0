//! The API: connects the roles.
//!
//! A command goes to the authority and nowhere else. A question about one learner goes through the
//! cache. A question about all learners goes to the view, which says how far it has come.

use crate::cache::Cache;
use crate::session::Session;
use crate::worker::{Row, Worker};
use domain::{LessonId, LessonKey, Offset, Progress, Version};
use evening::{Change, Link, NoAnswer, Refused};

/// One API process.
#[derive(Debug)]
pub struct Api {
    link: Link,
    cache: Cache,
    worker: Worker,
}

impl Api {
    /// An API process at this end of `link`, with an empty cache.
    pub fn new(link: Link, worker: Worker) -> Self {
        Self {
            cache: Cache::new(link.clone()),
            link,
            worker,
        }
    }

    // ANCHOR: stubs
    /// Records a learner's progress: the platform's one command. It asks the authority, once, and
    /// returns exactly what the authority answers. Neither the cache nor the worker has a say in it.
    ///
    /// However it ends, the fact may have changed. So from then on no read is served from what the cache
    /// knew before. On `Ok`, and only then, the session is told of the version.
    ///
    /// # Errors
    /// As the authority returns them.
    pub fn record(
        &mut self,
        session: &mut Session,
        key: LessonKey,
        expected: Option<Version>,
        change: Change,
    ) -> Result<Progress, Refused> {
        let answer = self.link.compare_and_set(key, expected, change);
        // Also after an error: after "no answer" the change may have been stored, and "stale" means that
        // another one was.
        self.cache.forget(key);
        if let Ok(fact) = answer {
            session.told(key, fact.version);
        }
        answer
    }
    // ANCHOR_END: stubs

    /// The learner's progress in a lesson.
    ///
    /// # Errors
    /// [`NoAnswer`] when the authority has to be asked and gives no answer.
    pub fn read(
        &mut self,
        session: &Session,
        key: LessonKey,
    ) -> Result<Option<Progress>, NoAnswer> {
        self.cache.read(session, key)
    }

    /// The learner's progress in the lessons of a page.
    ///
    /// # Errors
    /// As in [`read`](Self::read).
    pub fn page(
        &mut self,
        session: &Session,
        keys: &[LessonKey],
    ) -> Result<Vec<Option<Progress>>, NoAnswer> {
        self.cache.page(session, keys)
    }

    /// The view's row for a lesson, and the first event that is not in it yet.
    pub fn dashboard(&self, lesson: LessonId) -> (Row, Offset) {
        let view = self.worker.view();
        (view.row(lesson), view.next())
    }

    /// The cache, for code that empties it.
    pub fn cache(&mut self) -> &mut Cache {
        &mut self.cache
    }

    /// The worker, for code that runs it.
    pub fn worker(&mut self) -> &mut Worker {
        &mut self.worker
    }
}
