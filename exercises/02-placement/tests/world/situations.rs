//! Requirements and costs, single and in any combination.

use super::unharmed;
use placement::place::{Choice, Objection, Placement, Unplaced, place};
use placement::quantity::{Quantity, Rate};
use placement::requirements::{Costs, Failure, Kind, Pressure, Requirements, Scope};
use std::time::Duration;

pub fn rate(each_second: f64) -> Quantity {
    Quantity::Rate(Rate::per_second(each_second).expect("a rate"))
}

pub fn time_ms(ms: u64) -> Quantity {
    Quantity::Time(Duration::from_millis(ms))
}

/// Whether this pressure is measured in times.
pub fn speaks_of_time(kind: Kind) -> bool {
    matches!(kind, Kind::Geography | Kind::Decoupling)
}

/// A pressure with its figures: rates each second, or milliseconds.
pub fn pressure(kind: Kind, value: u32, limit: u32) -> Pressure {
    let figure = |figure: u32| {
        if speaks_of_time(kind) {
            time_ms(u64::from(figure))
        } else {
            rate(f64::from(figure))
        }
    };
    Pressure {
        kind,
        metric: format!("{kind} as measured"),
        value: Some(figure(value)),
        limit: (kind != Kind::Load).then(|| figure(limit)),
    }
}

pub fn needs(pressures: &[Pressure]) -> Requirements {
    Requirements {
        work: "some work".to_owned(),
        pressures: pressures.to_vec(),
        ..Requirements::default()
    }
}

/// Everything is measured; each wider scope carries more, and is further away.
pub fn costs() -> Costs {
    let ms = Duration::from_millis;
    measured(
        [100.0, 200.0, 300.0, 4_000.0, 50_000.0],
        [0, 1, 2, 5, 20].map(ms),
    )
}

/// Everything is measured, with these values.
pub fn measured(capacities: [f64; 5], calls: [Duration; 5]) -> Costs {
    let mut costs = Costs::new();
    for (scope, (capacity, call)) in Scope::ALL
        .into_iter()
        .zip(capacities.into_iter().zip(calls))
    {
        costs = costs
            .with_capacity(scope, capacity)
            .expect("a capacity")
            .with_call(scope, call);
    }
    costs
}

pub const KINDS: [Kind; 6] = [
    Kind::Load,
    Kind::Isolation(Failure::Process),
    Kind::Isolation(Failure::Machine),
    Kind::Ownership,
    Kind::Geography,
    Kind::Decoupling,
];

/// A pressure in words.
pub fn said(pressure: &Pressure) -> String {
    let figure = |figure: Option<Quantity>| figure.map_or("none".to_owned(), |it| it.to_string());
    format!(
        "{}, metric {:?}, value {}, limit {}",
        pressure.kind,
        pressure.metric,
        figure(pressure.value),
        figure(pressure.limit)
    )
}

/// The reader's decision, which has to return.
pub fn decide(requirements: &Requirements, costs: &Costs) -> Result<Placement, Unplaced> {
    unharmed("`place`", || place(requirements, costs))
}

/// An answer in words.
pub fn answer(found: &Result<Placement, Unplaced>) -> String {
    match found {
        Ok(placement) => placement.to_string(),
        Err(why) => why.to_string(),
    }
}

/// The decision where everything is measured: by [`costs`].
pub fn placed(requirements: &Requirements) -> Placement {
    decide(requirements, &costs()).unwrap_or_else(|why| {
        panic!("Everything is measured, and there is such a scope. `place` returned: {why}")
    })
}

/// Which pressures rule this out.
pub fn kinds(placement: &Placement, choice: Choice) -> Vec<Kind> {
    let reasons = placement
        .reasons
        .iter()
        .filter(|reason| reason.rules_out == choice);
    let kind = reasons.filter_map(|reason| match reason.because {
        Objection::Pressure { kind, .. } => Some(kind),
        _ => None,
    });
    kind.collect()
}
