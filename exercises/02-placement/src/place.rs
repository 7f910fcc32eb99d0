//! Where work belongs.
//!
//! What a decision says is given, in [`crate::decision`]; how it is come to is yours. Whatever you do, keep
//! apart what is known, what is merely said, and what nobody has measured yet.

use crate::requirements::{Costs, Requirements};

pub use crate::decision::{Choice, Figure, Objection, Placement, Reason, Unplaced};

// ANCHOR: place
/// The narrowest scope that meets every requirement, and the reasons.
///
/// | pressure | rules out, if its value is above its limit |
/// |---|---|
/// | load | a scope whose capacity is below the demand |
/// | isolation | from a process: all within it; from a machine: all on it |
/// | ownership | no scope: it asks for a module |
/// | geography | all but the edge; the edge too, if a call to it takes longer than the limit |
/// | decoupling | the caller's thread, and an answer with the result in it |
///
/// A pressure counts only if it has a metric (not blank), a value and, unless it is a load, a limit;
/// each counts for itself. A limit that a load brings is not looked at. A value that just reaches its
/// limit is within it. Besides, the caller's time for the answer rules out every scope that is further
/// away than that; work that decides what is true rules out the edge; and a decoupling above its limit
/// contradicts a caller that needs the result.
///
/// # Errors
/// [`Unplaced::NothingSuffices`] if every scope is ruled out. [`Unplaced::NotMeasured`] if the narrowest
/// scope that isn't ruled out by what is known might be, by a figure that isn't; a figure on which
/// nothing depends is not asked for, and of two that are missing either is. [`Unplaced::WrongUnit`] if
/// some pressure has a value, or but for a load a limit, of the wrong kind, whatever the rest says.
///
/// Judged by every test in `place` and `properties`, and by `decisions`.
pub fn place(requirements: &Requirements, costs: &Costs) -> Result<Placement, Unplaced> {
    let _ = (requirements, costs);
    todo!(
        "Find the narrowest scope that nothing rules out, and say what ruled out those before it."
    )
}
// ANCHOR_END: place
