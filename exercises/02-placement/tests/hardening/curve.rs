//! What a curve says: throughput, where it peaks, and the shards for a demand.

use placement::quantity::Rate;
use placement::usl::Usl;
use proptest::prelude::*;
use testbed::{for_all, live};

pub(super) fn law(curve: &Usl, shards: u32) -> f64 {
    let n = f64::from(shards);
    curve.lambda * n / (1.0 + curve.sigma * (n - 1.0) + curve.kappa * n * (n - 1.0))
}

/// Curves as they are measured: little contention to much, some without one or the other.
pub(super) fn curves() -> impl Strategy<Value = Usl> {
    let share = |most: f64| prop_oneof![1 => Just(0.0), 4 => 0.0..most];
    (1.0..1e6, share(0.6), share(0.03)).prop_map(|(lambda, sigma, kappa)| Usl {
        lambda,
        sigma,
        kappa,
    })
}

fn curve(lambda: f64, sigma: f64, kappa: f64) -> Usl {
    Usl {
        lambda,
        sigma,
        kappa,
    }
}

fn shards_for(curve: &Usl, demand: f64) -> Option<u32> {
    curve.shards_for(Rate::per_second(demand).expect("a rate"))
}

/// **P9** A curve gives what the law says, and no shards bring nothing.
#[test]
fn a_curve_gives_what_the_law_says() {
    live(|| {
        let shards = prop_oneof![3 => 0_u32..500, 1 => any::<u32>()];
        for_all(&(curves(), shards), |(curve, shards)| {
            let (found, expected) = (curve.throughput(shards), law(&curve, shards));
            assert!(
                (found - expected).abs() <= 1e-9 * expected,
                "{curve:?} brings {expected} with {shards} shards, not {found}."
            );
        });
        for (sigma, kappa) in [(0.0, 0.0), (0.5, 0.01), (1.0, 0.0), (1.0, 0.3), (2.0, 0.1)] {
            let curve = curve(100.0, sigma, kappa);
            let found = curve.throughput(0);
            assert!(
                found == 0.0,
                "{curve:?} brings {found} with no shards. With σ = 1 the law divides zero by zero, and a `NaN` \
                 is neither above a demand nor below it."
            );
        }
    });
}

/// **P9** At the peak no number of shards brings more, and of equals the peak is the smallest; without costs of
/// coherence there is none, unless nothing is gained by a second shard.
#[test]
fn nothing_brings_more_than_the_peak() {
    live(|| {
        for_all(
            &(1.0..1e4, 0.0..1.2, 1e-4..0.5),
            |(lambda, sigma, kappa)| {
                let curve = curve(lambda, sigma, kappa);
                let peak = curve
                    .peak()
                    .expect("with costs of coherence there is a peak");
                let top = law(&curve, peak);
                for shards in 1..=200 {
                    let other = law(&curve, shards);
                    assert!(
                        other <= top * (1.0 + 1e-12),
                        "{curve:?} is said to peak with {peak} shards, at {top}; with {shards} it brings {other}."
                    );
                }
            },
        );
        for (sigma, kappa, peak) in [
            (0.3, 0.0, None),
            (1.0, 0.0, Some(1)),
            (1.5, 0.0, Some(1)),
            (0.0, 0.5, Some(1)),
            (0.0, 3.0, Some(1)),
            (2.0, 0.1, Some(1)),
            (0.5, 0.25, Some(1)),
            (0.25, 0.125, Some(2)),
            (0.0, 1.0 / 12.0 + 1e-9, Some(3)),
        ] {
            let curve = curve(100.0, sigma, kappa);
            let few = peak.unwrap_or(1);
            assert_eq!(
                curve.peak(),
                peak,
                "{curve:?}: {few} shards bring {}, and one more bring {}. Of two numbers that bring the same, \
                 the smaller is the peak.",
                law(&curve, few),
                law(&curve, few + 1)
            );
        }
        for (sigma, kappa, about) in [(0.0, 1e-8, 10_000_u32), (0.2, 2e-10, 63_245)] {
            let curve = curve(100.0, sigma, kappa);
            let peak = curve.peak();
            assert!(
                peak.is_some_and(|peak| peak.abs_diff(about) <= 1 + about / 1_000),
                "{curve:?} peaks near {about}, not at {peak:?}."
            );
        }
    });
}

/// **P9** The shards for a demand are the fewest that bring it, and at least one; beyond the peak there are none.
#[test]
fn a_demand_beyond_the_peak_is_met_by_no_number() {
    live(|| {
        for_all(
            &(0.0..0.9, 0.001..0.2, 0.01..1.5),
            |(sigma, kappa, of_peak)| {
                let curve = curve(100.0, sigma, kappa);
                let most = (1..=200).map(|n| law(&curve, n)).fold(0.0, f64::max);
                let demand = of_peak * most;
                assert_eq!(
                    shards_for(&curve, demand),
                    (1..=200).find(|&n| law(&curve, n) >= demand),
                    "{curve:?} brings {most} at most, and {demand} are asked for. More shards than those of \
                     the peak bring less."
                );
            },
        );
        for (curve, demand, shards) in [
            // It comes near 200, slowly, and never reaches it.
            (curve(100.0, 0.5, 0.0), 190.0, Some(19)),
            (curve(100.0, 0.5, 0.0), 201.0, None),
            // Just what the peak brings.
            (curve(90.0, 0.25, 0.125), 120.0, Some(2)),
            (curve(100.0, 1.0, 0.0), 100.0, Some(1)),
            (curve(100.0, 1.0, 0.0), 101.0, None),
            (curve(100.0, 2.0, 0.1), 99.0, Some(1)),
            // A straight line, up to more shards than a `u32` counts.
            (curve(1.0, 0.0, 0.0), 0.0, Some(1)),
            (curve(1.0, 0.0, 0.0), 1_000_000.0, Some(1_000_000)),
            (curve(1.0, 0.0, 0.0), 4e9, Some(4_000_000_000)),
            (curve(1.0, 0.0, 0.0), 1e10, None),
        ] {
            assert_eq!(
                shards_for(&curve, demand),
                shards,
                "{curve:?}, and {demand} are asked for."
            );
        }
    });
}
