//! A cache that drops what is below a floor once it has something better.

use crate::session::Session;
use domain::{LessonKey, Progress, Version};
use evening::{Link, NoAnswer};
use std::collections::{HashMap, HashSet};

/// A read-through cache at this end of a link.
#[derive(Debug)]
pub struct Cache {
    link: Link,
    begun: HashMap<LessonKey, Progress>,
    /// The lessons that the authority reported as not begun.
    not_begun: HashSet<LessonKey>,
}

impl Cache {
    /// An empty cache.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            begun: HashMap::new(),
            not_begun: HashSet::new(),
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
        let mut page = self.page(session, &[key])?;
        Ok(page.remove(0))
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
        let mut open: Vec<LessonKey> = keys.to_vec();
        open.sort_unstable();
        open.dedup();
        open.retain(|key| !self.may_serve(session.floor(*key), *key));
        let came = match open.as_slice() {
            [] => Vec::new(),
            open => self.link.load(open)?,
        };
        for (key, fact) in open.into_iter().zip(came) {
            self.keep(key, fact);
        }
        Ok(keys
            .iter()
            .map(|key| self.begun.get(key).copied())
            .collect())
    }

    /// Keeps a fact as the authority answered it.
    fn keep(&mut self, key: LessonKey, fact: Option<Progress>) {
        self.forget(key);
        match fact {
            Some(fact) => _ = self.begun.insert(key, fact),
            None => _ = self.not_begun.insert(key),
        }
    }

    /// Forgets one lesson.
    pub fn forget(&mut self, key: LessonKey) {
        self.begun.remove(&key);
        self.not_begun.remove(&key);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.begun.clear();
        self.not_begun.clear();
    }

    fn may_serve(&self, floor: Option<Version>, key: LessonKey) -> bool {
        match self.begun.get(&key) {
            Some(fact) => floor.is_none_or(|floor| floor <= fact.version),
            None => floor.is_none() && self.not_begun.contains(&key),
        }
    }
}
