//! The one view that readers see, and which views may replace it.
//!
//! A projector may be held up between making a view and publishing it, for a moment or for an hour.
//! Asking first whether it is still the newest does not help, because that answer can be old, too. So
//! the shelf compares at the moment of replacing, under the same lock.

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
    /// The newest plan that was ever published. It outlives the view: deleting the newer view does not
    /// make an older plan newer.
    newest: Option<PlanVersion>,
}

impl Shelf {
    /// An empty shelf.
    pub fn new() -> Self {
        Self::default()
    }

    // ANCHOR: publish
    /// Serves `view` from now on, instead of the one that is served.
    ///
    /// # Errors
    /// [`Older`] when it would take readers back.
    pub fn publish(&self, view: Arc<View>) -> Result<(), Older> {
        let mut inner = self.lock();
        let plan = view.plan().version;
        if let Some(newest) = inner.newest.filter(|newest| *newest > plan) {
            return Err(Older::Plan { newest });
        }
        let served = inner.served.as_ref().map(|served| served.watermark());
        if let Some(served) = served.filter(|served| *served > view.watermark()) {
            return Err(Older::Watermark { served });
        }
        inner.newest = Some(plan);
        inner.served = Some(view);
        Ok(())
    }
    // ANCHOR_END: publish

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
