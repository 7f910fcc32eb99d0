//! What a curve says: throughput, where it peaks, and the shards for a demand.

use placement::quantity::Rate;
use placement::usl::Usl;
use proptest::prelude::*;
use testbed::{for_all, live};

pub(super) fn law(curve: &Usl, shards: u32) -> f64 {
    let n = f64::from(shards);
    curve.lambda * n / (1.0 + curve.sigma * (n - 1.0) + curve.kappa * n * (n - 1.0))
}

/// Curves as they are met: little contention to much, some without one or the other.
pub(super) fn curves() -> impl Strategy<Value = Usl> {
    let share = |most: f64| prop_oneof![1 => Just(0.0), 4 => 0.0..most];
    (1.0..1e6, share(0.6), share(0.03)).prop_map(|(lambda, sigma, kappa)| Usl {
        lambda,
        sigma,
        kappa,
    })
}

/// **P9** A curve gives what the law says.
#[test]
fn a_curve_gives_what_the_law_says() {
    live(|| {
        for_all(&(curves(), 0_u32..500), |(curve, shards)| {
            let (found, expected) = (curve.throughput(shards), law(&curve, shards));
            assert!(
                (found - expected).abs() <= 1e-9 * expected,
                "{curve:?} brings {expected} with {shards} shards, and not {found}."
            );
        });
    });
}

/// **P9** No shards bring nothing, whatever the curve.
#[test]
fn no_shards_bring_nothing() {
    live(|| {
        for (sigma, kappa) in [(0.0, 0.0), (0.5, 0.01), (1.0, 0.0), (1.0, 0.3), (2.0, 0.1)] {
            let curve = Usl {
                lambda: 100.0,
                sigma,
                kappa,
            };
            let found = curve.throughput(0);
            assert!(
                found == 0.0,
                "{curve:?} brings {found} with no shards. With σ = 1 the law divides nothing by nothing, and a \
                 `NaN` is neither above a demand nor below it."
            );
        }
    });
}

/// **P9** At the peak no number of shards brings more; without costs of coherence there is none.
#[test]
fn nothing_brings_more_than_the_peak() {
    live(|| {
        for_all(
            &(1.0..1e4, 0.0..1.2, 1e-4..0.5),
            |(lambda, sigma, kappa)| {
                let curve = Usl {
                    lambda,
                    sigma,
                    kappa,
                };
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
        let curve = Usl {
            lambda: 10.0,
            sigma: 0.3,
            kappa: 0.0,
        };
        assert_eq!(
            curve.peak(),
            None,
            "{curve:?} only ever rises, towards a ceiling."
        );
    });
}

/// **P9** A curve without a rise has its peak at one shard, and of equals the smaller one is the peak.
#[test]
fn a_curve_that_does_not_rise_peaks_at_one() {
    live(|| {
        for (sigma, kappa) in [(1.0, 0.0), (1.5, 0.0), (0.0, 0.5), (0.0, 3.0), (2.0, 0.1)] {
            let curve = Usl {
                lambda: 100.0,
                sigma,
                kappa,
            };
            assert_eq!(
                curve.peak(),
                Some(1),
                "One shard brings {}, and two bring {}.",
                law(&curve, 1),
                law(&curve, 2)
            );
            let shards = |demand| curve.shards_for(Rate::per_second(demand).expect("a rate"));
            assert_eq!(shards(99.0), Some(1), "{curve:?}");
            assert_eq!(shards(101.0), None, "{curve:?}");
        }
    });
}

/// **P9** Of two numbers of shards that bring the same, the smaller one is the peak, also beyond one shard.
#[test]
fn of_two_equal_peaks_the_smaller_is_meant() {
    live(|| {
        for (sigma, kappa, peak) in [
            (0.25, 0.125, 2),
            (0.0, 1.0 / 12.0 + 1e-9, 3),
            (0.5, 0.25, 1),
        ] {
            let curve = Usl {
                lambda: 100.0,
                sigma,
                kappa,
            };
            assert_eq!(
                curve.peak(),
                Some(peak),
                "{curve:?}: {peak} shards bring {}, and one more bring {}. Who can have as much with fewer \
                 takes fewer.",
                law(&curve, peak),
                law(&curve, peak + 1)
            );
        }
    });
}

/// **P9** A peak can be far off, and so can the number of shards for a demand.
#[test]
fn a_far_peak_is_found() {
    live(|| {
        for (sigma, kappa, about) in [(0.0, 1e-8, 10_000_u32), (0.2, 2e-10, 63_245)] {
            let curve = Usl {
                lambda: 100.0,
                sigma,
                kappa,
            };
            let peak = curve.peak();
            assert!(
                peak.is_some_and(|peak| peak.abs_diff(about) <= 1 + about / 1_000),
                "{curve:?} peaks near {about}, and not at {peak:?}."
            );
        }
        let straight = Usl {
            lambda: 1.0,
            sigma: 0.0,
            kappa: 0.0,
        };
        let shards = |demand| straight.shards_for(Rate::per_second(demand).expect("a rate"));
        assert_eq!(
            shards(0.0),
            Some(1),
            "Somebody has to be there, though nothing is asked for."
        );
        assert_eq!(shards(1_000_000.0), Some(1_000_000));
        assert_eq!(
            shards(1e10),
            None,
            "That is more shards than a `u32` counts."
        );
    });
}

/// **P9** The shards for a demand are the fewest that bring it; beyond the peak there are none.
#[test]
fn a_demand_beyond_the_peak_is_met_by_no_number() {
    live(|| {
        for_all(
            &(0.0..0.9, 0.001..0.2, 0.01..1.5),
            |(sigma, kappa, of_peak)| {
                let curve = Usl {
                    lambda: 100.0,
                    sigma,
                    kappa,
                };
                let most = (1..=200).map(|n| law(&curve, n)).fold(0.0, f64::max);
                let demand = of_peak * most;
                let expected = (1..=200).find(|&n| law(&curve, n) >= demand);
                let found = curve.shards_for(Rate::per_second(demand).expect("a rate"));
                assert_eq!(
                    found, expected,
                    "{curve:?} brings {most} at most, and {demand} are asked for. More shards than those of \
                 the peak bring less."
                );
            },
        );
        let curve = Usl {
            lambda: 100.0,
            sigma: 0.5,
            kappa: 0.0,
        };
        let shards = |demand| curve.shards_for(Rate::per_second(demand).expect("a rate"));
        assert_eq!(shards(190.0), Some(19), "{curve:?} comes near 200, slowly.");
        assert_eq!(shards(201.0), None, "{curve:?} never reaches 201.");
    });
}

/// **P9** What the peak brings, the peak brings: a demand of just that is met.
#[test]
fn the_demand_that_the_peak_just_meets_is_met() {
    live(|| {
        for (lambda, sigma, kappa, demand, shards) in
            [(90.0, 0.25, 0.125, 120.0, 2), (100.0, 1.0, 0.0, 100.0, 1)]
        {
            let curve = Usl {
                lambda,
                sigma,
                kappa,
            };
            assert_eq!(
                curve.shards_for(Rate::per_second(demand).expect("a rate")),
                Some(shards),
                "{curve:?} brings {} with {shards} shards, which is what is asked for: {demand}.",
                law(&curve, shards)
            );
        }
    });
}
