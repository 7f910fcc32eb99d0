//! From the log into the view, with checkpoints.
//!
//! A checkpoint is a shortcut through the log, and nothing else: whatever is wrong with it, the log from 0
//! is right.

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
    /// The most records that it reads at once, and so the most that it applies between two views that
    /// readers see.
    pub batch: NonZeroUsize,
    /// After how many records a checkpoint is due: the most that a restart replays, and a little.
    pub checkpoint_every: NonZeroU64,
}

/// What a step has done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Step {
    /// How many records became part of the view.
    pub moved: u64,
    /// What became of the checkpoint.
    pub checkpoint: Checkpoint,
}

/// What became of a checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checkpoint {
    /// None is due.
    NotDue,
    /// It is saved.
    Saved,
    /// It is not, and is due still.
    Failed(StoreError),
}

/// Why a projector stopped. It can be asked to go on.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ProjectorError {
    /// The log gave nothing.
    #[error(transparent)]
    Log(LogError),
    /// The view has more than the log, which must have been cut off, or is another one.
    #[error("the view is at {}, and the log ends at {}", watermark.0, end.0)]
    AheadOfLog {
        /// Where the view stands.
        watermark: Offset,
        /// Where the log ends.
        end: Offset,
    },
    /// A record could not be applied. Those before it have been.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// A newer plan is served: this one is over.
    #[error("plan {} has been published", newest.0)]
    Superseded {
        /// The newer plan.
        newest: PlanVersion,
    },
}
// ANCHOR_END: settings

/// Makes a view, record by record. Its fields are yours to change.
#[derive(Debug)]
#[allow(dead_code, reason = "yours to use")]
pub struct Projector<L, S> {
    log: L,
    store: S,
    shelf: Shelf,
    settings: Settings,
    /// Shared with the shelf and its readers. [`Arc::make_mut`] copies it before it changes, if it still is.
    view: Arc<View>,
    /// Up to where a checkpoint is in the store, as far as this projector knows.
    saved: Offset,
}

impl<L: Log, S: Store> Projector<L, S> {
    // ANCHOR: stubs
    /// A projector that goes on from `plan`'s checkpoint, or begins anew where there is none.
    ///
    /// - What was restored is served at once, unless a view is served that has come further.
    /// - A checkpoint is passed over if it cannot be read, is damaged, was made by any other plan than exactly
    ///   this one, or has more records than the log.
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
        todo!("Go on from the checkpoint if it can be trusted, and serve it; or begin at 0.")
    }

    /// A projector at the beginning of the log, of which nobody sees anything yet.
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

    /// Where its view stands.
    pub fn watermark(&self) -> Offset {
        self.view.watermark()
    }

    /// Reads the log once, from the watermark on; applies what came; lets readers see it; saves a checkpoint if
    /// one is due.
    ///
    /// - What stands before a record that cannot be applied is applied and seen; then that is the error.
    /// - A served view of this plan that has come further is no error. A newer plan is one, and nothing is saved.
    /// - A checkpoint is due once `checkpoint_every` records have moved the view since the last one. It is one
    ///   put. If it fails, the step goes on, and it is due still.
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

    /// Steps until it has read the log to its end.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn catch_up(&mut self) -> Result<(), ProjectorError> {
        while self.step().await?.moved > 0 {}
        Ok(())
    }
}
