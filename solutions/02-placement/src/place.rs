//! Where work belongs.
//!
//! The way here is to ask each scope, from narrow to wide, for every objection to it, and to take the
//! first that has none. So the reasons of a placement are just the objections to what is narrower, and
//! adding a pressure can only add objections. The other way, to map each pressure to the scope that it
//! needs and take the widest, is shorter; and it goes wrong where something *rules out* a wide scope,
//! as a budget for the answer does: then the widest that is needed is not one that will do.

mod tell;

use std::time::Duration;

use crate::quantity::Quantity;
use crate::requirements::{Costs, Failure, Kind, Pressure, Requirements, Scope};

// ANCHOR: placement
/// Where a piece of work belongs, and why there.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// The narrowest scope that is sufficient.
    pub scope: Scope,
    /// Whether it has an interface of its own, in whichever scope: a *module*. It is a logical
    /// boundary; calls across it are function calls.
    pub module: bool,
    /// Whether the caller is told that the work will be done, and not its result.
    pub later: bool,
    /// Why nothing narrower is sufficient: for every scope that is narrower, each pressure that rules it
    /// out, and whatever else does; and at least one for the module and for later, if they are there.
    pub reasons: Vec<Reason>,
    /// The pressures that were heard and not counted, because they lack a metric, a value or a limit.
    pub vague: Vec<Pressure>,
}
// ANCHOR_END: placement

/// Something that is not sufficient, and what makes it so.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What is ruled out.
    pub rules_out: Choice,
    /// By what.
    pub because: Objection,
}

/// What can be ruled out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Choice {
    /// To do it there.
    Scope(Scope),
    /// To do without an interface of its own.
    NoModule,
    /// To let the caller wait for it.
    Now,
}

/// What rules something out.
#[derive(Clone, Debug, PartialEq)]
pub enum Objection {
    /// A pressure, whose value is above what is possible or bearable there.
    Pressure {
        /// Which of the five.
        kind: Kind,
        /// What was measured, as the requirements say it.
        metric: String,
        /// What it came to. Of geography, at the edge: what a call to the edge takes.
        value: Quantity,
        /// What it may come to. Of load: the capacity of the scope.
        limit: Quantity,
    },
    /// Getting there and back takes longer than the caller has.
    TooFar {
        /// How long it takes.
        call: Duration,
        /// How long the caller has.
        within: Duration,
    },
    /// The work decides what is true, and at the edge there are many copies.
    Decides,
    /// The caller needs the result, and can't wait as long as the work takes.
    NeedsAnswer,
}

/// Why there is no placement.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unplaced {
    /// Whether this scope is sufficient depends on a figure that nobody has measured.
    #[error(
        "whether the {scope} is enough depends on {figure}, which was not measured: `cargo course \
         measure` measures what this machine can tell"
    )]
    NotMeasured {
        /// The narrowest scope that can't be ruled out without it.
        scope: Scope,
        /// What is missing.
        figure: Figure,
    },
    /// A pressure speaks of a rate where it has to speak of a time, or the other way round.
    #[error("{kind} (\"{metric}\") is measured as a {expected}, and {found} is none")]
    WrongUnit {
        /// Which of the five.
        kind: Kind,
        /// What was measured, as the requirements say it.
        metric: String,
        /// `rate` or `time`.
        expected: &'static str,
        /// What stood there.
        found: Quantity,
    },
    /// The requirements contradict each other, or what can be had: for each scope, what is against it.
    #[error("{}", tell::contradiction(.0))]
    NothingSuffices(Vec<Reason>),
}

/// What is measured of a scope.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Figure {
    /// What it carries.
    Capacity,
    /// What getting there and back takes.
    Call,
}

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
/// each counts for itself. A limit that a load brings is not looked at. A value that just reaches its limit is within it. Besides, the caller's time
/// for the answer rules out every scope that is further away than that; work that decides what is true
/// rules out the edge; and a decoupling that counts contradicts a caller that needs the result.
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
            let (module, later) = (
                asks(&clear, Kind::Ownership),
                asks(&clear, Kind::Decoupling),
            );
            reasons.extend(
                module
                    .into_iter()
                    .map(|pressure| pressure.against(Choice::NoModule)),
            );
            reasons.extend(
                later
                    .into_iter()
                    .map(|pressure| pressure.against(Choice::Now)),
            );
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

    fn against(&self, rules_out: Choice) -> Reason {
        let limit = self.limit.unwrap_or(self.value);
        Reason {
            rules_out,
            because: self.objection(self.value, limit),
        }
    }
}

/// Tells what counts from what is only said.
fn heard(pressures: &[Pressure]) -> Result<(Vec<Clear<'_>>, Vec<Pressure>), Unplaced> {
    let (mut clear, mut wishes) = (Vec::new(), Vec::new());
    for pressure in pressures {
        for found in [pressure.value, pressure.limit].into_iter().flatten() {
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
        let limited = pressure.limit.is_some() || pressure.kind == Kind::Load;
        match pressure.value {
            Some(figure) if limited && !pressure.metric.trim().is_empty() => clear.push(Clear {
                kind: pressure.kind,
                metric: &pressure.metric,
                value: figure,
                limit: pressure.limit.filter(|_| pressure.kind != Kind::Load),
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
