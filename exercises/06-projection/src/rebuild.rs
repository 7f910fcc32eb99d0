//! A view built aside and swapped in, and the clean-up after it.
//!
//! Meanwhile the old view is served, and its own projector keeps it up to date.

use crate::log::Log;
use crate::plan::Plan;
use crate::projector::{Projector, ProjectorError, Settings};
use crate::shelf::Shelf;
use crate::store::{Store, StoreError};

// ANCHOR: stubs
/// Rebuilds `plan`'s view from the beginning of the log, without its checkpoint, and swaps it in.
/// Returns the projector that keeps it up to date from there.
///
/// - No reader sees it before it has every record from when the rebuild began, and everything that the
///   served view has. Then it is published as a whole. The rebuild ends however fast the log grows.
/// - Its checkpoint is saved when it is served. If that worked, it cleans up; a failure of either is no error.
/// - A record that cannot be applied ends the rebuild.
///
/// # Errors
/// [`ProjectorError`]; the served view and its checkpoint are unchanged.
/// [`AheadOfLog`](ProjectorError::AheadOfLog) when the served view has more records than the log.
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
    todo!("Build the view aside until it can replace the old one, swap it in, and save it.")
}

/// Removes each checkpoint of a plan below the one that is served at the moment of removal: the caller
/// may have been held up. Nothing else is removed, and nothing at all while no view is served.
///
/// # Errors
/// [`StoreError`]; what could not be removed is removed next time.
///
/// Judged by `a_clean_up_removes_only_what_is_over`.
pub async fn clean_up<S: Store>(store: &S, shelf: &Shelf) -> Result<(), StoreError> {
    let _ = (store, shelf);
    todo!("Remove the checkpoints from which no projector will start any more.")
}
// ANCHOR_END: stubs
