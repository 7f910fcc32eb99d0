//! Reading the view, with its lag.
//!
//! A view's lag is the difference between two places: its watermark, and the log's end.

use crate::log::Log;
use crate::shelf::Shelf;
use crate::view::View;
use domain::Offset;
use std::sync::Arc;
use thiserror::Error;

// ANCHOR: answer
/// What a reader wants when the view lags too much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TooOld {
    /// The view, with a label.
    Label,
    /// Refuse it.
    Refuse,
}

/// A view, with its lag.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The view.
    pub view: Arc<View>,
    /// What it lacks.
    pub lag: Lag,
}

/// How many events a view lacks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lag {
    /// This many, which is within the reader's bound.
    Within(u64),
    /// This many, which is more than the reader's bound.
    Beyond(u64),
    /// Unknown: the log gave no answer.
    Unknown,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ReadError {
    /// No view is served. That is different from an empty view.
    #[error("there is no view at present")]
    NoView,
    /// It lacks more events than the reader allows.
    #[error("the view lacks {lag} events")]
    TooOld {
        /// How many it lacks.
        lag: u64,
    },
    /// How many it lacks is unknown, and the reader needs to know.
    #[error("how much the view lacks is unknown")]
    LagUnknown,
    /// The view has more records than the log: its history is gone, and no lag shows how wrong it is.
    #[error("the view is at {}, and the log ends at {}", watermark.0, end.0)]
    AheadOfLog {
        /// The view's watermark.
        watermark: Offset,
        /// The log's end.
        end: Offset,
    },
}
// ANCHOR_END: answer

/// Where readers read.
#[derive(Clone, Debug)]
pub struct Dashboard<L> {
    log: L,
    shelf: Shelf,
}

impl<L: Log> Dashboard<L> {
    /// A dashboard for the view on `shelf`, whose log is `log`.
    pub fn new(log: L, shelf: Shelf) -> Self {
        Self { log, shelf }
    }

    /// The view that is served, with the number of events that it lacks. The log is asked for its end,
    /// once, and for nothing else.
    ///
    /// - A lag up to `within` is [`Lag::Within`]. A greater lag is labelled or refused, as `too_old` says.
    /// - When the log gives no answer the lag is unknown, which is labelled or refused in the same way.
    /// - A view with more records than its log is always refused. A view that only moves during this
    ///   read is not one: a projector may move it at any moment.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::NoView`] while none is served.
    ///
    /// Judged by the tests in `served`.
    pub async fn read(&self, within: u64, too_old: TooOld) -> Result<Answer, ReadError> {
        let _ = (&self.log, &self.shelf, within, too_old);
        todo!(
            "Take the view that is served, ask how much it lacks, and label or refuse one that is too old."
        )
    }
}
