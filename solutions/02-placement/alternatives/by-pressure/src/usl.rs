//! The Universal Scalability Law, fitted as it stands: Levenberg and Marquardt's way from the best of
//! some first guesses, by the relative errors of the throughput itself.

use crate::quantity::Rate;

/// Given by the lab.
pub use ours::usl::{NoFit, Point};

/// A curve of the law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usl {
    /// `λ`: what one shard alone brings, each second; above zero.
    pub lambda: f64,
    /// `σ`, the contention: not negative.
    pub sigma: f64,
    /// `κ`, the coherence: not negative.
    pub kappa: f64,
}

impl Usl {
    /// As the lab says.
    ///
    /// # Errors
    /// As the lab says.
    pub fn fit(points: &[Point]) -> Result<Self, NoFit> {
        let mut different = std::collections::BTreeSet::new();
        for &Point { shards, throughput } in points {
            if shards == 0 {
                return Err(NoFit::NoShards);
            }
            Rate::capacity(throughput).map_err(|why| NoFit::Unusable { shards, why })?;
            different.insert(shards);
        }
        if different.len() < 3 {
            return Err(NoFit::TooFew(different.len()));
        }
        // Everything in units of the largest: parameters are then of a size that steps can be equal to.
        let most = points
            .iter()
            .map(|point| point.throughput)
            .fold(0.0, f64::max);
        let many = different.last().copied().map_or(1.0, f64::from);
        let scaled: Vec<[f64; 4]> = points
            .iter()
            .map(|point| {
                let n = f64::from(point.shards);
                [
                    n / many,
                    (n - 1.0) / many,
                    n * (n - 1.0) / (many * many),
                    point.throughput / most,
                ]
            })
            .collect();
        let mut best: Option<Curve> = None;
        // Those with a zero come last, and win if the others are hardly better.
        for free in [
            [true; 3],
            [true, false, true],
            [true, true, false],
            [true, false, false],
        ] {
            let found = descend(&scaled, first_guess(&scaled, free), free);
            if best.is_none_or(|best| found.off <= best.off * (1.0 + 1e-9) + 1e-24) {
                best = Some(found);
            }
        }
        let Curve {
            at: [lambda, sigma, kappa],
            ..
        } = best.ok_or(NoFit::NoCurve)?;
        let curve = Self {
            lambda: lambda * most / many,
            sigma: sigma / many,
            kappa: kappa / (many * many),
        };
        let usable = curve.lambda > 0.0
            && [curve.lambda, curve.sigma, curve.kappa]
                .into_iter()
                .all(f64::is_finite);
        if usable {
            Ok(curve)
        } else {
            Err(NoFit::NoCurve)
        }
    }

    /// As the lab says.
    pub fn throughput(&self, shards: u32) -> f64 {
        if shards == 0 {
            return 0.0;
        }
        let others = f64::from(shards) - 1.0;
        let waits = self.sigma * others + self.kappa * f64::from(shards) * others;
        self.lambda * f64::from(shards) / (1.0 + waits)
    }

    /// As the lab says. One more brings more while `κn(n+1) < 1 − σ`, and where that ends is the root of
    /// a square equation.
    pub fn peak(&self) -> Option<u32> {
        let room = 1.0 - self.sigma;
        if room <= 0.0 {
            return Some(1);
        }
        if self.kappa == 0.0 {
            return None;
        }
        whole(((1.0 + 4.0 * room / self.kappa).sqrt() - 1.0) / 2.0, |n| {
            self.kappa * n * (n + 1.0) >= room
        })
    }

    /// As the lab says. What is too few for a demand ends at the smaller root of a square equation.
    pub fn shards_for(&self, demand: Rate) -> Option<u32> {
        let demand = demand.each_second();
        if demand <= self.lambda {
            return Some(1);
        }
        // an² − bn + c = 0, with the root that loses no digits.
        let a = demand * self.kappa;
        let b = self.lambda + demand * (self.kappa - self.sigma);
        let c = demand * (1.0 - self.sigma);
        let under = (b * b - 4.0 * a * c).max(0.0);
        let root = 2.0 * c / (b + under.sqrt());
        if b <= 0.0 || c <= 0.0 || !root.is_finite() {
            return None;
        }
        let peak = self.peak().unwrap_or(u32::MAX);
        let found = whole(root, |n| self.brings(n) >= demand).filter(|shards| *shards <= peak);
        let found = found.or(Some(peak));
        found.filter(|shards| self.throughput(*shards) >= demand)
    }

    fn brings(&self, n: f64) -> f64 {
        self.lambda * n / (1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0))
    }
}

