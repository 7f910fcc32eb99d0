//! An API that keeps what the authority answers to a change.

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
    /// An API process at this end of `link`.
    pub fn new(link: Link, worker: Worker) -> Self {
        Self {
            cache: Cache::new(link.clone()),
            link,
            worker,
        }
    }

    /// Records a learner's progress.
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
        // Forget first: whatever happens from here on, no old entry is left.
        self.cache.forget(key);
        match self.link.compare_and_set(key, expected, change) {
            Ok(fact) => {
                session.told(key, fact.version);
                self.cache.keep(key, Some(fact));
                Ok(fact)
            }
            Err(Refused::Stale { current }) => {
                self.cache.keep(key, current);
                Err(Refused::Stale { current })
            }
            Err(Refused::NoAnswer) => Err(Refused::NoAnswer),
        }
    }

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
        (self.worker.view().row(lesson), self.worker.view().next())
    }

    /// The cache.
    pub fn cache(&mut self) -> &mut Cache {
        &mut self.cache
    }

    /// The worker.
    pub fn worker(&mut self) -> &mut Worker {
        &mut self.worker
    }
}
