//! Where work belongs.
//!
//! The way here is to ask each scope, from narrow to wide, for every objection to it, and to take the
//! first that has none. So the reasons of a placement are just the objections to what is narrower, and
//! adding a pressure can only add objections. The other way, to map each pressure to the scope that it
//! needs and take the widest, is shorter; and it goes wrong where something *rules out* a wide scope,
//! as a budget for the answer does: then the widest that is needed is not one that will do.

use crate::quantity::Quantity;
use crate::requirements::{Costs, Failure, Kind, Pressure, Requirements, Scope};

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
pub fn place(requirements: &Requirements, costs: &Costs) -> Result<Placement, Unplaced> {
    let (clear, vague) = heard(&requirements.pressures)?;
    let mut reasons = Vec::new();
    for scope in Scope::ALL {
        let asked = Asked {
            scope,
            requirements,
            costs,
        };
        let objections = asked.objections(&clear);
        if objections.is_empty() {
            asked.measured(&clear)?;
            let module = asks(&clear, Kind::Ownership);
            let later = asks(&clear, Kind::Decoupling);
            reasons.extend(module.and_then(|pressure| pressure.against(Choice::NoModule)));
            reasons.extend(later.and_then(|pressure| pressure.against(Choice::Now)));
            return Ok(Placement {
                scope,
                module: module.is_some(),
                later: later.is_some(),
                reasons,
                vague,
            });
        }
        let rules_out = Choice::Scope(scope);
        reasons.extend(
            objections
                .into_iter()
                .map(|because| Reason { rules_out, because }),
        );
    }
    Err(Unplaced::NothingSuffices(reasons))
}
// ANCHOR_END: place

/// A pressure that has all that it takes to count.
struct Clear<'a> {
    kind: Kind,
    metric: &'a str,
    value: Quantity,
    /// A load's are the capacities.
    limit: Option<Quantity>,
}

impl Clear<'_> {
    /// Whether its value is above its own limit. A load has to be asked at each scope.
    fn presses(&self) -> bool {
        self.limit.is_some_and(|limit| exceeds(self.value, limit))
    }

    fn objection(&self, value: Quantity, limit: Quantity) -> Objection {
        Objection::Pressure {
            kind: self.kind,
            metric: self.metric.to_owned(),
            value,
            limit,
        }
    }

    /// What it says against something other than a scope, by its own limit.
    fn against(&self, rules_out: Choice) -> Option<Reason> {
        let because = self.objection(self.value, self.limit?);
        Some(Reason { rules_out, because })
    }
}

/// Tells what counts from what is only said.
fn heard(pressures: &[Pressure]) -> Result<(Vec<Clear<'_>>, Vec<Pressure>), Unplaced> {
    let (mut clear, mut wishes) = (Vec::new(), Vec::new());
    for pressure in pressures {
        let limit = pressure.limit.filter(|_| pressure.kind != Kind::Load);
        for found in [pressure.value, limit].into_iter().flatten() {
            let time = matches!(pressure.kind, Kind::Geography | Kind::Decoupling);
            if time != matches!(found, Quantity::Time(_)) {
                return Err(Unplaced::WrongUnit {
                    kind: pressure.kind,
                    metric: pressure.metric.clone(),
                    expected: if time { "time" } else { "rate" },
                    found,
                });
            }
        }
        let limited = limit.is_some() || pressure.kind == Kind::Load;
        match pressure.value {
            Some(figure) if limited && !pressure.metric.trim().is_empty() => clear.push(Clear {
                kind: pressure.kind,
                metric: &pressure.metric,
                value: figure,
                limit,
            }),
            _ => wishes.push(pressure.clone()),
        }
    }
    Ok((clear, wishes))
}

/// The first pressure of this kind that is above its limit.
fn asks<'a, 'b>(clear: &'a [Clear<'b>], kind: Kind) -> Option<&'a Clear<'b>> {
    clear
        .iter()
        .find(|pressure| pressure.kind == kind && pressure.presses())
}

/// Whether one scope will do.
#[derive(Clone, Copy)]
struct Asked<'a> {
    scope: Scope,
    requirements: &'a Requirements,
    costs: &'a Costs,
}

impl Asked<'_> {
    /// All that is known to be against it.
    fn objections(self, clear: &[Clear<'_>]) -> Vec<Objection> {
        let mut objections: Vec<_> = clear.iter().filter_map(|one| self.presses(one)).collect();
        if let (Some(call), Some(within)) =
            (self.costs.call(self.scope), self.requirements.answer_within)
            && call > within
        {
            objections.push(Objection::TooFar { call, within });
        }
        if self.requirements.decides && self.scope == Scope::Edge {
            objections.push(Objection::Decides);
        }
        if self.requirements.answer_within.is_some() && asks(clear, Kind::Decoupling).is_some() {
            objections.push(Objection::NeedsAnswer);
        }
        objections
    }

    /// What one pressure has against it.
    fn presses(self, pressure: &Clear<'_>) -> Option<Objection> {
        if pressure.kind == Kind::Load {
            let capacity = Quantity::Rate(self.costs.capacity(self.scope)?);
            return exceeds(pressure.value, capacity)
                .then(|| pressure.objection(pressure.value, capacity));
        }
        let limit = pressure.limit.filter(|_| pressure.presses())?;
        let narrowest = match pressure.kind {
            Kind::Load | Kind::Ownership => Scope::Thread,
            Kind::Decoupling => Scope::Process,
            Kind::Isolation(Failure::Process) => Scope::Machine,
            Kind::Isolation(Failure::Machine) => Scope::Cluster,
            Kind::Geography => Scope::Edge,
        };
        if self.scope < narrowest {
            return Some(pressure.objection(pressure.value, limit));
        }
        if pressure.kind == Kind::Geography {
            let call = Quantity::Time(self.costs.call(self.scope)?);
            return exceeds(call, limit).then(|| pressure.objection(call, limit));
        }
        None
    }

    /// Whether nothing is missing to say that there is nothing against it.
    fn measured(self, clear: &[Clear<'_>]) -> Result<(), Unplaced> {
        let load = clear.iter().any(|pressure| pressure.kind == Kind::Load);
        let far =
            self.requirements.answer_within.is_some() || asks(clear, Kind::Geography).is_some();
        let missing = if load && self.costs.capacity(self.scope).is_none() {
            Figure::Capacity
        } else if far && self.costs.call(self.scope).is_none() {
            Figure::Call
        } else {
            return Ok(());
        };
        Err(Unplaced::NotMeasured {
            scope: self.scope,
            figure: missing,
        })
    }
}

/// Rates with rates and times with times; [`heard`] has seen to that.
fn exceeds(value: Quantity, limit: Quantity) -> bool {
    match (value, limit) {
        (Quantity::Rate(value), Quantity::Rate(limit)) => value > limit,
        (Quantity::Time(value), Quantity::Time(limit)) => value > limit,
        _ => false,
    }
}
