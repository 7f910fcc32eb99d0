//! A cache that distinguishes entries below a floor from those that are missing, and reads one by one.

use crate::session::Session;
use domain::{LessonKey, Progress};
use evening::{Link, NoAnswer};
use std::collections::BTreeMap;

/// A read-through cache at this end of a link.
#[derive(Debug)]
pub struct Cache {
    link: Link,
    entries: BTreeMap<LessonKey, Option<Progress>>,
}

impl Cache {
    /// An empty cache.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            entries: BTreeMap::new(),
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
        if let Some(Hit(fact)) = self.hit(session, key) {
            return Ok(fact);
        }
        let loaded = self.link.load(&[key])?;
        self.keep(key, loaded[0]);
        Ok(loaded[0])
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
        let mut answers: BTreeMap<_, _> = keys
            .iter()
            .map(|key| (*key, self.hit(session, *key)))
            .collect();
        let missing: Vec<_> = answers
            .iter()
            .filter(|(_, hit)| hit.is_none())
            .map(|(key, _)| *key)
            .collect();
        if !missing.is_empty() {
            for (key, fact) in missing.iter().zip(self.link.load(&missing)?) {
                self.keep(*key, fact);
                answers.insert(*key, Some(Hit(fact)));
            }
        }
        let answer = |key| answers[key].as_ref().and_then(|Hit(fact)| *fact);
        Ok(keys.iter().map(answer).collect())
    }

    /// Keeps a fact as the authority answered it.
    pub fn keep(&mut self, key: LessonKey, fact: Option<Progress>) {
        self.entries.insert(key, fact);
    }

    /// Forgets one lesson.
    pub fn forget(&mut self, key: LessonKey) {
        self.entries.remove(&key);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// What this session may be served from; `None` where something has to be loaded.
    fn hit(&self, session: &Session, key: LessonKey) -> Option<Hit> {
        let entry = self.entries.get(&key).copied()?;
        match (entry, session.floor(key)) {
            (_, None) => Some(Hit(entry)),
            (Some(fact), Some(floor)) if fact.version >= floor => Some(Hit(entry)),
            _ => None,
        }
    }
}

/// What an entry holds for a lesson.
struct Hit(Option<Progress>);
