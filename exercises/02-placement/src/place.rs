//! Which pressure counts, and where work belongs.
//!
//! The form of a decision is given, in [`crate::decision`]; how to reach one is yours. Whatever you do, keep
//! apart what is known, what is only claimed, and what nobody has measured yet.
//!
//! [`judge`] comes first, and belongs to the third stage. Then [`objections`] and [`missing`] are questions about
//! one scope, and [`place`] asks them of one scope after the other; [`asked`] has the reasons that depend on no
//! scope. [`missing`] and [`asked`] are given.

use crate::quantity::Quantity;
use crate::requirements::{Clear, Costs, Kind, Pressure, Requirements, Scope};

pub use crate::decision::{Choice, Figure, Objection, Placement, Reason, Unplaced};

// ANCHOR: judge
/// What a pressure says in figures, or `None` if it is vague.
///
/// It is vague without a metric (a blank one is none), without a value, or without a limit. A load needs no
/// limit: its limits are the capacities. One that it brings is left out, unread.
///
/// # Errors
/// [`Unplaced::WrongUnit`] if its value or its limit is of the wrong unit, even if it is vague. Load,
/// isolation and ownership are measured as rates, geography and decoupling as times.
///
/// Judged by the tests in `figures` whose names contain `pressure`.
pub fn judge(pressure: &Pressure) -> Result<Option<Clear<'_>>, Unplaced> {
    let _ = pressure;
    todo!("Refuse a figure of the wrong unit, then tell a pressure that counts from a wish.")
}
// ANCHOR_END: judge

// ANCHOR: objections
/// Everything known against doing the work at `scope`. A pressure above its limit (at it is not above) is
/// against:
///
/// - load: a scope whose capacity, its limit, is too small
/// - isolation: thread and process; from a machine, the machine too
/// - ownership: none
/// - geography: all but the edge; the edge too if a call to it, then the value, takes longer than the limit
/// - decoupling: the thread
///
/// Besides:
///
/// - [`Objection::TooFar`]: a call takes longer than `answer_within`
/// - [`Objection::Decides`]: the work decides, and this is the edge
/// - [`Objection::NeedsAnswer`], against every scope: a decoupling above its limit, and any `answer_within`
///
/// What was not measured is against nothing.
///
/// Judged by the tests in `place`, through [`place`].
pub fn objections(
    scope: Scope,
    requirements: &Requirements,
    clear: &[Clear<'_>],
    costs: &Costs,
) -> Vec<Objection> {
    let _ = (scope, requirements, clear, costs);
    todo!("Collect every objection to this scope: of each pressure, and of the work itself.")
}
// ANCHOR_END: objections

// ANCHOR: missing
/// A figure of `scope` that was not measured and could still rule it out: its capacity, if there is a load;
/// how long a call takes, if the caller has an `answer_within` or geography is above its limit. Of two that
/// are missing, either. Given.
pub fn missing(
    scope: Scope,
    requirements: &Requirements,
    clear: &[Clear<'_>],
    costs: &Costs,
) -> Option<Figure> {
    let load = clear.iter().any(|pressure| pressure.kind == Kind::Load);
    let far = requirements.answer_within.is_some() || asking(clear, Kind::Geography).is_some();
    if load && costs.capacity(scope).is_none() {
        Some(Figure::Capacity)
    } else if far && costs.call(scope).is_none() {
        Some(Figure::Call)
    } else {
        None
    }
}
// ANCHOR_END: missing

/// The objection that a pressure makes of these two figures, if the first is above the second.
fn above(pressure: &Clear<'_>, value: Quantity, limit: Quantity) -> Option<Objection> {
    (value > limit).then(|| pressure.objection(value, limit))
}

/// What the first pressure of this kind that is above its own limit says.
fn asking(clear: &[Clear<'_>], kind: Kind) -> Option<Objection> {
    let mut of_kind = clear.iter().filter(|pressure| pressure.kind == kind);
    of_kind.find_map(|pressure| above(pressure, pressure.value, pressure.limit?))
}

/// The reasons for a module ([`Choice::NoModule`]) and for later ([`Choice::Now`]), as far as a pressure above
/// its limit asks for them. Given.
pub fn asked(clear: &[Clear<'_>]) -> Vec<Reason> {
    let asks = |(kind, rules_out)| {
        let because = asking(clear, kind)?;
        Some(Reason { rules_out, because })
    };
    let choices = [
        (Kind::Ownership, Choice::NoModule),
        (Kind::Decoupling, Choice::Now),
    ];
    choices.into_iter().filter_map(asks).collect()
}

// ANCHOR: place
/// The narrowest scope without an objection, and the reasons: every objection to every narrower scope.
///
/// It is a module if ownership is above its limit, and later if decoupling is, with at least one reason for
/// each: [`asked`] has them. Pressures that are vague move nothing, and are returned.
///
/// # Errors
/// - [`Unplaced::WrongUnit`] if [`judge`] refuses a pressure, whatever the rest says
/// - [`Unplaced::NothingSuffices`], with every objection, if there is one to every scope
/// - [`Unplaced::NotMeasured`] if a figure is [`missing`] of the narrowest scope without an objection; a
///   figure of any other scope is not asked for
///
/// Judged by every test in `place`.
pub fn place(requirements: &Requirements, costs: &Costs) -> Result<Placement, Unplaced> {
    let _ = (requirements, costs);
    todo!(
        "Ask each scope, from narrow to wide, for its objections, and take the first that has none."
    )
}
// ANCHOR_END: place
