//! From points to a curve: the nearest one, or why there is none.

use crate::curve::{curves, law};
use placement::usl::{NoFit, Point, Usl};
use proptest::collection::vec;
use proptest::prelude::*;
use testbed::{for_all, live, note};

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

/// **P9** Of points that lie on a curve the fit finds that curve, in whatever order they come, with whatever three
/// numbers of shards or more, and in whatever unit throughputs are counted.
#[test]
fn points_on_a_curve_give_the_curve() {
    live(|| {
        let places = prop_oneof![
            2 => Just(&TOGETHER[..]),
            1 => Just(&[2, 4, 8][..]),
            1 => Just(&[3, 5, 9, 12][..]),
            1 => Just(&[16, 2, 7][..]),
        ];
        let unit = prop_oneof![2 => Just(1.0), 1 => Just(1e-9), 1 => Just(1e9)];
        for_all(
            &(curves(), places, unit, any::<bool>()),
            |(curve, at, unit, turned)| {
                let curve = Usl {
                    lambda: curve.lambda * unit,
                    ..curve
                };
                let mut points = points(&curve, at, &[0.0]);
                if turned {
                    points.reverse();
                }
                finds(&curve, &points, 0.1);
            },
        );
        let far = [1, 10, 100, 1_000, 100_000];
        for (at, sigma, kappa) in [
            (&far[..], 0.01, 0.0),
            (&TOGETHER[..], 3.0, 0.0),
            (&TOGETHER[..], 0.0, 0.5),
        ] {
            let curve = Usl {
                lambda: 100.0,
                sigma,
                kappa,
            };
            finds(&curve, &points(&curve, at, &[0.0]), 0.5);
        }
    });
}

fn finds(curve: &Usl, points: &[Point], of_kappa: f64) {
    let fit = Usl::fit(points).unwrap_or_else(|why| panic!("{why}; the curve is {curve:?}"));
    let near = |found: f64, real: f64, scale: f64| (found - real).abs() <= 1e-3 * scale;
    assert!(
        near(fit.lambda, curve.lambda, curve.lambda)
            && near(fit.sigma, curve.sigma, curve.sigma.max(1.0))
            && near(fit.kappa, curve.kappa, of_kappa),
        "The points {points:?} are of {curve:?}, and the fit is {fit:?}."
    );
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
                    "{fit:?} has a negative term: waiting for one's turn never saves time."
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
/// and not the same curve with that term set to zero.
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

/// **P8** A figure that is not a throughput is an error that names it.
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

/// **P8** Whatever throughputs were measured, there is a curve that can be calculated with, or an error.
#[test]
fn no_figures_give_a_curve_that_cannot_be() {
    live(|| {
        let figure = prop_oneof![
            4 => (-300..300, 1.0..10.0).prop_map(|(tens, digits)| digits * 10_f64.powi(tens)),
            1 => Just(f64::MAX),
            1 => Just(f64::MIN_POSITIVE),
            1 => Just(5e-324),
        ];
        let shards = prop_oneof![3 => 1_u32..9, 1 => Just(u32::MAX), 1 => 1_u32..100_000];
        for_all(&vec((shards, figure), 3..7), |measured| {
            let points: Vec<Point> = measured
                .into_iter()
                .map(|(shards, throughput)| Point { shards, throughput })
                .collect();
            note(format!("the points: {points:?}"));
            let fit = Usl::fit(&points);
            let terms = fit.as_ref().map(|fit| [fit.lambda, fit.sigma, fit.kappa]);
            assert!(
                terms.is_err()
                    || terms.is_ok_and(|[lambda, sigma, kappa]| {
                        let possible = |term: f64| term >= 0.0 && term.is_finite();
                        possible(sigma) && possible(kappa) && possible(lambda) && lambda > 0.0
                    }),
                "{fit:?} has a term that nothing can be calculated with: λ is above zero, σ and κ are not \
                 negative, and all of them are finite. Where there is no such curve, that is an error."
            );
        });
    });
}

/// **P9** Each round is a point, and counts as much as each other one: not only the one in the middle, and not
/// the rounds of one number of shards together.
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
        for times in [
            [1.0, 1.0, 1.0, 0.9, 0.9],
            [1.0, 1.0, 1.0, 1.1, 1.1],
            [0.7, 1.0, 1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0, 1.0, 1.3],
        ] {
            let all: Vec<Point> = TOGETHER.iter().flat_map(|&n| rounds(n, &times)).collect();
            let fit = Usl::fit(&all).expect("there is a curve near these");
            let between = Usl {
                lambda: 100.0 * times.iter().sum::<f64>() / 5.0,
                ..curve
            };
            assert!(
                off(&fit, &all) <= 1.2 * off(&between, &all),
                "Of five rounds with each number of shards, {times:?} times {curve:?} was measured. {fit:?} is \
                 off by {:.4} at them, and {between:?} by {:.4}.",
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
