//! Reading the view, with its lag.
//!
//! How far a view lags is the difference between two places: its watermark, and the log's end.

use crate::log::Log;
use crate::shelf::Shelf;
use crate::view::View;
use domain::Offset;
use std::sync::Arc;
use thiserror::Error;

// ANCHOR: answer
/// What a reader does with a view that lags too much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TooOld {
    /// Take it, with a label.
    Label,
    /// Refuse it.
    Refuse,
}

/// A view, and how old it is.
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
    /// So many, which is within the reader's bound.
    Within(u64),
    /// So many, which is more than the reader's bound.
    Beyond(u64),
    /// Nobody knows: the log gave no answer.
    Unknown,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ReadError {
    /// No view is served. That is something else than a view of nothing.
    #[error("there is no view at present")]
    NoView,
    /// It lacks more events than the reader allows.
    #[error("the view lacks {lag} events")]
    TooOld {
        /// How many it lacks.
        lag: u64,
    },
    /// It is not known how many it lacks, and the reader wants to know.
    #[error("how much the view lacks is not known")]
    LagUnknown,
    /// The view has more than the log: it is of a history that is gone, and no lag tells how wrong it is.
    #[error("the view is at {}, and the log ends at {}", watermark.0, end.0)]
    AheadOfLog {
        /// Where the view stands.
        watermark: Offset,
        /// Where the log ends.
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
    /// A dashboard of the view on `shelf`, whose log is `log`.
    pub fn new(log: L, shelf: Shelf) -> Self {
        Self { log, shelf }
    }

    /// The view that is served, with the number of events that it lacks. The log is asked for its end, once, and
    /// nothing else is asked.
    ///
    /// - A lag up to `within` is [`Lag::Within`]. What is beyond is labelled or refused, as `too_old` says.
    /// - When the log gives no answer the lag is not known, which is labelled or refused in the same way.
    /// - A view with more records than its log is refused in any case. One that is only new is no such view: a
    ///   projector may move it at any moment, also during this read.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::NoView`] while none is served.
    ///
    /// Judged by the tests in `served`.
    pub async fn read(&self, within: u64, too_old: TooOld) -> Result<Answer, ReadError> {
        let _ = (&self.log, &self.shelf, within, too_old);
        todo!(
            "Take the view that is served, ask how much it lacks, and label or refuse what is too old."
        )
    }
}
