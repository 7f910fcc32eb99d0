//! The law of what more shards bring.

use placement::quantity::Rate;
use placement::usl::{NoFit, Point, Usl};
use proptest::collection::vec;
use proptest::prelude::*;
use testbed::{for_all, live, note};

fn law(curve: &Usl, shards: u32) -> f64 {
    let n = f64::from(shards);
    curve.lambda * n / (1.0 + curve.sigma * (n - 1.0) + curve.kappa * n * (n - 1.0))
}

/// Curves as they are met: little contention to much, some without one or the other.
fn curves() -> impl Strategy<Value = Usl> {
    let share = |most: f64| prop_oneof![1 => Just(0.0), 4 => 0.0..most];
    (1.0..1e6, share(0.6), share(0.03)).prop_map(|(lambda, sigma, kappa)| Usl {
        lambda,
        sigma,
        kappa,
    })
}

fn points(curve: &Usl, at: &[u32], noise: &[f64]) -> Vec<Point> {
    at.iter()
        .zip(noise.iter().cycle())
        .map(|(&shards, noise)| Point {
            shards,
            throughput: law(curve, shards) * (1.0 + noise),
        })
        .collect()
}

/// The mean of squared relative errors.
fn off(curve: &Usl, points: &[Point]) -> f64 {
    let off = points
        .iter()
        .map(|p| (law(curve, p.shards) / p.throughput - 1.0).powi(2));
    off.sum::<f64>() / f64::from(u32::try_from(points.len()).expect("few points"))
}

const TOGETHER: [u32; 6] = [1, 2, 3, 4, 6, 8];

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

/// **P9** Of points that lie on a curve the fit finds that curve, in whatever order they come.
#[test]
fn points_on_a_curve_give_the_curve() {
    live(|| {
        for_all(&(curves(), any::<bool>()), |(curve, turned)| {
            let mut points = points(&curve, &TOGETHER, &[0.0]);
            if turned {
                points.reverse();
            }
            let fit =
                Usl::fit(&points).unwrap_or_else(|why| panic!("{why}; the curve is {curve:?}"));
            let near = |found: f64, real: f64, scale: f64| (found - real).abs() <= 1e-3 * scale;
            assert!(
                near(fit.lambda, curve.lambda, curve.lambda)
                    && near(fit.sigma, curve.sigma, 1.0)
                    && near(fit.kappa, curve.kappa, 0.1),
                "The points are of {curve:?}, and the fit is {fit:?}."
            );
        });
    });
}

