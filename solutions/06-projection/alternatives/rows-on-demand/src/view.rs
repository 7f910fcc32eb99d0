//! Newest events, and rows made of them on demand.

use crate::log::{Body, Recorded};
use crate::plan::{Plan, Row, Subject, subjects};
use domain::{Event, EventId, LessonKey, Offset};
pub use ours::view::{Applied, ApplyError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// The newest event of each key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    plan: Plan,
    seen: u64,
    newest: HashMap<LessonKey, Event>,
}

impl View {
    /// An empty view.
    pub fn empty(plan: Plan) -> Self {
        let newest = HashMap::new();
        let seen = 0;
        Self { plan, seen, newest }
    }

    /// Its plan.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// How many records are in it.
    pub fn watermark(&self) -> Offset {
        Offset(self.seen)
    }

    /// Applies a record.
    ///
    /// # Errors
    /// When it is not the next, or cannot be read.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<Applied, ApplyError> {
        let offset = recorded.offset;
        let watermark = self.watermark();
        match (offset.cmp(&watermark), recorded.body) {
            (std::cmp::Ordering::Less, _) => Ok(Applied::Repeated),
            (std::cmp::Ordering::Greater, _) => Err(ApplyError::Gap { watermark, offset }),
            (_, Body::Unreadable { schema }) => Err(ApplyError::Unreadable { offset, schema }),
            (_, Body::Event(event)) => {
                let known = self.newest.entry(event.progress.key).or_insert(event);
                if known.progress.version < event.progress.version {
                    *known = event;
                }
                self.seen += 1;
                Ok(Applied::Moved)
            }
        }
    }

    /// One row.
    pub fn row(&self, subject: Subject) -> Option<Row> {
        let mut row = None;
        for event in self.of(subject) {
            self.add(row.get_or_insert_default(), event);
        }
        row
    }

    /// All rows.
    pub fn rows(&self) -> Vec<(Subject, Row)> {
        let mut rows = BTreeMap::<Subject, Row>::new();
        for event in self.newest.values() {
            for subject in subjects(&event.progress) {
                self.add(rows.entry(subject).or_default(), event);
            }
        }
        rows.into_iter().collect()
    }

    /// The events of a row.
    pub fn trace(&self, subject: Subject) -> Vec<EventId> {
        self.of(subject).map(Event::id).collect()
    }

    fn of(&self, subject: Subject) -> impl Iterator<Item = &Event> {
        let of = move |event: &&Event| subjects(&event.progress).contains(&subject);
        self.newest.values().filter(of)
    }

    fn add(&self, row: &mut Row, event: &Event) {
        row.completed += u64::from(self.plan.counts(&event.progress));
        row.steps += u64::from(event.progress.steps_done);
    }
}
