//! An index: for each subject, the progress of each of its keys. Parts that do not change are shared
//! between copies.

use crate::log::{Body, Recorded};
use crate::plan::{Plan, Row, Subject, subjects};
use domain::{EventId, LessonKey, Offset, Progress};
pub use ours::view::{Applied, ApplyError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The progress in one row, by key.
type Part = BTreeMap<LessonKey, Progress>;

/// A view.
#[derive(Clone, Debug)]
pub struct View {
    plan: Plan,
    watermark: u64,
    parts: BTreeMap<Subject, Arc<Part>>,
}

/// The view as it is serialized: each key once.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    plan: Plan,
    watermark: u64,
    newest: Vec<Progress>,
}

impl From<&View> for Saved {
    fn from(view: &View) -> Self {
        let lessons = view.parts.iter();
        let lessons = lessons.filter(|(subject, _)| matches!(subject, Subject::Lesson(_)));
        Self {
            plan: view.plan,
            watermark: view.watermark,
            newest: lessons
                .flat_map(|(_, part)| part.values().copied())
                .collect(),
        }
    }
}

impl From<Saved> for View {
    fn from(saved: Saved) -> Self {
        let mut view = Self::empty(saved.plan);
        for progress in saved.newest {
            view.take(progress);
        }
        view.watermark = saved.watermark;
        view
    }
}

impl View {
    /// An empty view.
    pub fn empty(plan: Plan) -> Self {
        Self {
            plan,
            watermark: 0,
            parts: BTreeMap::new(),
        }
    }

    /// Its plan.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Its watermark.
    pub fn watermark(&self) -> Offset {
        Offset(self.watermark)
    }

    /// Applies a record.
    ///
    /// # Errors
    /// When it is not the next, or cannot be read.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<Applied, ApplyError> {
        let (offset, watermark) = (recorded.offset, self.watermark());
        if offset < watermark {
            return Ok(Applied::Repeated);
        }
        if offset != watermark {
            return Err(ApplyError::Gap { watermark, offset });
        }
        let event = match recorded.body {
            Body::Event(event) => event,
            Body::Unreadable { schema } => return Err(ApplyError::Unreadable { offset, schema }),
        };
        self.take(event.progress);
        self.watermark += 1;
        Ok(Applied::Moved)
    }

    fn take(&mut self, progress: Progress) {
        for subject in subjects(&progress) {
            let part = self.parts.entry(subject).or_default();
            let known = part.get(&progress.key).map(|known| known.version);
            if known < Some(progress.version) {
                Arc::make_mut(part).insert(progress.key, progress);
            }
        }
    }

    /// One row.
    pub fn row(&self, subject: Subject) -> Option<Row> {
        self.parts.get(&subject).map(|part| self.sum(part))
    }

    /// All rows.
    pub fn rows(&self) -> Vec<(Subject, Row)> {
        let rows = self.parts.iter();
        rows.map(|(subject, part)| (*subject, self.sum(part)))
            .collect()
    }

    /// Its events, newest key first.
    pub fn trace(&self, subject: Subject) -> Vec<EventId> {
        let part = self.parts.get(&subject);
        let progress = part.into_iter().flat_map(|part| part.values().rev());
        progress
            .map(|progress| EventId {
                key: progress.key,
                version: progress.version,
            })
            .collect()
    }

    fn sum(&self, part: &Part) -> Row {
        let counted = part.values().filter(|progress| self.plan.counts(progress));
        Row {
            completed: counted.count() as u64,
            steps: part.values().map(|p| u64::from(p.steps_done)).sum(),
        }
    }
}
