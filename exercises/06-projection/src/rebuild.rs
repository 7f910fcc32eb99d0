//! A view built aside, swapped in, and what may be cleaned up after it.
//!
//! The old view is served meanwhile, and kept up by its own projector.

use crate::log::Log;
use crate::plan::Plan;
use crate::projector::{Projector, ProjectorError, Settings};
use crate::shelf::Shelf;
use crate::store::{Store, StoreError};

// ANCHOR: stubs
/// Makes `plan`'s view anew from the beginning of the log, without its checkpoint, and swaps it in. Returns the
/// projector that keeps it up from there.
///
/// - Nothing of it is seen before it has all that was recorded when the rebuild began, and all that the served
///   view has. Then it is seen as a whole. It ends however fast the log grows.
/// - Its checkpoint is saved once it is served. When that has worked, it cleans up; neither's failure is an error.
/// - A record that cannot be applied ends it.
///
/// # Errors
/// [`ProjectorError`]; what is served, and its checkpoint, are what they were.
/// [`AheadOfLog`](ProjectorError::AheadOfLog) when the served view has more than the log.
///
/// Judged by the tests in `rebuild`.
pub async fn rebuild<L: Log, S: Store + Clone>(
    plan: Plan,
    log: L,
    store: S,
    shelf: Shelf,
    settings: Settings,
) -> Result<Projector<L, S>, ProjectorError> {
    let _ = (plan, log, store, shelf, settings);
    todo!(
        "Build the view aside until it can stand where the old one stands, swap it in, and save it."
    )
}

/// Removes the checkpoints of plans below the one that is served when each is removed: whoever calls this may have
/// been held up. Nothing else is removed, and nothing at all while no view is served.
///
/// # Errors
/// [`StoreError`]; what could not be removed is removed the next time.
///
/// Judged by `a_clean_up_removes_only_what_is_over`.
pub async fn clean_up<S: Store>(store: &S, shelf: &Shelf) -> Result<(), StoreError> {
    let _ = (store, shelf);
    todo!("Remove the checkpoints that nobody will start from any more.")
}
// ANCHOR_END: stubs
