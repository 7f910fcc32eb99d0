//! The Universal Scalability Law.
//!
//! `X(n) = λn / (1 + σ(n−1) + κn(n−1))`: the throughput of `n` shards, if one alone brings `λ`. `σ` is
//! the share of the work that must wait its turn, as Amdahl has it (a fit may find more than all of it:
//! then the second shard already costs more than it brings); `κ` is what each further shard costs because
//! there are others, such as one more table to merge. With `κ` above zero there is a number of shards
//! beyond which more of them bring *less*. The law is N. J. Gunther's
//! (1993; [derived anew in 2008](https://arxiv.org/abs/0808.1431)).
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
    ///
    /// Judged by the tests in `fit`, in the hardening.
    pub fn fit(points: &[Point]) -> Result<Self, NoFit> {
        let _ = points;
        todo!(
            "Refuse what is no measurement, then find λ, σ and κ with the least relative errors and none negative."
        )
    }
    // ANCHOR_END: fit

    // ANCHOR: use
    /// What so many shards bring by this curve, each second. None bring nothing.
    ///
    /// Judged by the tests in `curve`, in the hardening.
    pub fn throughput(&self, shards: u32) -> f64 {
        let _ = shards;
        todo!("Compute X(n).")
    }

    /// The number of shards that brings the most, the smaller one of equals; `None` if more always
    /// bring more.
    ///
    /// Judged by the tests in `curve`.
    pub fn peak(&self) -> Option<u32> {
        todo!("Find the whole number of shards beyond which more bring less, if there is one.")
    }

    /// The smallest number of shards, and at least one, that brings at least `demand`; `None` if no number
    /// does.
    ///
    /// Judged by the tests in `curve`.
    pub fn shards_for(&self, demand: Rate) -> Option<u32> {
        let _ = demand;
        todo!("Find the fewest shards that bring as much as is asked for, up to the peak.")
    }
    // ANCHOR_END: use
}
