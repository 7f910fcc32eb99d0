//! The one view that readers see, and which views may replace it.
//!
//! A projector may be held up between making a view and publishing it, for a moment or for an hour.
//! Several may publish at once.

use crate::plan::PlanVersion;
use crate::view::View;
use domain::Offset;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;

/// Why a view was not published. The served view is unchanged.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Older {
    /// A newer plan has been published before, whether or not its view is still served.
    #[error("plan {} has been published", newest.0)]
    Plan {
        /// The newest plan that was ever published here.
        newest: PlanVersion,
    },
    /// The served view has come further.
    #[error("a view at {} is served", served.0)]
    Watermark {
        /// The watermark of the view that is served.
        served: Offset,
    },
}

/// Holds the view that readers see. Clones are the same shelf.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    served: Option<Arc<View>>,
}

impl Shelf {
    /// An empty shelf.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves `view` from now on, instead of the one that is served.
    ///
    /// - The watermark that readers see never falls, whatever the plan.
    /// - A plan below the newest that was ever published is refused, however far its view has come, and
    ///   even when the newer plan's view has been deleted.
    /// - The same view may be published again, and after [`delete`](Self::delete) a view of the newest
    ///   plan may begin again at any watermark.
    ///
    /// All of this holds when several publish at once.
    ///
    /// # Errors
    /// [`Older`]: the plan is the reason if both apply. The served view is unchanged.
    ///
    /// Judged by `a_view_that_was_held_up_does_not_take_readers_back`,
    /// `an_older_plan_never_replaces_a_newer_one` and `a_deleted_view_does_not_let_an_older_plan_in`.
    pub fn publish(&self, view: Arc<View>) -> Result<(), Older> {
        let _ = view;
        todo!("Compare the view with the served one, and replace that, in one step.")
    }

    /// The view that is served: a whole one, which does not change while its reader holds it.
    pub fn current(&self) -> Option<Arc<View>> {
        self.lock().served.clone()
    }

    /// Takes the view off the shelf.
    pub fn delete(&self) {
        self.lock().served = None;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each of its states is whole, so a panic elsewhere does not damage it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
