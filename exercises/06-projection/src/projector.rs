//! From the log into the view, with checkpoints.
//!
//! A checkpoint is only a shortcut through the log: whatever is wrong with it, the log from 0 is right.

use crate::log::{Log, LogError};
use crate::plan::{Plan, PlanVersion};
use crate::shelf::Shelf;
use crate::store::{Store, StoreError};
use crate::view::{ApplyError, View};
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

/// Makes a view, record by record. You may change its fields.
#[derive(Debug)]
#[allow(dead_code, reason = "for you to use")]
pub struct Projector<L, S> {
    log: L,
    store: S,
    shelf: Shelf,
    settings: Settings,
    /// Shared with the shelf and its readers. [`Arc::make_mut`] copies it before a change, if it is
    /// still shared.
    view: Arc<View>,
    /// The watermark of the last checkpoint in the store, as far as this projector knows.
    saved: Offset,
}

impl<L: Log, S: Store> Projector<L, S> {
    // ANCHOR: stubs
    /// A projector that continues from `plan`'s checkpoint, or begins at 0 if there is none.
    ///
    /// - A restored view is served at once, unless the served view has come further.
    /// - A checkpoint is ignored if it cannot be read, is damaged, was made by a plan that is not
    ///   exactly this one, or has more records than the log.
    /// - Nothing is read from the log yet, and without a checkpoint nothing is published.
    ///
    /// # Errors
    /// [`ProjectorError::Log`] when a checkpoint cannot be compared with the log's end;
    /// [`ProjectorError::Superseded`].
    ///
    /// Judged by `a_restart_goes_on_from_the_checkpoint`, `a_crash_at_any_point_replays_to_the_same_view` and
    /// `a_checkpoint_that_cannot_be_trusted_is_passed_over`.
    pub async fn start(
        plan: Plan,
        log: L,
        store: S,
        shelf: Shelf,
        settings: Settings,
    ) -> Result<Self, ProjectorError> {
        let _ = (plan, log, store, shelf, settings);
        todo!(
            "Continue from the checkpoint if it can be trusted, and serve it; otherwise begin at 0."
        )
    }

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

    /// Reads the log once, from the watermark on; applies the records; publishes the view; saves a
    /// checkpoint if one is due.
    ///
    /// - The records before one that cannot be applied are applied and published; then that one is the
    ///   error.
    /// - A served view of this plan that has come further is no error. A newer plan is one, and then
    ///   nothing is saved.
    /// - A checkpoint is due once `checkpoint_every` records have moved the view since the last one. It
    ///   is one put. If that fails, the step continues, and the checkpoint is still due.
    /// - A step that is dropped while it waits harms nothing.
    ///
    /// # Errors
    /// [`ProjectorError`]; [`AheadOfLog`](ProjectorError::AheadOfLog) if the log ends before the watermark.
    ///
    /// Judged by the tests in `replay`.
    pub async fn step(&mut self) -> Result<Step, ProjectorError> {
        todo!("Read a batch, apply it, publish the view, and save a checkpoint that is due.")
    }
    // ANCHOR_END: stubs

    /// Steps until the log has been read to its end.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn catch_up(&mut self) -> Result<(), ProjectorError> {
        while self.step().await?.moved > 0 {}
        Ok(())
    }
}
