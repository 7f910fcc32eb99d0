//! Reads, with their lag.

use crate::log::Log;
use crate::shelf::Shelf;
use crate::view::View;
pub use ours::dashboard::{Lag, ReadError, TooOld};
use std::sync::Arc;

/// A view, with its lag.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The view.
    pub view: Arc<View>,
    /// What it lacks.
    pub lag: Lag,
}

/// Where readers read.
#[derive(Clone, Debug)]
pub struct Dashboard<L> {
    log: L,
    shelf: Shelf,
}

impl<L: Log> Dashboard<L> {
    /// A dashboard.
    pub fn new(log: L, shelf: Shelf) -> Self {
        Self { log, shelf }
    }

    /// The view, with its lag.
    ///
    /// # Errors
    /// When there is none, or it is too old.
    pub async fn read(&self, within: u64, too_old: TooOld) -> Result<Answer, ReadError> {
        let Some(view) = self.shelf.current() else {
            return Err(ReadError::NoView);
        };
        let watermark = view.watermark();
        let lag = match self.log.end().await {
            Err(_) => Lag::Unknown,
            Ok(end) if end < watermark => return Err(ReadError::AheadOfLog { watermark, end }),
            Ok(end) if end.0 - watermark.0 > within => Lag::Beyond(end.0 - watermark.0),
            Ok(end) => Lag::Within(end.0 - watermark.0),
        };
        match (lag, too_old) {
            (Lag::Unknown, TooOld::Refuse) => Err(ReadError::LagUnknown),
            (Lag::Beyond(lag), TooOld::Refuse) => Err(ReadError::TooOld { lag }),
            _ => Ok(Answer { view, lag }),
        }
    }
}
