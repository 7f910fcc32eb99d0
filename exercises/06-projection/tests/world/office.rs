//! The authority, played by the test: it decides, and records its decisions.

use crate::world::log::TestLog;
use domain::{Event, LessonKey, Progress, Version};
use projection::certificates::{Facts, FactsError};
use projection::log::Body;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use testbed::note;

/// The authority, with the log that gets its events. Clones are the same.
#[derive(Clone, Default)]
pub struct Authority {
    facts: Arc<Mutex<BTreeMap<LessonKey, Progress>>>,
    asked: Arc<Mutex<Vec<usize>>>,
    down: Arc<Mutex<bool>>,
    /// The log of its events.
    pub log: TestLog,
}

impl Authority {
    /// Decides that the learner has completed the lesson, or has not, without asking anything.
    pub fn decide(&self, learner: u64, lesson: u64, steps_done: u32, completed: bool) -> Version {
        let key = LessonKey::new(learner, lesson);
        let progress = {
            let mut facts = self.facts.lock().expect("facts");
            let version = facts.get(&key).map_or(1, |known| known.version.0 + 1);
            let progress = Progress {
                key,
                version: Version(version),
                steps_done,
                completed,
            };
            facts.insert(key, progress);
            progress
        };
        self.log.record(Body::Event(Event {
            progress,
            committed_at_ms: 0,
        }));
        progress.version
    }

    pub fn set_down(&self, down: bool) {
        note(if down {
            "the authority is down"
        } else {
            "the authority is up"
        });
        *self.down.lock().expect("a switch") = down;
    }

    /// How many keys each call asked for.
    pub fn asked(&self) -> Vec<usize> {
        self.asked.lock().expect("a list").clone()
    }
}

impl Facts for Authority {
    async fn progress(&self, keys: &[LessonKey]) -> Result<Vec<Option<Progress>>, FactsError> {
        self.asked.lock().expect("a list").push(keys.len());
        if *self.down.lock().expect("a switch") {
            return Err(FactsError);
        }
        let facts = self.facts.lock().expect("facts");
        Ok(keys.iter().map(|key| facts.get(key).copied()).collect())
    }
}