/// **P9** Of points with noise the fit is as near as the curve that they came from, by relative errors.
#[test]
fn no_curve_is_much_nearer_than_the_fit() {
    live(|| {
        let noise = vec(-0.03..0.03, 8);
        let wide: [u32; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
        for_all(
            &(curves(), noise, any::<bool>()),
            move |(curve, noise, widely)| {
                let at: &[u32] = if widely { &wide } else { &TOGETHER };
                let points = points(&curve, at, &noise);
                let fit =
                    Usl::fit(&points).unwrap_or_else(|why| panic!("{why}; the curve is {curve:?}"));
                note(format!("the points: {points:?}"));
                assert!(
                    fit.lambda > 0.0 && fit.sigma >= 0.0 && fit.kappa >= 0.0,
                    "{fit:?} has a term that can't be: waiting for one's turn never saves time."
                );
                assert!(
                    off(&fit, &points) <= 1.5 * off(&curve, &points) + 1e-6,
                    "{fit:?} is off by {:.4} at the points, and {curve:?}, which they came from, by {:.4} \
                 (root of the mean squared relative error).",
                    off(&fit, &points).sqrt(),
                    off(&curve, &points).sqrt()
                );
            },
        );
    });
}

/// **P9** Where the nearest curve would have a negative term, the fit is the nearest *without* that term,
/// and not the old one with a zero painted over it.
#[test]
fn a_negative_term_is_fitted_without() {
    live(|| {
        // A little more than its share, up to a point: contention comes out negative.
        let points: Vec<Point> = [(1, 100.0), (2, 208.0), (4, 424.0), (8, 700.0), (16, 700.0)]
            .map(|(shards, throughput)| Point { shards, throughput })
            .to_vec();
        let fit = Usl::fit(&points).expect("there is a curve near these");
        assert!(
            fit.sigma >= 0.0 && fit.kappa >= 0.0,
            "{fit:?} has a negative term."
        );
        let near = Usl {
            lambda: 108.0,
            sigma: 0.0,
            kappa: 0.0053,
        };
        assert!(
            off(&fit, &points) <= 1.2 * off(&near, &points),
            "{fit:?} is off by {:.3}, {near:?} by {:.3}. Set a term to zero, and the others are no longer \
             the best ones.",
            off(&fit, &points).sqrt(),
            off(&near, &points).sqrt()
        );
    });
}

/// **P9** Several rounds of one number of shards are several points, and not three numbers of shards.
#[test]
fn three_unknowns_need_three_numbers_of_shards() {
    live(|| {
        let curve = Usl {
            lambda: 50.0,
            sigma: 0.1,
            kappa: 0.01,
        };
        let few = points(&curve, &[1, 2, 1, 2, 2], &[0.01, -0.01]);
        assert_eq!(
            Usl::fit(&few),
            Err(NoFit::TooFew(2)),
            "Through two places go many such curves."
        );
        assert_eq!(Usl::fit(&[]), Err(NoFit::TooFew(0)));
        let several = points(&curve, &[1, 1, 1, 2, 2, 2, 8, 8, 8], &[0.01, -0.01, 0.0]);
        let fit = Usl::fit(&several).expect("three numbers of shards");
        assert!(
            (fit.lambda / 50.0 - 1.0).abs() < 0.03,
            "{fit:?} of rounds around {curve:?}"
        );
    });
}

/// **P8** A figure that is no throughput is an error that says which.
#[test]
fn an_unusable_point_is_named() {
    live(|| {
        let curve = Usl {
            lambda: 50.0,
            sigma: 0.1,
            kappa: 0.01,
        };
        for bad in [f64::NAN, f64::INFINITY, 0.0, -5.0] {
            let mut points = points(&curve, &TOGETHER, &[0.0]);
            points[3].throughput = bad;
            let fit = Usl::fit(&points);
            assert!(
                matches!(fit, Err(NoFit::Unusable { shards: 4, .. })),
                "A throughput of {bad} with 4 shards led to {fit:?}."
            );
        }
        let mut points = points(&curve, &TOGETHER, &[0.0]);
        points[0].shards = 0;
        assert_eq!(Usl::fit(&points), Err(NoFit::NoShards));
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

/// **P9** The unit in which throughputs are counted changes nothing but `λ`, and large numbers of shards
/// nothing at all.
#[test]
fn rare_work_and_many_shards_have_a_curve() {
    live(|| {
        let far = [1, 10, 100, 1_000, 100_000];
        let steep = (3.0, 0.0);
        for (lambda, at, (sigma, kappa)) in [
            (1e-7, &TOGETHER[..], (0.1, 0.01)),
            (1e12, &TOGETHER[..], (0.1, 0.01)),
            (100.0, &far[..], (0.01, 0.0)),
            (100.0, &TOGETHER[..], steep),
            (100.0, &TOGETHER[..], (0.0, 0.5)),
        ] {
            let curve = Usl {
                lambda,
                sigma,
                kappa,
            };
            let points = points(&curve, at, &[0.0]);
            let fit =
                Usl::fit(&points).unwrap_or_else(|why| panic!("{why}; the curve is {curve:?}"));
            assert!(
                off(&fit, &points) <= 1e-6 && (fit.lambda / lambda - 1.0).abs() <= 1e-3,
                "The points are of {curve:?}, and the fit is {fit:?}."
            );
        }
    });
}

/// **P9** Each round is a point, and counts as much as each other one.
#[test]
fn every_round_counts() {
    live(|| {
        let curve = Usl {
            lambda: 100.0,
            sigma: 0.1,
            kappa: 0.01,
        };
        // Of five rounds with each number of shards one went wrong: first, or last, or too well.
        for (wrong, by) in [(0, 0.6), (4, 0.6), (0, 1.4), (4, 1.4)] {
            let mut all = Vec::new();
            for shards in TOGETHER {
                let good = law(&curve, shards);
                all.extend((0..5).map(|round| Point {
                    shards,
                    throughput: if round == wrong { good * by } else { good },
                }));
            }
            let fit = Usl::fit(&all).expect("there is a curve near these");
            assert!(
                (fit.lambda / curve.lambda - 1.0).abs() < 0.2,
                "{fit:?}: four of five rounds are of {curve:?}, and one was {by} times that."
            );
        }
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

/// **P9** Each round is near or far by itself: not only the one in the middle counts, and many rounds count for
/// more than one.
#[test]
fn the_fit_is_near_to_rounds_and_not_to_their_middle() {
    live(|| {
        let curve = Usl {
            lambda: 100.0,
            sigma: 0.1,
            kappa: 0.01,
        };
        let rounds = |shards, times: &[f64]| -> Vec<Point> {
            let point = |by: &f64| Point {
                shards,
                throughput: law(&curve, shards) * by,
            };
            times.iter().map(point).collect()
        };
        for times in [[1.0, 1.0, 1.0, 0.9, 0.9], [1.0, 1.0, 1.0, 1.1, 1.1]] {
            let all: Vec<Point> = TOGETHER.iter().flat_map(|&n| rounds(n, &times)).collect();
            let fit = Usl::fit(&all).expect("there is a curve near these");
            let between = Usl {
                lambda: 100.0 * times.iter().sum::<f64>() / 5.0,
                ..curve
            };
            assert!(
                off(&fit, &all) <= 1.2 * off(&between, &all),
                "Two of five rounds came to {} of the other three. {fit:?} is off by {:.4} at them, and {between:?} \
                 by {:.4}: a curve through the middle round is near to three, and far from two.",
                times[4],
                off(&fit, &all).sqrt(),
                off(&between, &all).sqrt()
            );
        }
        let mut all: Vec<Point> = [1, 2, 4, 6]
            .iter()
            .flat_map(|&n| rounds(n, &[1.0; 40]))
            .collect();
        all.extend(rounds(8, &[1.3]));
        let fit = Usl::fit(&all).expect("there is a curve near these");
        assert!(
            off(&fit, &all) <= 1.1 * off(&curve, &all),
            "160 rounds are of {curve:?}, and one is not. {fit:?} is off by {:.4}, and {curve:?} by {:.4}: that \
             one counted as much as forty.",
            off(&fit, &all).sqrt(),
            off(&curve, &all).sqrt()
        );
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

/// **P9** Three numbers of shards are enough for a curve, and one shard need not be among them.
#[test]
fn one_shard_need_not_be_measured() {
    live(|| {
        let curve = Usl {
            lambda: 50.0,
            sigma: 0.1,
            kappa: 0.01,
        };
        for at in [&[2, 4, 8][..], &[3, 5, 9, 12], &[16, 2, 7]] {
            let fit = Usl::fit(&points(&curve, at, &[0.0]))
                .unwrap_or_else(|why| panic!("{why}; measured with {at:?} shards"));
            assert!(
                (fit.lambda / 50.0 - 1.0).abs() < 1e-3,
                "Of points of {curve:?} at {at:?} the fit is {fit:?}: λ is where the curve begins, measured or not."
            );
        }
    });
}
