//! The system without a cache and without a worker, and what a cache in front of it may know.

use crate::world::{fact, version};
use domain::{LessonId, LessonKey, Progress};
use evening::Change;
use split::worker::Row;
use std::collections::{HashMap, HashSet};

/// The facts, and the log of what happened to them.
#[derive(Default)]
pub struct Truth {
    pub log: Vec<Progress>,
    facts: HashMap<LessonKey, Progress>,
}

impl Truth {
    pub fn fact(&self, key: LessonKey) -> Option<Progress> {
        self.facts.get(&key).copied()
    }

    /// The fact at one of its versions; 0 is "not begun".
    pub fn at(&self, key: LessonKey, at: u64) -> Option<Progress> {
        let mut events = self.log.iter();
        events
            .find(|event| event.key == key && event.version.0 == at)
            .copied()
    }

    pub fn change(&mut self, key: LessonKey, change: Change) -> Progress {
        let next = fact(key, version(self.fact(key)) + 1, change);
        self.facts.insert(key, next);
        self.log.push(next);
        next
    }

    /// What a view that has applied this many events says of a lesson.
    pub fn row(&self, lesson: LessonId, events: u64) -> Row {
        let mut row = Row::default();
        let mut completed = HashSet::new();
        for (_, event) in (0..events).zip(&self.log) {
            if event.key.lesson != lesson {
                continue;
            }
            row.changes += 1;
            if event.completed {
                completed.insert(event.key);
            } else {
                completed.remove(&event.key);
            }
        }
        row.completed = completed.len();
        row
    }
}

/// What a cache may answer about a fact.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Knows {
    /// It was loaded at this version: a hit.
    Loaded(u64),
    /// The authority's answer to a change said that it is at this version. A cache may have kept that, or
    /// may have to ask.
    Heard(u64),
    /// Nothing: a miss.
    Nothing,
}

impl Knows {
    /// The same, for a session that must not read below `floor`.
    pub fn above(self, floor: u64) -> Self {
        match self {
            Self::Loaded(at) | Self::Heard(at) if at < floor => Self::Nothing,
            knows => knows,
        }
    }
}
