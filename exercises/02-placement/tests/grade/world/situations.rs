//! Requirements and costs, single and in any combination.

use std::time::Duration;

use placement::quantity::{Quantity, Rate};
use placement::requirements::{Costs, Failure, Kind, Pressure, Requirements, Scope};
use proptest::collection::vec;
use proptest::prelude::*;

pub fn rate(each_second: f64) -> Quantity {
    Quantity::Rate(Rate::per_second(each_second).expect("a rate"))
}

pub fn time_ms(ms: u64) -> Quantity {
    Quantity::Time(Duration::from_millis(ms))
}

/// Whether times are what this pressure speaks of.
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

/// All is measured; each wider scope carries more, and is further away.
pub fn costs() -> Costs {
    let ms = Duration::from_millis;
    measured(
        [100.0, 200.0, 300.0, 4_000.0, 50_000.0],
        [0, 1, 2, 5, 20].map(ms),
    )
}

/// All is measured, and came to this.
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

/// Any pressure with all that it takes to count; it may be within its limit.
pub fn clear_pressures() -> impl Strategy<Value = Pressure> {
    (0..KINDS.len(), 0_u32..8, 0_u32..8).prop_map(|(kind, value, limit)| {
        let kind = KINDS[kind];
        let unit = if kind == Kind::Load { 20 } else { 1 };
        pressure(kind, value * unit, limit)
    })
}

/// Any pressure that lacks something.
pub fn vague_pressures() -> impl Strategy<Value = Pressure> {
    (0..KINDS.len(), 0..3_usize, 90_u32..1_000).prop_map(|(kind, lacks, value)| {
        let mut vague = pressure(KINDS[kind], value, 1);
        match lacks {
            0 => " \t".clone_into(&mut vague.metric),
            1 => vague.value = None,
            _ if vague.kind == Kind::Load => vague.metric.clear(),
            _ => vague.limit = None,
        }
        vague
    })
}

/// Any requirements whose pressures are clear.
pub fn requirements() -> impl Strategy<Value = Requirements> {
    let within = prop_oneof![3 => Just(None), 1 => (0_u64..8).prop_map(Some)];
    (vec(clear_pressures(), 0..5), within, any::<bool>()).prop_map(
        |(pressures, within, decides)| Requirements {
            answer_within: within.map(Duration::from_millis),
            decides,
            ..needs(&pressures)
        },
    )
}

/// Costs in which a wider scope need not carry more, and need not be further away.
pub fn any_costs() -> impl Strategy<Value = Costs> {
    (
        [1_u32..8, 1..8, 1..8, 1..8, 1..8],
        [0_u64..8, 0..8, 0..8, 0..8, 0..8],
    )
        .prop_map(|(capacities, calls)| {
            let capacities = capacities.map(|capacity| f64::from(capacity) * 20.0);
            measured(capacities, calls.map(Duration::from_millis))
        })
}
