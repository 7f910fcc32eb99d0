//! The Universal Scalability Law, by search. Inverted it is a sum of three terms, whose squared
//! errors have no valley but one: halving finds its floor along `c`, and along `b` at each `c`.

use std::collections::BTreeSet;

use crate::quantity::Rate;

/// A throughput, measured with so many shards.
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
        if points.iter().any(|point| point.shards == 0) {
            return Err(NoFit::NoShards);
        }
        for &Point { shards, throughput } in points {
            let checked = ours::quantity::Rate::capacity(throughput);
            checked.map_err(|why| NoFit::Unusable { shards, why })?;
        }
        let different: BTreeSet<u32> = points.iter().map(|point| point.shards).collect();
        if different.len() < 3 {
            return Err(NoFit::TooFew(different.len()));
        }
        // Relative errors: each row times 1, b and c should come to 1.
        let rows: Vec<[f64; 3]> = points
            .iter()
            .map(|point| {
                let n = f64::from(point.shards);
                [1.0, n - 1.0, n * (n - 1.0)].map(|term| term / n * point.throughput)
            })
            .collect();
        let steepest = |term: usize| rows.iter().map(|row| row[term]).fold(0.0, f64::max);
        // A term that alone said twice too much somewhere, at every point, would be too large.
        let least = |term: usize| {
            let some = rows
                .iter()
                .map(|row| row[term])
                .filter(|value| *value > 0.0);
            2.0 / some.fold(steepest(term), f64::min)
        };
        let at = |c: f64| floor(least(1), |b| off(&rows, b, c));
        let c = floor(least(2), |c| off(&rows, at(c), c));
        let b = at(c);
        let a = level(&rows, b, c);
        let curve = Self {
            lambda: 1.0 / a,
            sigma: b / a,
            kappa: c / a,
        };
        let finite = [curve.lambda, curve.sigma, curve.kappa]
            .into_iter()
            .all(f64::is_finite);
        if finite && curve.lambda > 0.0 {
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
        let n = f64::from(shards);
        n * self.lambda / (1.0 + (n - 1.0) * (self.sigma + self.kappa * n))
    }

    /// As the lab says: the first number after which one more brings no more.
    pub fn peak(&self) -> Option<u32> {
        first(u32::MAX, |shards| {
            let n = f64::from(shards);
            // X(n + 1) > X(n), with what both sides have taken away.
            1.0 - self.sigma <= self.kappa * n * (n + 1.0)
        })
    }

    /// As the lab says. None bring nothing, which is enough for who demands nothing.
    pub fn shards_for(&self, demand: Rate) -> Option<u32> {
        let up_to = self.peak().unwrap_or(u32::MAX);
        first(up_to, |shards| {
            self.throughput(shards) >= demand.each_second()
        })
    }
}

/// The first number from 1 to `up_to` at which `holds` does, if it then goes on to.
fn first(up_to: u32, holds: impl Fn(u32) -> bool) -> Option<u32> {
    let (mut low, mut high) = (1, up_to);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    holds(low).then_some(low)
}

/// The best `a` for these `b` and `c`.
fn level(rows: &[[f64; 3]], b: f64, c: f64) -> f64 {
    let left = |row: &[f64; 3]| 1.0 - b * row[1] - c * row[2];
    let wanted: f64 = rows.iter().map(|row| row[0] * left(row)).sum();
    let squares: f64 = rows.iter().map(|row| row[0] * row[0]).sum();
    (wanted / squares).max(0.0)
}

fn off(rows: &[[f64; 3]], b: f64, c: f64) -> f64 {
    let a = level(rows, b, c);
    rows.iter()
        .map(|row| (a * row[0] + b * row[1] + c * row[2] - 1.0).powi(2))
        .sum()
}

/// Where between 0 and `most` a function with one valley is lowest, by the golden section; 0 if that is
/// as low.
fn floor(most: f64, of: impl Fn(f64) -> f64) -> f64 {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.0, most);
    let inner = |low: f64, high: f64| (high - golden * (high - low), low + golden * (high - low));
    let (mut left, mut right) = inner(low, high);
    let (mut at_left, mut at_right) = (of(left), of(right));
    for _ in 0..120 {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = inner(low, high).0;
            at_left = of(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = inner(low, high).1;
            at_right = of(right);
        }
    }
    let found = low.midpoint(high);
    if of(0.0) <= of(found) * (1.0 + 1e-12) {
        0.0
    } else {
        found
    }
}
