//! The Universal Scalability Law.
//!
//! `X(n) = λn / (1 + σ(n−1) + κn(n−1))`: the throughput of `n` shards, if one alone brings `λ`. `σ` is
//! the share of the work that must wait its turn, as Amdahl has it (a fit may find more than all of it:
//! then the second shard already costs more than it brings); `κ` is what each further shard costs because
//! there are others, such as one more table to merge. With `κ` above zero there is a number of shards
//! beyond which more of them bring *less*. The law is N. J. Gunther's
//! (1993; [derived anew in 2008](https://arxiv.org/abs/0808.1431)).
//!
//! The fit here is a linear one. Inverted, the law is a sum of three terms,
//! `n / X(n) = a + b(n−1) + cn(n−1)` with `a = 1/λ`, `b = σ/λ`, `c = κ/λ`, so that least squares finds
//! it without a first guess and without iterating. The usual alternative, a nonlinear fit of `X`
//! itself, weighs errors a little differently and needs a first guess. Each point counts by
//! its *relative* error: otherwise the points with many shards, where inverted values are largest,
//! would outvote the rest.
//!
//! A model of three numbers is a summary of what was measured, and knows little about what was not: a
//! fit to at most eight shards knows nothing of the rack, the network or the second building.

use crate::quantity::{Rate, Unusable};

/// A throughput, measured with so many shards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// How many shards; at least 1.
    pub shards: u32,
    /// What they brought together, each second.
    pub throughput: f64,
}

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

/// Why there is no curve.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoFit {
    /// Three unknowns need three different numbers of shards.
    #[error("measured with {0} different numbers of shards: a curve of this law needs three")]
    TooFew(usize),
    /// A measurement is not a throughput.
    #[error("the throughput with {shards} shards is unusable: {why}")]
    Unusable {
        /// With how many shards.
        shards: u32,
        /// What is wrong with it.
        why: Unusable,
    },
    /// Nothing has no throughput.
    #[error("one measurement is of no shards at all")]
    NoShards,
    /// The figures are too far apart to calculate with.
    #[error("these throughputs are too far apart to calculate a curve from")]
    NoCurve,
}

impl Usl {
    // ANCHOR: fit
    /// The curve that comes nearest to these points, by relative errors. `σ` and `κ` are not negative:
    /// where the nearest curve would have a negative one, it is the nearest with a zero in its place.
    ///
    /// Points are in any order, and there can be several for one number of shards.
    ///
    /// # Errors
    /// [`NoFit`] if there are fewer than three different numbers of shards, a throughput is `NaN`,
    /// infinite, zero or negative, or they are too far apart to calculate with.
    pub fn fit(points: &[Point]) -> Result<Self, NoFit> {
        for point in points {
            if point.shards == 0 {
                return Err(NoFit::NoShards);
            }
            Rate::capacity(point.throughput).map_err(|why| NoFit::Unusable {
                shards: point.shards,
                why,
            })?;
        }
        let mut different: Vec<u32> = points.iter().map(|point| point.shards).collect();
        different.sort_unstable();
        different.dedup();
        if different.len() < 3 {
            return Err(NoFit::TooFew(different.len()));
        }
        // With each set of terms the nearest curve, and of those that are possible the nearest of all.
        // There are only four sets.
        [&[0, 1, 2][..], &[0, 1], &[0, 2], &[0]]
            .into_iter()
            .map(|terms| nearest(points, terms))
            .filter(|(_, curve)| curve.is_possible())
            .min_by(|(one, _), (other, _)| one.total_cmp(other))
            .map(|(_, curve)| curve)
            .ok_or(NoFit::NoCurve)
    }
    // ANCHOR_END: fit

    // ANCHOR: use
    /// What so many shards bring by this curve, each second. None bring nothing.
    pub fn throughput(&self, shards: u32) -> f64 {
        if shards == 0 {
            // With σ = 1 the law divides nothing by nothing here.
            return 0.0;
        }
        let n = f64::from(shards);
        self.lambda * n / (1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0))
    }

    /// The number of shards that brings the most, the smaller one of equals; `None` if more always
    /// bring more.
    pub fn peak(&self) -> Option<u32> {
        if self.kappa == 0.0 {
            // Without coherence costs there is no way down; with a contention of 1, none up either.
            return (self.sigma >= 1.0).then_some(1);
        }
        let top = ((1.0 - self.sigma).max(0.0) / self.kappa).sqrt();
        if top >= f64::from(u32::MAX) {
            return None;
        }
        // The peak of the curve lies between two whole numbers.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and the largest u32"
        )]
        let below = top.floor().max(1.0) as u32;
        let more = self.throughput(below + 1) > self.throughput(below);
        Some(if more { below + 1 } else { below })
    }

    /// The smallest number of shards, and at least one, that brings at least `demand`; `None` if no number
    /// does.
    pub fn shards_for(&self, demand: Rate) -> Option<u32> {
        let enough = |shards| self.throughput(shards) >= demand.each_second();
        // Up to the peak the curve rises, so that halving finds the place.
        let (mut low, mut high) = (1, self.peak().unwrap_or(u32::MAX));
        if !enough(high) {
            return None;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if enough(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low)
    }
    // ANCHOR_END: use

    /// Whether no term is negative, and each is a number that can be used.
    fn is_possible(&self) -> bool {
        let terms = [self.lambda, self.sigma, self.kappa];
        let usable = 0.0..f64::INFINITY;
        self.lambda.is_normal() && terms.iter().all(|term| usable.contains(term))
    }
}

/// The curve with the least squares of `n/X = a + b(n−1) + cn(n−1)`, of which only these terms are used, and
/// how far from the points it is. If they do not determine it, it is not a possible one.
fn nearest(points: &[Point], terms: &[usize]) -> (f64, Usl) {
    // Divided by n/X each point's error is relative, and the right side is 1.
    let row = |point: &Point| {
        let n = f64::from(point.shards);
        [1.0, n - 1.0, n * (n - 1.0)].map(|term| term * point.throughput / n)
    };
    let mut normal = [[0.0; 4]; 3];
    for point in points {
        let row = row(point);
        for (i, &first) in terms.iter().enumerate() {
            for (j, &second) in terms.iter().enumerate() {
                normal[i][j] += row[first] * row[second];
            }
            normal[i][3] += row[first];
        }
    }
    let solved = solve(normal, terms.len());
    let mut found = [0.0; 3];
    for (&term, solved) in terms.iter().zip(solved) {
        found[term] = solved;
    }
    let off = points.iter().map(|point| {
        let said: f64 = row(point).iter().zip(found).map(|(x, y)| x * y).sum();
        (said - 1.0).powi(2)
    });
    let [a, b, c] = found;
    let curve = Usl {
        lambda: 1.0 / a,
        sigma: b / a,
        kappa: c / a,
    };
    (off.sum(), curve)
}

/// Solves the first `size` equations by elimination; the right sides are in column 3. Those of least squares are
/// symmetric and positive definite, so that it needs no pivots, and scaled terms would change no digit that
/// counts. Where there is no one solution, what it returns is infinite or `NaN`.
fn solve(mut rows: [[f64; 4]; 3], size: usize) -> [f64; 3] {
    for at in 0..size {
        for other in (0..size).filter(|&other| other != at) {
            let factor = rows[other][at] / rows[at][at];
            let used = rows[at];
            for (value, used) in rows[other].iter_mut().zip(used) {
                *value -= factor * used;
            }
        }
    }
    let mut found = [0.0; 3];
    for at in 0..size {
        found[at] = rows[at][3] / rows[at][at];
    }
    found
}
