//! The fold, from events to rows.
//!
//! An event carries the whole fact after its change, and its version. So a view has to keep the newest
//! progress of each key, and the version decides what is newest: not the order of arrival, and not a
//! clock. Folding is then the same as taking a maximum, which does not depend on order or repetition.
//!
//! Rejected: adding one to a counter for each event "completed". It is right only while every event
//! comes once and in order, and no completion is undone.

use crate::log::{Body, Recorded};
use crate::plan::{Plan, Row, Subject, subjects};
use domain::{EventId, LessonKey, Offset, Progress};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// What applying a record has done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Applied {
    /// The record is part of the view, and the watermark is after it.
    Moved,
    /// It was part of the view already. Nothing has changed.
    Repeated,
}

/// Why a record was not applied. Nothing has changed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ApplyError {
    /// The records in between are missing.
    #[error("a record at {} came where {} is next", offset.0, watermark.0)]
    Gap {
        /// The next offset.
        watermark: Offset,
        /// The offset that came.
        offset: Offset,
    },
    /// This program cannot read it.
    #[error("the record at {} is of schema {schema}, which this program cannot read", offset.0)]
    Unreadable {
        /// Its offset.
        offset: Offset,
        /// The schema that it names.
        schema: u8,
    },
}

/// Rows that hold what the log says up to a watermark.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    plan: Plan,
    /// How many records are in it, and so which is next.
    watermark: Offset,
    /// The newest progress of each key: what the rows are sums of, and where they come from.
    newest: BTreeMap<LessonKey, Progress>,
    /// Derived from `newest`, and kept so that a read need not add anything up.
    rows: BTreeMap<Subject, Row>,
}

impl View {
    /// The view of an empty log.
    pub fn empty(plan: Plan) -> Self {
        Self {
            plan,
            watermark: Offset(0),
            newest: BTreeMap::new(),
            rows: BTreeMap::new(),
        }
    }

    /// The plan that it is made by.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// How many records of the log are in it: those below this offset.
    pub fn watermark(&self) -> Offset {
        self.watermark
    }

    // ANCHOR: apply
    /// Applies one record of the log.
    ///
    /// # Errors
    /// [`ApplyError`]; the view is unchanged.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<Applied, ApplyError> {
        let Recorded { offset, body } = *recorded;
        if offset < self.watermark {
            return Ok(Applied::Repeated);
        }
        if offset > self.watermark {
            return Err(ApplyError::Gap {
                watermark: self.watermark,
                offset,
            });
        }
        match body {
            Body::Event(event) => self.fold(event.progress),
            // If it were skipped, the watermark would claim more than the rows hold, and when this
            // program is replaced by one that can read the record, nothing would apply it.
            Body::Unreadable { schema } => return Err(ApplyError::Unreadable { offset, schema }),
        }
        self.watermark = Offset(offset.0 + 1);
        Ok(Applied::Moved)
    }

    /// Adds `progress`, unless the view has it already, or a newer one.
    fn fold(&mut self, progress: Progress) {
        let known = self.newest.get(&progress.key).copied();
        if known.is_some_and(|known| known.version >= progress.version) {
            return;
        }
        for subject in subjects(&progress) {
            let row = self.rows.entry(subject).or_default();
            if let Some(known) = known {
                row.completed -= u64::from(self.plan.counts(&known));
                row.steps -= u64::from(known.steps_done);
            }
            row.completed += u64::from(self.plan.counts(&progress));
            row.steps += u64::from(progress.steps_done);
        }
        self.newest.insert(progress.key, progress);
    }
    // ANCHOR_END: apply

    // ANCHOR: rows
    /// The row of `subject`; `None` if no event in the view is about it.
    pub fn row(&self, subject: Subject) -> Option<Row> {
        self.rows.get(&subject).copied()
    }

    /// All rows, in the order of their subjects.
    pub fn rows(&self) -> Vec<(Subject, Row)> {
        self.rows
            .iter()
            .map(|(subject, row)| (*subject, *row))
            .collect()
    }

    /// The events that make the row of `subject`, in any order: they alone make the same row.
    pub fn trace(&self, subject: Subject) -> Vec<EventId> {
        let ours = self
            .newest
            .values()
            .filter(|progress| subjects(progress).contains(&subject));
        ours.map(|progress| EventId {
            key: progress.key,
            version: progress.version,
        })
        .collect()
    }
    // ANCHOR_END: rows
}
