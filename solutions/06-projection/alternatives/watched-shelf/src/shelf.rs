//! A watch channel as a shelf: it compares and replaces in one step.

use crate::plan::PlanVersion;
use crate::view::View;
pub use ours::shelf::Older;
use std::sync::Arc;
use tokio::sync::watch;

/// The shelf.
#[derive(Clone, Debug)]
pub struct Shelf(Arc<watch::Sender<State>>);

#[derive(Clone, Debug)]
struct State {
    least: PlanVersion,
    view: Option<Arc<View>>,
}

impl Default for Shelf {
    fn default() -> Self {
        let (least, view) = (PlanVersion(0), None);
        Self(Arc::new(watch::Sender::new(State { least, view })))
    }
}

impl Shelf {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces, or refuses to.
    ///
    /// # Errors
    /// When the view is older.
    pub fn publish(&self, view: Arc<View>) -> Result<(), Older> {
        let mut published = Ok(());
        self.0.send_if_modified(|state| {
            let newest = state.least;
            let served = state
                .view
                .as_ref()
                .map_or(view.watermark(), |now| now.watermark());
            if newest > view.plan().version {
                published = Err(Older::Plan { newest });
            } else if served > view.watermark() {
                published = Err(Older::Watermark { served });
            } else {
                state.least = view.plan().version;
                state.view = Some(view);
            }
            published.is_ok()
        });
        published
    }

    /// What is served.
    pub fn current(&self) -> Option<Arc<View>> {
        self.0.borrow().view.clone()
    }

    /// Serves nothing.
    pub fn delete(&self) {
        self.0.send_modify(|state| state.view = None);
    }
}
