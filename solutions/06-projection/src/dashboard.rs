//! Reading the view, with its lag.
//!
//! A view does not know its own lag: when its projector has stopped, it knows nothing of later events.
//! The lag is the difference between two places, and the log has to be asked for one of them.

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

    // ANCHOR: read
    /// The view that is served, with its lag.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read(&self, within: u64, too_old: TooOld) -> Result<Answer, ReadError> {
        // First the view, then the end. In the other order the projector may run in between, and a view
        // that is merely newer would look as if it were ahead of its log.
        let view = self.shelf.current().ok_or(ReadError::NoView)?;
        let Ok(end) = self.log.end().await else {
            return match too_old {
                TooOld::Label => Ok(Answer {
                    view,
                    lag: Lag::Unknown,
                }),
                TooOld::Refuse => Err(ReadError::LagUnknown),
            };
        };
        let watermark = view.watermark();
        let Some(lag) = end.0.checked_sub(watermark.0) else {
            return Err(ReadError::AheadOfLog { watermark, end });
        };
        if lag <= within {
            let lag = Lag::Within(lag);
            return Ok(Answer { view, lag });
        }
        match too_old {
            TooOld::Label => Ok(Answer {
                view,
                lag: Lag::Beyond(lag),
            }),
            TooOld::Refuse => Err(ReadError::TooOld { lag }),
        }
    }
    // ANCHOR_END: read
}
