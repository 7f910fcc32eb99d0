//! A rebuild that reads the log itself.

use crate::checkpoint;
use crate::log::{Log, LogError};
use crate::plan::Plan;
use crate::projector::{Checkpoint, Projector, ProjectorError, Settings};
use crate::shelf::{Older, Shelf};
use crate::store::{Store, StoreError};
use domain::Offset;
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
    let promised = log.end().await.map_err(ProjectorError::Log)?;
    let mut aside = Projector::anew(plan, log, store, shelf, settings);
    // The served view may have come further than the goal.
    while aside.watermark() < promised.max(served(&aside.shelf)) || !swapped(&aside)? {
        let watermark = aside.watermark();
        let batch = aside.settings.batch.get();
        let read = aside.log.read(watermark, batch).await;
        let read = read.map_err(|error| match error {
            LogError::Beyond { end } => ProjectorError::AheadOfLog { watermark, end },
            error => ProjectorError::Log(error),
        })?;
        for recorded in read {
            aside.view.apply(&recorded)?;
        }
        let goal = promised.max(served(&aside.shelf));
        if aside.watermark() == watermark && watermark < goal {
            let (watermark, end) = (goal, watermark);
            return Err(ProjectorError::AheadOfLog { watermark, end });
        }
    }
    if let Checkpoint::Saved = aside.save().await {
        clean_up(&aside.store, &aside.shelf).await.ok();
    } else {
        // The whole view is unsaved.
        aside.unsaved = aside.watermark().0;
    }
    Ok(aside)
}

fn served(shelf: &Shelf) -> Offset {
    shelf.current().map_or(Offset(0), |view| view.watermark())
}

fn swapped<L, S>(aside: &Projector<L, S>) -> Result<bool, ProjectorError> {
    match aside.shelf.publish(Arc::new(aside.view.clone())) {
        Ok(()) => Ok(true),
        Err(Older::Watermark { .. }) => Ok(false),
        Err(Older::Plan { newest }) => Err(ProjectorError::Superseded { newest }),
    }
}

/// Removes what is over.
///
/// # Errors
/// [`StoreError`].
pub async fn clean_up<S: Store>(store: &S, shelf: &Shelf) -> Result<(), StoreError> {
    let names = store.names().await?;
    for (plan, name) in names
        .iter()
        .filter_map(|name| Some((checkpoint::plan_of(name)?, name)))
    {
        if let Some(served) = shelf.current()
            && served.plan().version > plan
        {
            store.delete(name).await?;
        }
    }
    Ok(())
}
