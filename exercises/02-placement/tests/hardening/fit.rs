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
