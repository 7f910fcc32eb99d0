//! The projector: owns its view, and copies it for readers.

use crate::checkpoint;
use crate::log::{Log, LogError};
use crate::plan::Plan;
use crate::shelf::{Older, Shelf};
use crate::store::Store;
use crate::view::{Applied, View};
use domain::Offset;
pub use ours::projector::{Checkpoint, ProjectorError, Settings, Step};
use std::sync::Arc;

/// Makes a view.
#[derive(Debug)]
pub struct Projector<L, S> {
    pub(crate) log: L,
    pub(crate) store: S,
    pub(crate) shelf: Shelf,
    pub(crate) settings: Settings,
    pub(crate) view: View,
    /// Records since the last checkpoint.
    pub(crate) unsaved: u64,
}

impl<L: Log, S: Store> Projector<L, S> {
    /// Continues from the checkpoint, or begins at 0.
    ///
    /// # Errors
    /// [`ProjectorError`].
    pub async fn start(
        plan: Plan,
        log: L,
        store: S,
        shelf: Shelf,
        settings: Settings,
    ) -> Result<Self, ProjectorError> {
        let mut projector = Self::anew(plan, log, store, shelf, settings);
        let name = checkpoint::name(plan.version);
        let Ok(Some(sealed)) = projector.store.get(&name).await else {
            return Ok(projector);
        };
        match checkpoint::open::<View>(&sealed) {
            Some(view) if view.plan() == plan => {
                let end = projector.log.end().await.map_err(ProjectorError::Log)?;
                if view.watermark() <= end {
                    projector.view = view;
                    projector.show()?;
                }
            }
            _ => {}
        }
        Ok(projector)
    }

    /// Begins at 0.
    pub fn anew(plan: Plan, log: L, store: S, shelf: Shelf, settings: Settings) -> Self {
        Self {
            log,
            store,
            shelf,
            settings,
            view: View::empty(plan),
            unsaved: 0,
        }
    }

    /// Its view's watermark.
    pub fn watermark(&self) -> Offset {
        self.view.watermark()
    }

    /// One step.
    ///
    /// # Errors
    /// [`ProjectorError`].
    pub async fn step(&mut self) -> Result<Step, ProjectorError> {
        let watermark = self.watermark();
        let batch = self.settings.batch.get();
        let read = match self.log.read(watermark, batch).await {
            Ok(read) => read,
            Err(LogError::Beyond { end }) => {
                return Err(ProjectorError::AheadOfLog { watermark, end });
            }
            Err(error) => return Err(ProjectorError::Log(error)),
        };
        let mut moved = 0;
        let mut stopped = Ok(());
        for recorded in read {
            match self.view.apply(&recorded) {
                Ok(Applied::Moved) => moved += 1,
                Ok(Applied::Repeated) => {}
                Err(error) => {
                    stopped = Err(error);
                    break;
                }
            }
        }
        self.unsaved += moved;
        self.show()?;
        let mut checkpoint = Checkpoint::NotDue;
        if self.unsaved >= self.settings.checkpoint_every.get() {
            checkpoint = self.save().await;
        }
        stopped?;
        Ok(Step { moved, checkpoint })
    }

    /// Steps to the end.
    ///
    /// # Errors
    /// [`ProjectorError`].
    pub async fn catch_up(&mut self) -> Result<(), ProjectorError> {
        while self.step().await?.moved > 0 {}
        Ok(())
    }

    fn show(&self) -> Result<(), ProjectorError> {
        match self.shelf.publish(Arc::new(self.view.clone())) {
            Err(Older::Plan { newest }) => Err(ProjectorError::Superseded { newest }),
            _ => Ok(()),
        }
    }

    pub(crate) async fn save(&mut self) -> Checkpoint {
        let name = checkpoint::name(self.view.plan().version);
        let put = self.store.put(&name, checkpoint::seal(&self.view)).await;
        if let Err(error) = put {
            return Checkpoint::Failed(error);
        }
        self.unsaved = 0;
        Checkpoint::Saved
    }
}
