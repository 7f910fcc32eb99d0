//! Where work belongs: everything that can be against a scope is a column of five places, and a mask of
//! those that are taken. The first place that no mask covers is the scope; for each before it every
//! column that is against it gives a reason.

use crate::quantity::Quantity;
use crate::requirements::{Clear, Costs, Failure, Kind, Pressure, Requirements, Scope};

/// Given by the lab.
pub use crate::decision::{Choice, Figure, Objection, Placement, Reason, Unplaced};

type Column = [Option<Objection>; 5];

/// As the lab says.
///
/// # Errors
/// As the lab says.
pub fn place(requirements: &Requirements, costs: &Costs) -> Result<Placement, Unplaced> {
    let (mut columns, mut vague, mut asks): (Vec<Column>, _, _) =
        (Vec::new(), Vec::new(), Vec::new());
    let (mut load, mut later, mut module) = (false, false, false);
    let mut far = requirements.answer_within.is_some();
    for pressure in &requirements.pressures {
        of_its_kind(pressure)?;
    }
    for pressure in &requirements.pressures {
        let Some((measured, limit)) = figures(pressure) else {
            vague.push(pressure.clone());
            continue;
        };
        load |= pressure.kind == Kind::Load;
        let own = limit.and_then(|limit| objection(pressure, measured, limit));
        columns.push(Scope::ALL.map(|scope| match (pressure.kind, limit) {
            (Kind::Load, _) => {
                objection(pressure, measured, Quantity::Rate(costs.capacity(scope)?))
            }
            (Kind::Geography, Some(limit)) if scope == Scope::Edge => {
                own.as_ref()?;
                objection(pressure, Quantity::Time(costs.call(scope)?), limit)
            }
            (kind, _) => own.clone().filter(|_| scope < enough(kind)),
        }));
        let Some(because) = own else { continue };
        match pressure.kind {
            Kind::Ownership => {
                module = true;
                asks.push(Reason {
                    rules_out: Choice::NoModule,
                    because,
                });
            }
            Kind::Decoupling => {
                later = true;
                asks.push(Reason {
                    rules_out: Choice::Now,
                    because,
                });
            }
            Kind::Geography => far = true,
            Kind::Load | Kind::Isolation(_) => {}
        }
    }
    let within = requirements.answer_within;
    columns.push(Scope::ALL.map(|scope| {
        let (call, within) = costs.call(scope).zip(within)?;
        (call > within).then_some(Objection::TooFar { call, within })
    }));
    let decides = |scope| requirements.decides && scope == Scope::Edge;
    columns.push(Scope::ALL.map(|scope| decides(scope).then_some(Objection::Decides)));
    let waits = later && within.is_some();
    columns.push(Scope::ALL.map(|_| waits.then_some(Objection::NeedsAnswer)));

    let taken = columns.iter().map(mask).fold(0, |all, one| all | one);
    let found = Scope::ALL
        .into_iter()
        .zip(0..)
        .find(|(_, bit)| taken >> bit & 1 == 0);
    let narrower = Scope::ALL
        .into_iter()
        .enumerate()
        .take_while(|(_, scope)| found.is_none_or(|(found, _)| *scope < found));
    let mut reasons: Vec<Reason> = narrower
        .flat_map(|(at, scope)| {
            let said = columns.iter().filter_map(move |column| column[at].clone());
            said.map(move |because| Reason {
                rules_out: Choice::Scope(scope),
                because,
            })
        })
        .collect();
    let Some((scope, _)) = found else {
        return Err(Unplaced::NothingSuffices(reasons));
    };
    if load && costs.capacity(scope).is_none() {
        return Err(Unplaced::NotMeasured {
            scope,
            figure: Figure::Capacity,
        });
    }
    if far && costs.call(scope).is_none() {
        return Err(Unplaced::NotMeasured {
            scope,
            figure: Figure::Call,
        });
    }
    reasons.extend(asks);
    Ok(Placement {
        scope,
        module,
        later,
        reasons,
        vague,
    })
}

/// As the lab says.
///
/// # Errors
/// As the lab says.
pub fn judge(pressure: &Pressure) -> Result<Option<Clear<'_>>, Unplaced> {
    of_its_kind(pressure)?;
    Ok(figures(pressure).map(|(value, limit)| Clear {
        kind: pressure.kind,
        metric: &pressure.metric,
        value,
        limit,
    }))
}

/// A bit for each scope that is ruled out.
fn mask(column: &Column) -> u8 {
    column
        .iter()
        .rev()
        .fold(0, |mask, one| mask << 1 | u8::from(one.is_some()))
}

/// The narrowest scope that is enough once such a pressure presses.
fn enough(kind: Kind) -> Scope {
    match kind {
        Kind::Load | Kind::Ownership => Scope::Thread,
        Kind::Decoupling => Scope::Process,
        Kind::Isolation(Failure::Process) => Scope::Machine,
        Kind::Isolation(Failure::Machine) => Scope::Cluster,
        Kind::Geography => Scope::Edge,
    }
}

fn of_its_kind(pressure: &Pressure) -> Result<(), Unplaced> {
    let times = matches!(pressure.kind, Kind::Geography | Kind::Decoupling);
    let wrong = |figure: &Quantity| matches!(figure, Quantity::Time(_)) != times;
    let limit = pressure.limit.filter(|_| pressure.kind != Kind::Load);
    match [pressure.value, limit].into_iter().flatten().find(wrong) {
        None => Ok(()),
        Some(found) => Err(Unplaced::WrongUnit {
            kind: pressure.kind,
            metric: pressure.metric.clone(),
            expected: if times { "time" } else { "rate" },
            found,
        }),
    }
}

/// Value and limit of what has all that it takes; a load brings no limit of its own.
fn figures(pressure: &Pressure) -> Option<(Quantity, Option<Quantity>)> {
    if pressure.metric.trim().is_empty() {
        return None;
    }
    match (pressure.kind, pressure.value?, pressure.limit) {
        (Kind::Load, value, _) => Some((value, None)),
        (_, value, limit) => Some((value, Some(limit?))),
    }
}

fn objection(pressure: &Pressure, value: Quantity, limit: Quantity) -> Option<Objection> {
    let above = match (value, limit) {
        (Quantity::Rate(value), Quantity::Rate(limit)) => value > limit,
        (Quantity::Time(value), Quantity::Time(limit)) => value > limit,
        _ => false,
    };
    above.then(|| Objection::Pressure {
        kind: pressure.kind,
        metric: pressure.metric.clone(),
        value,
        limit,
    })
}
