//! How many loads run at once, and how many wait.
//!
//! The authority has declared how many loads it answers at once. Each of them has a *place*; a load that
//! finds none stands in a line, which is bounded as well. Both are semaphores, and a permit is a value:
//! it is given back when it is dropped, and so however the load ends.

use crate::settings::{ReadError, Settings};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places, and the line in front of them.
pub(crate) struct Places {
    /// A permit for each load that may run.
    running: Arc<Semaphore>,
    /// A permit for each load that may wait.
    waiting: Arc<Semaphore>,
}

impl Places {
    /// As many as the settings say.
    pub(crate) fn new(settings: Settings) -> Self {
        // A semaphore refuses more permits than it can count; nobody has as many loads.
        let permits = |wanted: usize| Arc::new(Semaphore::new(wanted.min(Semaphore::MAX_PERMITS)));
        Self {
            running: permits(settings.max_loads),
            waiting: permits(settings.max_waiting_loads),
        }
    }

    /// A place for a load, or one in the line.
    ///
    /// # Errors
    /// [`ReadError::Shed`] when the line is full too.
    pub(crate) fn take(&self) -> Result<Ticket, ReadError> {
        let running = Arc::clone(&self.running);
        match Arc::clone(&self.running).try_acquire_owned() {
            Ok(place) => Ok(Ticket {
                running,
                place: Some(place),
                in_line: None,
            }),
            Err(_) => Ok(Ticket {
                running,
                place: None,
                in_line: Some(self.line_up()?),
            }),
        }
    }

    // ANCHOR: line_up
    /// A place in the line, for a load that found every place taken.
    ///
    /// # Errors
    /// [`ReadError::Shed`], at once, when the line is full: behind a full line nobody would know
    /// how long it takes.
    fn line_up(&self) -> Result<OwnedSemaphorePermit, ReadError> {
        Arc::clone(&self.waiting)
            .try_acquire_owned()
            .map_err(|_| ReadError::Shed)
    }
    // ANCHOR_END: line_up
}

/// A load's permission: to run, or to wait until it may.
pub(crate) struct Ticket {
    running: Arc<Semaphore>,
    place: Option<OwnedSemaphorePermit>,
    in_line: Option<OwnedSemaphorePermit>,
}

impl Ticket {
    /// The place to run, as soon as there is one. The place in the line is kept until then, and no
    /// longer.
    pub(crate) async fn place(self) -> OwnedSemaphorePermit {
        if let Some(place) = self.place {
            return place;
        }
        let place = self.running.acquire_owned().await;
        drop(self.in_line);
        place.expect("the semaphore is never closed")
    }
}