/// The first whole number near `root`, at least 1, at which `enough` holds; `None` beyond a `u32`.
fn whole(root: f64, enough: impl Fn(f64) -> bool) -> Option<u32> {
    // The root is calculated in floating point, and may be off by one.
    let near = [-1.0, 0.0, 1.0, 2.0].map(|by| (root.floor() + by).max(1.0));
    let found = near.into_iter().find(|n| enough(*n))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and the largest u32"
    )]
    (found < f64::from(u32::MAX)).then_some(found as u32)
}

/// A curve in scaled units, and the sum of its squared errors.
#[derive(Clone, Copy)]
struct Curve {
    at: [f64; 3],
    off: f64,
}

/// How many times what was measured a curve says.
fn times([lambda, sigma, kappa]: [f64; 3], [n, linear, square, measured]: [f64; 4]) -> f64 {
    lambda * n / ((1.0 + sigma * linear + kappa * square) * measured)
}

fn off(points: &[[f64; 4]], at: [f64; 3]) -> f64 {
    points
        .iter()
        .map(|point| (times(at, *point) - 1.0).powi(2))
        .sum()
}

/// The best of a grid; for each `σ` and `κ` there is one best `λ`.
fn first_guess(points: &[[f64; 4]], free: [bool; 3]) -> Curve {
    let sizes = |free| {
        let tens = (-4..=12)
            .map(|power| 10_f64.powi(power))
            .filter(move |_| free);
        [0.0].into_iter().chain(tens)
    };
    let mut best = Curve {
        at: [1.0, 0.0, 0.0],
        off: f64::INFINITY,
    };
    for sigma in sizes(free[1]) {
        for kappa in sizes(free[2]) {
            let with_one = points
                .iter()
                .map(|point| times([1.0, sigma, kappa], *point));
            let (sum, squares) = with_one.fold((0.0, 0.0), |(s, q), g| (s + g, q + g * g));
            let at = [sum / squares, sigma, kappa];
            let off = off(points, at);
            if off < best.off {
                best = Curve { at, off };
            }
        }
    }
    best
}

/// Downhill: Gauss and Newton's step, shortened until it helps.
fn descend(points: &[[f64; 4]], mut best: Curve, free: [bool; 3]) -> Curve {
    let mut damping = 1e-3;
    for _ in 0..500 {
        let mut normal = [[0.0; 4]; 3];
        for point in points {
            let said = times(best.at, *point);
            let below = 1.0 + best.at[1] * point[1] + best.at[2] * point[2];
            let slopes = [
                said / best.at[0],
                -said * point[1] / below,
                -said * point[2] / below,
            ];
            for i in 0..3 {
                for j in 0..3 {
                    normal[i][j] += slopes[i] * slopes[j];
                }
                normal[i][3] -= slopes[i] * (said - 1.0);
            }
        }
        for i in 0..3 {
            // What may not move, or would only move below zero, is held.
            if !free[i] || (best.at[i] == 0.0 && normal[i][3] < 0.0) {
                normal[i] = [0.0; 4];
                for row in &mut normal {
                    row[i] = 0.0;
                }
                normal[i][i] = 1.0;
            }
            normal[i][i] *= 1.0 + damping;
        }
        let step = solve(normal);
        let mut at = best.at;
        for (value, step) in at.iter_mut().zip(step) {
            *value = (*value + step).max(0.0);
        }
        let off = off(points, at);
        if off < best.off && at[0] > 0.0 {
            best = Curve { at, off };
            damping = (damping / 10.0).max(1e-15);
        } else if damping < 1e12 {
            damping *= 10.0;
        } else {
            break;
        }
    }
    best
}

/// Solves three equations by Cramer's rule, scaled so that each unknown's own factor is 1.
fn solve(rows: [[f64; 4]; 3]) -> [f64; 3] {
    let scales = [0, 1, 2].map(|i| rows[i][i].sqrt().max(f64::MIN_POSITIVE));
    let mut m = rows;
    for i in 0..3 {
        for j in 0..3 {
            m[i][j] /= scales[i] * scales[j];
        }
        m[i][3] /= scales[i];
    }
    let determinant = |columns: [usize; 3]| {
        let [a, b, c] = columns;
        m[0][a] * (m[1][b] * m[2][c] - m[1][c] * m[2][b])
            - m[0][b] * (m[1][a] * m[2][c] - m[1][c] * m[2][a])
            + m[0][c] * (m[1][a] * m[2][b] - m[1][b] * m[2][a])
    };
    let whole = determinant([0, 1, 2]);
    let solved = [[3, 1, 2], [0, 3, 2], [0, 1, 3]].map(|columns| determinant(columns) / whole);
    [0, 1, 2].map(|i| {
        if solved[i].is_finite() {
            solved[i] / scales[i]
        } else {
            0.0
        }
    })
}
