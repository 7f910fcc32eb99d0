//! A rebuild: a projector whose view is hidden until the swap.

use crate::checkpoint;
use crate::log::Log;
use crate::plan::Plan;
use crate::projector::{Projector, ProjectorError, Settings};
use crate::shelf::{Older, Shelf};
use crate::store::{Store, StoreError};
use std::sync::Arc;

/// Builds aside, and swaps.
///
/// # Errors
/// [`ProjectorError`].
pub async fn rebuild<L: Log, S: Store + Clone>(
    plan: Plan,
    log: L,
    store: S,
    shelf: Shelf,
    settings: Settings,
) -> Result<Projector<L, S>, ProjectorError> {
    let mut building = Projector::anew(plan, log, store, shelf, settings);
    building.seen = false;
    let mut goal = building.log.end().await.map_err(ProjectorError::Log)?;
    loop {
        if building.watermark() < goal {
            if building.step().await?.moved == 0 {
                let (watermark, end) = (goal, building.watermark());
                return Err(ProjectorError::AheadOfLog { watermark, end });
            }
            continue;
        }
        match building.shelf.publish(Arc::new(building.view.clone())) {
            Ok(()) => break,
            Err(Older::Watermark { served }) => goal = goal.max(served),
            Err(Older::Plan { newest }) => return Err(ProjectorError::Superseded { newest }),
        }
    }
    building.seen = true;
    if building.save().await.is_ok() {
        let _ = clean_up(&building.store, &building.shelf).await;
    }
    Ok(building)
}

/// Removes what is over.
///
/// # Errors
/// [`StoreError`].
pub async fn clean_up<S: Store>(store: &S, shelf: &Shelf) -> Result<(), StoreError> {
    let Some(served) = shelf.current() else {
        return Ok(());
    };
    // Plans on a shelf only rise. A plan below this one is also below any that is served later, so one
    // look is enough. (A newer one may make more checkpoints old; the next clean-up removes those.)
    let mut newest = served.plan().version;
    for name in store.names().await? {
        newest = newest.max(shelf.current().map_or(newest, |view| view.plan().version));
        if checkpoint::plan_of(&name).is_some_and(|plan| plan < newest) {
            store.delete(&name).await?;
        }
    }
    Ok(())
}
