//! A view built aside and swapped in, and the clean-up after it.
//!
//! No reader sees a new view until it can replace the old one; until then the old one is served, and its
//! own projector keeps it up to date.

use crate::checkpoint;
use crate::log::Log;
use crate::plan::Plan;
use crate::projector::{Checkpoint, Projector, ProjectorError, Settings};
use crate::shelf::{Older, Shelf};
use crate::store::{Store, StoreError};

// ANCHOR: rebuild
/// Rebuilds `plan`'s view from the beginning of the log, next to the one that is served, and swaps it
/// in. Returns the projector that keeps it up to date from there.
///
/// # Errors
/// [`ProjectorError`]; the served view and its checkpoint are unchanged.
pub async fn rebuild<L: Log, S: Store + Clone>(
    plan: Plan,
    log: L,
    store: S,
    shelf: Shelf,
    settings: Settings,
) -> Result<Projector<L, S>, ProjectorError> {
    // A goal that moves with the log might never be reached, if the log grows fast enough.
    let mut goal = log.end().await.map_err(ProjectorError::Log)?;
    let mut aside = Projector::anew(plan, log, store.clone(), shelf.clone(), settings);
    loop {
        while aside.watermark() < goal {
            let (moved, stopped) = aside.advance().await?;
            stopped?;
            if moved == 0 {
                // The log, or the served view, had more records than this.
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
        // What is left only takes room, until the next clean-up.
        let _ = clean_up(&store, &shelf).await;
    }
    Ok(aside)
}
// ANCHOR_END: rebuild

// ANCHOR: clean_up
/// Removes the checkpoints of plans that are over.
///
/// # Errors
/// [`StoreError`]; what could not be removed is removed next time.
pub async fn clean_up<S: Store>(store: &S, shelf: &Shelf) -> Result<(), StoreError> {
    for name in store.names().await? {
        let Some(plan) = checkpoint::plan_of(&name) else {
            continue;
        };
        // Compare with what is served at the moment of removal, not with what the caller believes to be
        // the newest: a caller that was held up would remove what has become the newest since.
        let served = shelf.current().map(|view| view.plan().version);
        if served.is_some_and(|served| plan < served) {
            store.delete(&name).await?;
        }
    }
    Ok(())
}
// ANCHOR_END: clean_up
