//! Where work belongs: each pressure's own scope, the widest of these, and upwards from there past what
//! rules something out without asking for anything. Reasons are made once the answer is known, pressure
//! by pressure.

use crate::quantity::Quantity;
use crate::requirements::{Clear, Costs, Failure, Kind, Pressure, Requirements, Scope};

/// Given by the lab.
pub use ours::place::{Choice, Figure, Objection, Placement, Reason, Unplaced};

/// As the lab says.
///
/// # Errors
/// As the lab says.
pub fn place(requirements: &Requirements, costs: &Costs) -> Result<Placement, Unplaced> {
    for pressure in &requirements.pressures {
        check_units(pressure)?;
    }
    let (counted, vague): (Vec<&Pressure>, Vec<&Pressure>) = requirements
        .pressures
        .iter()
        .partition(|pressure| counts(pressure));
    let pressing: Vec<&Pressure> = counted.iter().copied().filter(|one| presses(one)).collect();
    let against = |scope| against(&pressing, requirements, costs, scope);

    // The widest of what each needs; nothing narrower can do. One that nothing meets ends it here.
    let needed = counted.iter().map(|pressure| narrowest(pressure, costs));
    let from = needed
        .collect::<Option<Vec<Scope>>>()
        .map(|all| all.into_iter().max());
    let found = from.and_then(|from| {
        let from = from.unwrap_or(Scope::Thread);
        let upwards = Scope::ALL.into_iter().filter(|scope| *scope >= from);
        upwards.into_iter().find(|scope| against(*scope).is_empty())
    });

    let narrower = Scope::ALL
        .into_iter()
        .filter(|scope| found.is_none_or(|found| *scope < found));
    let mut reasons: Vec<(usize, Reason)> = narrower
        .flat_map(|scope| {
            let rules_out = Choice::Scope(scope);
            let reason = move |(whose, because)| (whose, Reason { rules_out, because });
            against(scope).into_iter().map(reason)
        })
        .collect();
    reasons.sort_by_key(|(whose, _)| *whose);
    let mut reasons: Vec<Reason> = reasons.into_iter().map(|(_, reason)| reason).collect();
    let Some(scope) = found else {
        return Err(Unplaced::NothingSuffices(reasons));
    };
    if let Some(figure) = missing(&counted, requirements, costs, scope) {
        return Err(Unplaced::NotMeasured { scope, figure });
    }
    let asking = |kind| {
        pressing
            .iter()
            .filter(move |pressure| pressure.kind == kind)
    };
    for (kind, rules_out) in [
        (Kind::Ownership, Choice::NoModule),
        (Kind::Decoupling, Choice::Now),
    ] {
        let own = asking(kind)
            .filter_map(|pressure| objection(pressure, pressure.value?, pressure.limit?));
        reasons.extend(own.map(|because| Reason { rules_out, because }));
    }
    Ok(Placement {
        scope,
        module: asking(Kind::Ownership).next().is_some(),
        later: asking(Kind::Decoupling).next().is_some(),
        reasons,
        vague: vague.into_iter().cloned().collect(),
    })
}

/// As the lab says.
///
/// # Errors
/// As the lab says.
pub fn judge(pressure: &Pressure) -> Result<Option<Clear<'_>>, Unplaced> {
    check_units(pressure)?;
    let Some(value) = pressure.value.filter(|_| counts(pressure)) else {
        return Ok(None);
    };
    let limit = if pressure.kind == Kind::Load {
        None
    } else {
        pressure.limit
    };
    Ok(Some(Clear {
        kind: pressure.kind,
        metric: &pressure.metric,
        value,
        limit,
    }))
}

fn check_units(pressure: &Pressure) -> Result<(), Unplaced> {
    let expected = match pressure.kind {
        Kind::Geography | Kind::Decoupling => "time",
        Kind::Load | Kind::Isolation(_) | Kind::Ownership => "rate",
    };
    let unit = |quantity: &Quantity| match quantity {
        Quantity::Rate(_) => "rate",
        Quantity::Time(_) => "time",
    };
    let limit = pressure.limit.filter(|_| pressure.kind != Kind::Load);
    let mut figures = pressure.value.into_iter().chain(limit);
    match figures.find(|figure| unit(figure) != expected) {
        None => Ok(()),
        Some(found) => Err(Unplaced::WrongUnit {
            kind: pressure.kind,
            metric: pressure.metric.clone(),
            expected,
            found,
        }),
    }
}

