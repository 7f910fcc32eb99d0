//! Which pressure counts, and where work belongs.
//!
//! The form of a decision is given, in [`crate::decision`]; how to reach one is here.
//!
//! Each scope is asked, from narrow to wide, for everything that is known against it, and the first that has
//! nothing against it is the answer. So the reasons cost nothing: they are the objections to the scopes that
//! were passed on the way. The alternative, *each pressure names the scope that it needs, and the widest of them wins*,
//! is shorter, and stops working once something rules out a *wide* scope.

use crate::quantity::Quantity;
use crate::requirements::{Clear, Costs, Failure, Kind, Pressure, Requirements, Scope};

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
pub fn judge(pressure: &Pressure) -> Result<Option<Clear<'_>>, Unplaced> {
    let time = matches!(pressure.kind, Kind::Geography | Kind::Decoupling);
    let load = pressure.kind == Kind::Load;
    let limit = pressure.limit.filter(|_| !load);
    for found in [pressure.value, limit].into_iter().flatten() {
        if time != matches!(found, Quantity::Time(_)) {
            return Err(Unplaced::WrongUnit {
                kind: pressure.kind,
                metric: pressure.metric.clone(),
                expected: if time { "time" } else { "rate" },
                found,
            });
        }
    }
    let counts = !pressure.metric.trim().is_empty() && (load || limit.is_some());
    Ok(pressure.value.filter(|_| counts).map(|value| Clear {
        kind: pressure.kind,
        metric: &pressure.metric,
        value,
        limit,
    }))
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
pub fn objections(
    scope: Scope,
    requirements: &Requirements,
    clear: &[Clear<'_>],
    costs: &Costs,
) -> Vec<Objection> {
    let of_pressures = clear.iter().filter_map(|one| against(scope, one, costs));
    let mut objections: Vec<Objection> = of_pressures.collect();
    if let (Some(call), Some(within)) = (costs.call(scope), requirements.answer_within)
        && call > within
    {
        objections.push(Objection::TooFar { call, within });
    }
    if requirements.decides && scope == Scope::Edge {
        objections.push(Objection::Decides);
    }
    if requirements.answer_within.is_some() && asking(clear, Kind::Decoupling).is_some() {
        objections.push(Objection::NeedsAnswer);
    }
    objections
}

/// What one pressure has against a scope.
fn against(scope: Scope, pressure: &Clear<'_>, costs: &Costs) -> Option<Objection> {
    if pressure.kind == Kind::Load {
        let capacity = Quantity::Rate(costs.capacity(scope)?);
        return above(pressure, pressure.value, capacity);
    }
    let limit = pressure.limit?;
    let own = above(pressure, pressure.value, limit)?;
    let narrowest = match pressure.kind {
        Kind::Load | Kind::Ownership => Scope::Thread,
        Kind::Decoupling => Scope::Process,
        Kind::Isolation(Failure::Process) => Scope::Machine,
        Kind::Isolation(Failure::Machine) => Scope::Cluster,
        Kind::Geography => Scope::Edge,
    };
    if scope < narrowest {
        return Some(own);
    }
    if pressure.kind == Kind::Geography {
        return above(pressure, Quantity::Time(costs.call(scope)?), limit);
    }
    None
}

/// The objection that a pressure makes of these two figures, if the first is above the second.
fn above(pressure: &Clear<'_>, value: Quantity, limit: Quantity) -> Option<Objection> {
    (value > limit).then(|| pressure.objection(value, limit))
}

/// What the first pressure of this kind that is above its own limit says.
fn asking(clear: &[Clear<'_>], kind: Kind) -> Option<Objection> {
    let mut of_kind = clear.iter().filter(|pressure| pressure.kind == kind);
    of_kind.find_map(|pressure| above(pressure, pressure.value, pressure.limit?))
}
// ANCHOR_END: objections

// ANCHOR: missing
/// A figure of `scope` that was not measured and could still rule it out: its capacity, if there is a load;
/// how long a call takes, if the caller has an `answer_within` or geography is above its limit. Of two that
/// are missing, either.
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
pub fn place(requirements: &Requirements, costs: &Costs) -> Result<Placement, Unplaced> {
    let (mut clear, mut vague) = (Vec::new(), Vec::new());
    for pressure in &requirements.pressures {
        match judge(pressure)? {
            Some(counts) => clear.push(counts),
            None => vague.push(pressure.clone()),
        }
    }
    let mut reasons = Vec::new();
    for scope in Scope::ALL {
        let objections = objections(scope, requirements, &clear, costs);
        if objections.is_empty() {
            if let Some(figure) = missing(scope, requirements, &clear, costs) {
                return Err(Unplaced::NotMeasured { scope, figure });
            }
            let asked = asked(&clear);
            let asks = |choice| asked.iter().any(|reason| reason.rules_out == choice);
            let (module, later) = (asks(Choice::NoModule), asks(Choice::Now));
            reasons.extend(asked);
            return Ok(Placement {
                scope,
                module,
                later,
                reasons,
                vague,
            });
        }
        let rules_out = Choice::Scope(scope);
        let each = objections.into_iter();
        reasons.extend(each.map(|because| Reason { rules_out, because }));
    }
    Err(Unplaced::NothingSuffices(reasons))
}
// ANCHOR_END: place
