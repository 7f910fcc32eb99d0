//! From the log into the view, with checkpoints.
//!
//! A checkpoint is only a shortcut through the log: whatever is wrong with it, the log from 0 is right.
//! That makes every question about it easy except one: rows and watermark belong together. If they are
//! saved in two steps, a crash between them leaves rows that hold more, or less, than the watermark
//! says.

use crate::checkpoint;
use crate::log::{Log, LogError, Recorded};
use crate::plan::{Plan, PlanVersion};
use crate::shelf::{Older, Shelf};
use crate::store::{Store, StoreError};
use crate::view::{Applied, ApplyError, View};
use domain::Offset;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use thiserror::Error;

// ANCHOR: settings
/// How a projector works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The most records that it reads at once, and so the most that it applies before readers see the
    /// view again.
    pub batch: NonZeroUsize,
    /// After how many records a checkpoint is due: about the most that a restart replays.
    pub checkpoint_every: NonZeroU64,
}

/// What a step has done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Step {
    /// How many records became part of the view.
    pub moved: u64,
    /// What happened to the checkpoint.
    pub checkpoint: Checkpoint,
}

/// What happened to a checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checkpoint {
    /// None is due.
    NotDue,
    /// It is saved.
    Saved,
    /// It is not saved, and is still due.
    Failed(StoreError),
}

/// Why a projector stopped. Another step may succeed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ProjectorError {
    /// The log returned an error.
    #[error(transparent)]
    Log(LogError),
    /// The view has more records than the log, which must have been cut off or replaced.
    #[error("the view is at {}, and the log ends at {}", watermark.0, end.0)]
    AheadOfLog {
        /// The view's watermark.
        watermark: Offset,
        /// The log's end.
        end: Offset,
    },
    /// A record could not be applied. Those before it were applied.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// A newer plan has been published: this one is over.
    #[error("plan {} has been published", newest.0)]
    Superseded {
        /// The newer plan.
        newest: PlanVersion,
    },
}
// ANCHOR_END: settings

/// Makes a view, record by record.
#[derive(Debug)]
pub struct Projector<L, S> {
    log: L,
    store: S,
    shelf: Shelf,
    settings: Settings,
    /// Shared with the shelf and its readers, and copied before a change if it is still shared.
    view: Arc<View>,
    /// The watermark of the last checkpoint in the store, as far as this projector knows.
    saved: Offset,
}

impl<L: Log, S: Store> Projector<L, S> {
    // ANCHOR: start
    /// A projector that continues from `plan`'s checkpoint, or begins at 0.
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
        let restored = restore(plan, &log, &store).await?;
        let found = restored.is_some();
        let mut projector = Self::anew(plan, log, store, shelf, settings);
        if let Some(view) = restored {
            projector.saved = view.watermark();
            projector.view = Arc::new(view);
        }
        // Without a checkpoint there is nothing yet that is worth publishing.
        if found {
            projector.publish()?;
        }
        Ok(projector)
    }
    // ANCHOR_END: start

    /// A projector at the beginning of the log, whose view no reader sees yet.
    pub fn anew(plan: Plan, log: L, store: S, shelf: Shelf, settings: Settings) -> Self {
        Self {
            log,
            store,
            shelf,
            settings,
            view: Arc::new(View::empty(plan)),
            saved: Offset(0),
        }
    }

    /// Its view's watermark.
    pub fn watermark(&self) -> Offset {
        self.view.watermark()
    }

    // ANCHOR: step
    /// Reads once, applies the records, publishes the view, and saves a checkpoint if one is due.
    ///
    /// # Errors
    /// [`ProjectorError`].
    pub async fn step(&mut self) -> Result<Step, ProjectorError> {
        let (moved, stopped) = self.advance().await?;
        self.publish()?;
        let unsaved = self.watermark().0 - self.saved.0;
        let checkpoint = if unsaved >= self.settings.checkpoint_every.get() {
            self.save().await
        } else {
            Checkpoint::NotDue
        };
        stopped?;
        Ok(Step { moved, checkpoint })
    }

    /// Reads once and applies the records. Returns how many advanced the view, and what stopped it.
    pub(crate) async fn advance(
        &mut self,
    ) -> Result<(u64, Result<(), ApplyError>), ProjectorError> {
        let before = self.watermark();
        let read = self.log.read(before, self.settings.batch.get()).await;
        let records = read.map_err(|error| match error {
            LogError::Beyond { end } => ProjectorError::AheadOfLog {
                watermark: before,
                end,
            },
            error => ProjectorError::Log(error),
        })?;
        // No `.await` from here on: a step that is dropped has applied all of the batch, or none.
        let stopped = self.apply(&records);
        Ok((self.watermark().0 - before.0, stopped))
    }

    fn apply(&mut self, records: &[Recorded]) -> Result<(), ApplyError> {
        let known = |recorded: &Recorded| recorded.offset < self.view.watermark();
        if records.iter().all(known) {
            return Ok(());
        }
        let view = Arc::make_mut(&mut self.view);
        for recorded in records {
            let (Applied::Moved | Applied::Repeated) = view.apply(recorded)?;
        }
        Ok(())
    }

    /// Publishes the view, unless the served one has come further.
    fn publish(&self) -> Result<(), ProjectorError> {
        match self.try_publish() {
            // Another projector of this plan is ahead. This one catches up, or is not needed.
            Ok(()) | Err(Older::Watermark { .. }) => Ok(()),
            Err(Older::Plan { newest }) => Err(ProjectorError::Superseded { newest }),
        }
    }

    pub(crate) fn try_publish(&self) -> Result<(), Older> {
        self.shelf.publish(Arc::clone(&self.view))
    }

    /// Rows and watermark in one put.
    pub(crate) async fn save(&mut self) -> Checkpoint {
        let name = checkpoint::name(self.view.plan().version);
        match self.store.put(&name, checkpoint::seal(&*self.view)).await {
            Ok(()) => {
                self.saved = self.view.watermark();
                Checkpoint::Saved
            }
            Err(error) => Checkpoint::Failed(error),
        }
    }
    // ANCHOR_END: step

    /// Steps until the log has been read to its end.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn catch_up(&mut self) -> Result<(), ProjectorError> {
        while self.step().await?.moved > 0 {}
        Ok(())
    }
}

// ANCHOR: restore
/// The view in `plan`'s checkpoint, if it can be trusted.
async fn restore<L: Log, S: Store>(
    plan: Plan,
    log: &L,
    store: &S,
) -> Result<Option<View>, ProjectorError> {
    let sealed = store.get(&checkpoint::name(plan.version)).await;
    let view: Option<View> = sealed
        .ok()
        .flatten()
        .and_then(|sealed| checkpoint::open(&sealed));
    let Some(view) = view.filter(|view| view.plan() == plan) else {
        return Ok(None);
    };
    let end = log.end().await.map_err(ProjectorError::Log)?;
    Ok((view.watermark() <= end).then_some(view))
}
// ANCHOR_END: restore
