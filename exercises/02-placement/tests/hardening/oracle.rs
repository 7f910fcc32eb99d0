//! The tests' own idea of which scope suffices: the contract's table, and no thought for the reasons.

use placement::quantity::Quantity;
use placement::requirements::{Costs, Failure, Kind, Pressure, Requirements, Scope};

fn above(value: Quantity, limit: Quantity) -> bool {
    match (value, limit) {
        (Quantity::Rate(value), Quantity::Rate(limit)) => value > limit,
        (Quantity::Time(value), Quantity::Time(limit)) => value > limit,
        _ => false,
    }
}

/// The pressure's figures where it rules this scope out, by the contract's table; all is measured.
pub fn ruled_out(pressure: &Pressure, scope: Scope, costs: &Costs) -> Option<(Quantity, Quantity)> {
    let value = pressure.value?;
    if pressure.kind == Kind::Load {
        let capacity = Quantity::Rate(costs.capacity(scope)?);
        return above(value, capacity).then_some((value, capacity));
    }
    let limit = pressure.limit?;
    let enough = match pressure.kind {
        Kind::Load | Kind::Ownership => Scope::Thread,
        Kind::Decoupling => Scope::Process,
        Kind::Isolation(Failure::Process) => Scope::Machine,
        Kind::Isolation(Failure::Machine) => Scope::Cluster,
        Kind::Geography => Scope::Edge,
    };
    if !above(value, limit) {
        return None;
    }
    if scope < enough {
        return Some((value, limit));
    }
    let call = Quantity::Time(costs.call(scope)?);
    (pressure.kind == Kind::Geography && above(call, limit)).then_some((call, limit))
}

/// Whether a pressure is above its limit, or above what some scope carries.
pub fn presses(pressure: &Pressure) -> bool {
    matches!((pressure.value, pressure.limit), (Some(value), Some(limit)) if above(value, limit))
}

/// Whether a scope meets all of these requirements, by the contract; all is measured.
pub fn suffices(requirements: &Requirements, scope: Scope, costs: &Costs) -> bool {
    let near = match (requirements.answer_within, costs.call(scope)) {
        (Some(within), Some(call)) => call <= within,
        _ => true,
    };
    let waits = requirements.answer_within.is_some();
    let pressures = &requirements.pressures;
    let ruled_out = pressures
        .iter()
        .any(|one| ruled_out(one, scope, costs).is_some());
    let contradicted = waits
        && pressures
            .iter()
            .any(|one| one.kind == Kind::Decoupling && presses(one));
    let decided_at_the_edge = requirements.decides && scope == Scope::Edge;
    near && !ruled_out && !contradicted && !decided_at_the_edge
}

/// The narrowest that does.
pub fn narrowest(requirements: &Requirements, costs: &Costs) -> Option<Scope> {
    Scope::ALL
        .into_iter()
        .find(|&scope| suffices(requirements, scope, costs))
}
