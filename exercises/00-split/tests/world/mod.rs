//! Shared by the tests of lab 0: a desk that plays the authority, and the words of the stories.
//!
//! The cache and the API are judged in front of the desk, not of the reader's own authority, so that a
//! stage can be built and graded while another one is not done.

#![allow(dead_code, reason = "core and hardening each use a part of it")]

use domain::{LessonKey, Progress, Version};
use evening::{Change, Link, NoAnswer, Refused, Serves, Store, name, told};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use story::note;

/// The lesson that most tests are about, and another one, of the same learner.
pub const LESSON: LessonKey = LessonKey::new(1, 1);
pub const OTHER: LessonKey = LessonKey::new(1, 2);

/// Changes that a learner makes.
pub const BEGIN: Change = Change {
    steps_done: 1,
    completed: false,
};
pub const COMPLETE: Change = Change {
    steps_done: 3,
    completed: true,
};

/// How long a test may take: everything here takes milliseconds, so only an endless loop or a deadlock
/// reaches this limit.
const LIMIT: Duration = Duration::from_secs(5);

/// Runs a test's body so that a failure becomes a short story.
pub fn story(body: impl FnOnce() + Send + 'static) {
    story::live_within(LIMIT, body);
}

/// A page of lessons of one learner.
pub fn page_of(lessons: u64) -> Vec<LessonKey> {
    (1..=lessons)
        .map(|lesson| LessonKey::new(1, lesson))
        .collect()
}

/// The fact at a version.
pub fn fact(key: LessonKey, version: u64, change: Change) -> Progress {
    Progress {
        key,
        version: Version(version),
        steps_done: change.steps_done,
        completed: change.completed,
    }
}

/// The version of what was read; 0 for "not begun".
pub fn version(fact: Option<Progress>) -> u64 {
    fact.map_or(0, |fact| fact.version.0)
}

/// The versions of a page.
pub fn versions(page: &[Option<Progress>]) -> Vec<u64> {
    page.iter().map(|fact| version(*fact)).collect()
}

/// What a caller that knows this version expects; 0 stands for "not begun".
pub fn expecting(version: u64) -> Option<Version> {
    (version > 0).then_some(Version(version))
}

/// Somebody else's change: straight into the store, past everything that is judged here.
pub fn happens(store: &Store, key: LessonKey, change: Change) -> Progress {
    let stored = store.transaction(|rows| {
        let next = fact(key, version(rows.get(key)) + 1, change);
        rows.put(next);
        next
    });
    stored.expect("a store that answers")
}

/// Plays the authority. Clones are the same desk.
#[derive(Clone, Default)]
pub struct Desk(Rc<Kept>);

#[derive(Default)]
struct Kept {
    facts: RefCell<HashMap<LessonKey, Progress>>,
    heard: Cell<usize>,
    silent: Cell<bool>,
}

impl Desk {
    /// A link to this desk.
    pub fn link(&self) -> Link {
        Link::to(self.clone())
    }

    /// Somebody else changes a fact: the learner's phone, through another API process.
    pub fn changes(&self, key: LessonKey, change: Change) -> Progress {
        let mut facts = self.0.facts.borrow_mut();
        let next = fact(key, version(facts.get(&key).copied()) + 1, change);
        facts.insert(key, next);
        note(format!(
            "another API process changes {}: it is {}",
            name(key),
            told(Some(next))
        ));
        next
    }

    /// A fact, as the desk has it.
    pub fn fact(&self, key: LessonKey) -> Option<Progress> {
        self.0.facts.borrow().get(&key).copied()
    }

    /// How many changes the desk was asked for.
    pub fn heard(&self) -> usize {
        self.0.heard.get()
    }

    /// Makes the desk stop answering, or answer again.
    pub fn silent(&self, silent: bool) {
        note(if silent {
            "the authority is away"
        } else {
            "the authority is back"
        });
        self.0.silent.set(silent);
    }
}

impl Serves for Desk {
    fn read(&self, keys: &[LessonKey]) -> Result<Vec<Option<Progress>>, NoAnswer> {
        if self.0.silent.get() {
            return Err(NoAnswer);
        }
        Ok(keys.iter().map(|key| self.fact(*key)).collect())
    }

    fn compare_and_set(
        &self,
        key: LessonKey,
        expected: Option<Version>,
        change: Change,
    ) -> Result<Progress, Refused> {
        self.0.heard.set(self.0.heard.get() + 1);
        if self.0.silent.get() {
            return Err(Refused::NoAnswer);
        }
        let current = self.fact(key);
        if current.map(|fact| fact.version) != expected {
            return Err(Refused::Stale { current });
        }
        let next = fact(key, version(current) + 1, change);
        self.0.facts.borrow_mut().insert(key, next);
        Ok(next)
    }
}
