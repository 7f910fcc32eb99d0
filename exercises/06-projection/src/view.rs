//! The fold, from events to rows.
//!
//! An event carries the whole fact after its change, and its version; a row is a sum over the current
//! facts. You may change the view's fields, if it can still be serialized.

use crate::log::Recorded;
use crate::plan::{Plan, Row, Subject};
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

    // ANCHOR: stubs
    /// Applies one record of the log. Each record that becomes part of the view advances the watermark
    /// by one.
    ///
    /// - A record below the watermark changes nothing: [`Applied::Repeated`].
    /// - A record above it is refused, and so is one at it that cannot be read. Nothing is skipped, and
    ///   a refused record changes nothing.
    /// - A row is a sum over where everyone stands *now*. An event replaces what the view knew of its
    ///   key; an older version, whenever it is recorded, and the same version again replace nothing.
    /// - [`Plan::counts`] decides what counts as completed.
    ///
    /// # Errors
    /// [`ApplyError`]; the view is unchanged.
    ///
    /// Judged by the tests in `fold`.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<Applied, ApplyError> {
        let _ = recorded;
        todo!(
            "Distinguish a record that is next from one that is known or too early, and fold it into its two rows."
        )
    }

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

    /// The ids of the events in the view that make the row of `subject`: folded alone, they make the
    /// same row. In any order; none if there is no such row.
    ///
    /// Judged by `every_row_traces_to_events_that_make_it`.
    pub fn trace(&self, subject: Subject) -> Vec<EventId> {
        let _ = subject;
        todo!("Name the events that make the row of this subject.")
    }
    // ANCHOR_END: stubs
}
