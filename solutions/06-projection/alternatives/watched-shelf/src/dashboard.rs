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
        let view = self.shelf.current().ok_or(ReadError::NoView)?;
        let end = self.log.end().await.ok();
        let labelled = too_old == TooOld::Label;
        let lag = match end {
            None if labelled => Lag::Unknown,
            None => return Err(ReadError::LagUnknown),
            Some(end) => {
                let watermark = view.watermark();
                let ahead = ReadError::AheadOfLog { watermark, end };
                let lag = end.0.checked_sub(watermark.0).ok_or(ahead)?;
                match lag <= within {
                    true => Lag::Within(lag),
                    false if labelled => Lag::Beyond(lag),
                    false => return Err(ReadError::TooOld { lag }),
                }
            }
        };
        Ok(Answer { view, lag })
    }
}
