//! A place for one view, behind a lock for readers and writers.

use crate::plan::PlanVersion;
use crate::view::View;
pub use ours::shelf::Older;
use std::sync::{Arc, PoisonError, RwLock};

/// The shelf: the newest plan, and the view that is served.
#[derive(Clone, Debug, Default)]
pub struct Shelf(Arc<RwLock<(PlanVersionOrNone, Option<Arc<View>>)>>);

type PlanVersionOrNone = Option<PlanVersion>;

impl Shelf {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces what is served, or refuses to.
    ///
    /// # Errors
    /// When the view is older.
    pub fn publish(&self, view: Arc<View>) -> Result<(), Older> {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match *now {
            (Some(newest), _) if newest > view.plan().version => Err(Older::Plan { newest }),
            (_, Some(ref served)) if served.watermark() > view.watermark() => {
                let served = served.watermark();
                Err(Older::Watermark { served })
            }
            _ => {
                *now = (Some(view.plan().version), Some(view));
                Ok(())
            }
        }
    }

    /// What is served.
    pub fn current(&self) -> Option<Arc<View>> {
        let now = self.0.read().unwrap_or_else(PoisonError::into_inner);
        now.1.clone()
    }

    /// Serves nothing.
    pub fn delete(&self) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        now.1 = None;
    }
}
