//! The fold, from events to rows.
//!
//! An event carries the whole fact after its change, and its version; a row is a sum over facts as they are
//! now. The view's fields are yours to change, as long as it can be made into bytes.

use crate::log::Recorded;
use crate::plan::{Plan, Row, Subject};
use domain::{EventId, LessonKey, Offset, Progress};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// What applying a record has done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Applied {
    /// The record is part of the view, and the watermark stands behind it.
    Moved,
    /// It was part of the view already. Nothing has changed.
    Repeated,
}

/// Why a record was not applied. Nothing has changed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ApplyError {
    /// Records in between are missing.
    #[error("a record at {} came where {} is next", offset.0, watermark.0)]
    Gap {
        /// The offset that is next.
        watermark: Offset,
        /// The one that came.
        offset: Offset,
    },
    /// This program cannot read it.
    #[error("the record at {} is of schema {schema}, which this program cannot read", offset.0)]
    Unreadable {
        /// Where it stands.
        offset: Offset,
        /// What it says it is.
        schema: u8,
    },
}

/// Rows that say what the log says up to a watermark.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    plan: Plan,
    /// How many records are in it, and so which comes next.
    watermark: Offset,
    /// The newest progress of each key: what the rows are sums of, and where they come from.
    newest: BTreeMap<LessonKey, Progress>,
    /// Follows from `newest`, and is kept so that a read need not add anything up.
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

    /// How many records of the log are in it: those from 0 up to this offset, which is not in it.
    pub fn watermark(&self) -> Offset {
        self.watermark
    }

    // ANCHOR: stubs
    /// Applies one record of the log. Each record that is part of the view moves the watermark by one.
    ///
    /// - A record below the watermark changes nothing: [`Applied::Repeated`].
    /// - One above it is refused, and so is one that cannot be read, but for those below. Nothing is stepped
    ///   over, and what was refused has changed nothing.
    /// - A row is a sum over where everyone stands *now*. An event takes the place of what the view knew of
    ///   its key; an older version, whenever it is recorded, and the same one again take nobody's.
    /// - What counts as completed is [`Plan::counts`]'s to say.
    ///
    /// # Errors
    /// [`ApplyError`]; the view is what it was.
    ///
    /// Judged by the tests in `fold`.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<Applied, ApplyError> {
        let _ = recorded;
        todo!(
            "Tell a record that is next from one that is known or too early, and fold it into its two rows."
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

    /// The ids of events in the view from which the row of `subject` follows: folded alone, they make the same
    /// row. In any order; none, if there is no such row.
    ///
    /// Judged by `every_row_traces_to_events_that_make_it`.
    pub fn trace(&self, subject: Subject) -> Vec<EventId> {
        let _ = subject;
        todo!("Name the events that the row of this subject is made of.")
    }
    // ANCHOR_END: stubs
}