/// Whether it has all that it takes.
fn counts(pressure: &Pressure) -> bool {
    !pressure.metric.trim().is_empty()
        && pressure.value.is_some()
        && (pressure.limit.is_some() || pressure.kind == Kind::Load)
}

/// Whether it asks for something. Of a load only the capacities can tell, so it may.
fn presses(pressure: &Pressure) -> bool {
    pressure.kind == Kind::Load
        || matches!((pressure.value, pressure.limit), (Some(value), Some(limit)) if above(value, limit))
}

fn above(value: Quantity, limit: Quantity) -> bool {
    match (value, limit) {
        (Quantity::Rate(value), Quantity::Rate(limit)) => value > limit,
        (Quantity::Time(value), Quantity::Time(limit)) => value > limit,
        (Quantity::Rate(_), Quantity::Time(_)) | (Quantity::Time(_), Quantity::Rate(_)) => false,
    }
}

/// The narrowest scope that is enough for this one, or may be; `None` if none is.
fn narrowest(pressure: &Pressure, costs: &Costs) -> Option<Scope> {
    if !presses(pressure) {
        return Some(Scope::Thread);
    }
    match pressure.kind {
        Kind::Load => Scope::ALL
            .into_iter()
            .find(|scope| overloaded(pressure, costs, *scope).is_none()),
        Kind::Ownership => Some(Scope::Thread),
        Kind::Decoupling => Some(Scope::Process),
        Kind::Isolation(Failure::Process) => Some(Scope::Machine),
        Kind::Isolation(Failure::Machine) => Some(Scope::Cluster),
        Kind::Geography => Some(Scope::Edge),
    }
}

fn overloaded(load: &Pressure, costs: &Costs, scope: Scope) -> Option<Objection> {
    objection(load, load.value?, Quantity::Rate(costs.capacity(scope)?))
}

/// With these figures, if they are one.
fn objection(pressure: &Pressure, value: Quantity, limit: Quantity) -> Option<Objection> {
    above(value, limit).then(|| Objection::Pressure {
        kind: pressure.kind,
        metric: pressure.metric.clone(),
        value,
        limit,
    })
}

/// What is known to be against a scope, each with the place of who says so.
fn against(
    pressing: &[&Pressure],
    requirements: &Requirements,
    costs: &Costs,
    scope: Scope,
) -> Vec<(usize, Objection)> {
    let call = costs.call(scope);
    let by_pressure = pressing.iter().map(|pressure| {
        let limit = pressure.limit;
        if pressure.kind == Kind::Load {
            overloaded(pressure, costs, scope)
        } else if scope < narrowest(pressure, costs)? {
            objection(pressure, pressure.value?, limit?)
        } else if pressure.kind == Kind::Geography {
            objection(pressure, Quantity::Time(call?), limit?)
        } else {
            None
        }
    });
    let too_far = call.zip(requirements.answer_within);
    let too_far = too_far.filter(|(call, within)| call > within);
    let too_far = too_far.map(|(call, within)| Objection::TooFar { call, within });
    let decides = requirements.decides && scope == Scope::Edge;
    let needs_answer = requirements.answer_within.is_some()
        && pressing
            .iter()
            .any(|pressure| pressure.kind == Kind::Decoupling);
    by_pressure
        .chain([
            too_far,
            decides.then_some(Objection::Decides),
            needs_answer.then_some(Objection::NeedsAnswer),
        ])
        .enumerate()
        .filter_map(|(whose, objection)| Some((whose, objection?)))
        .collect()
}

/// What has to be known of the scope to be sure of it.
fn missing(
    counted: &[&Pressure],
    requirements: &Requirements,
    costs: &Costs,
    scope: Scope,
) -> Option<Figure> {
    // Whatever a scope carries, it carries nothing; so a load of nothing depends on no capacity.
    let carries = |one: &&Pressure| {
        one.kind == Kind::Load
            && matches!(one.value, Some(Quantity::Rate(rate)) if rate.each_second() > 0.0)
    };
    let travels = requirements.answer_within.is_some()
        || counted
            .iter()
            .any(|one| one.kind == Kind::Geography && presses(one));
    if travels && costs.call(scope).is_none() {
        Some(Figure::Call)
    } else if counted.iter().any(carries) && costs.capacity(scope).is_none() {
        Some(Figure::Capacity)
    } else {
        None
    }
}
