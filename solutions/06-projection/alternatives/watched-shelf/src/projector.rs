//! A projector whose view may be hidden.

use crate::checkpoint;
use crate::log::{Log, LogError};
use crate::plan::Plan;
use crate::shelf::{Older, Shelf};
use crate::store::{Store, StoreError};
use crate::view::{Applied, Saved, View};
use domain::Offset;
pub use ours::projector::{Checkpoint, ProjectorError, Settings, Step};
use std::sync::Arc;

/// Makes a view.
#[derive(Debug)]
pub struct Projector<L, S> {
    pub(crate) log: L,
    pub(crate) store: S,
    pub(crate) shelf: Shelf,
    settings: Settings,
    pub(crate) view: View,
    saved_at: Offset,
    /// Whether readers see its view, and checkpoints are saved.
    pub(crate) seen: bool,
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
        let mut new = Self::anew(plan, log, store, shelf, settings);
        let bytes = new.store.get(&checkpoint::name(plan.version)).await;
        let bytes = bytes.unwrap_or_default().unwrap_or_default();
        let saved = checkpoint::open::<Saved>(&bytes).map(View::from);
        if let Some(view) = saved.filter(|saved| saved.plan() == plan)
            && view.watermark() <= new.log.end().await.map_err(ProjectorError::Log)?
        {
            (new.saved_at, new.view) = (view.watermark(), view);
            new.publish()?;
        }
        Ok(new)
    }

    /// Begins at 0.
    pub fn anew(plan: Plan, log: L, store: S, shelf: Shelf, settings: Settings) -> Self {
        Self {
            log,
            store,
            shelf,
            settings,
            view: View::empty(plan),
            saved_at: Offset(0),
            seen: true,
        }
    }

    /// Its offset.
    pub fn watermark(&self) -> Offset {
        self.view.watermark()
    }

    /// One step.
    ///
    /// # Errors
    /// [`ProjectorError`].
    pub async fn step(&mut self) -> Result<Step, ProjectorError> {
        let from = self.watermark();
        let records = self.log.read(from, self.settings.batch.get()).await;
        let records = records.map_err(|error| failed(from, error))?;
        let applied: Result<Vec<Applied>, _> = records
            .iter()
            .map(|record| self.view.apply(record))
            .collect();
        let moved = self.watermark().0 - from.0;
        let mut checkpoint = Checkpoint::NotDue;
        if self.seen {
            self.publish()?;
            let distance = self.watermark().0 - self.saved_at.0;
            if distance >= self.settings.checkpoint_every.get() {
                let saved = self.save().await;
                checkpoint = saved.map_or_else(Checkpoint::Failed, |()| Checkpoint::Saved);
            }
        }
        applied?;
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

    fn publish(&self) -> Result<(), ProjectorError> {
        match self.shelf.publish(Arc::new(self.view.clone())) {
            Err(Older::Plan { newest }) => Err(ProjectorError::Superseded { newest }),
            Ok(()) | Err(Older::Watermark { .. }) => Ok(()),
        }
    }

    pub(crate) async fn save(&mut self) -> Result<(), StoreError> {
        let (name, at) = (checkpoint::name(self.view.plan().version), self.watermark());
        let sealed = checkpoint::seal(&Saved::from(&self.view));
        self.store.put(&name, sealed).await?;
        self.saved_at = at;
        Ok(())
    }
}

fn failed(watermark: Offset, error: LogError) -> ProjectorError {
    match error {
        LogError::Beyond { end } => ProjectorError::AheadOfLog { watermark, end },
        other => ProjectorError::Log(other),
    }
}
