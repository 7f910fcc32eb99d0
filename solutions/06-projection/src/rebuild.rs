//! A view built aside, swapped in, and what may be cleaned up after it.
//!
//! Nothing of a new view is seen until it can stand where the old one stands; until then the old one is
//! served, and kept up by its own projector.

use crate::checkpoint;
use crate::log::Log;
use crate::plan::Plan;
use crate::projector::{Checkpoint, Projector, ProjectorError, Settings};
use crate::shelf::{Older, Shelf};
use crate::store::{Store, StoreError};

// ANCHOR: rebuild
/// Makes `plan`'s view anew from the beginning of the log, beside the one that is served, and swaps it in.
/// Returns the projector that keeps it up from there.
///
/// # Errors
/// [`ProjectorError`]; what is served, and its checkpoint, are what they were.
pub async fn rebuild<L: Log, S: Store + Clone>(
    plan: Plan,
    log: L,
    store: S,
    shelf: Shelf,
    settings: Settings,
) -> Result<Projector<L, S>, ProjectorError> {
    // A goal that moves with the log would never be reached by one that is written to fast enough.
    let mut goal = log.end().await.map_err(ProjectorError::Log)?;
    let mut aside = Projector::anew(plan, log, store.clone(), shelf.clone(), settings);
    loop {
        while aside.watermark() < goal {
            let (moved, stopped) = aside.advance().await?;
            stopped?;
            if moved == 0 {
                // It was promised more, by the log or by the view that is served.
                let (watermark, end) = (goal, aside.watermark());
                return Err(ProjectorError::AheadOfLog { watermark, end });
            }
        }
        match aside.try_publish() {
            Ok(()) => break,
            Err(Older::Watermark { served }) => goal = served,
            Err(Older::Plan { newest }) => return Err(ProjectorError::Superseded { newest }),
        }
    }
    if aside.save().await == Checkpoint::Saved {
        // What stays behind takes room, and the next clean-up.
        let _ = clean_up(&store, &shelf).await;
    }
    Ok(aside)
}
// ANCHOR_END: rebuild

// ANCHOR: clean_up
/// Removes the checkpoints of plans that are over.
///
/// # Errors
/// [`StoreError`]; what could not be removed is removed the next time.
pub async fn clean_up<S: Store>(store: &S, shelf: &Shelf) -> Result<(), StoreError> {
    for name in store.names().await? {
        let Some(plan) = checkpoint::plan_of(&name) else {
            continue;
        };
        // Compared with what is served when it is removed, and not with what the caller believes to be
        // the newest: a caller that was held up would remove what has become the newest since.
        let served = shelf.current().map(|view| view.plan().version);
        if served.is_some_and(|served| plan < served) {
            store.delete(&name).await?;
        }
    }
    Ok(())
}
// ANCHOR_END: clean_up
