//! B301: retries that multiply.

use ledger::form::Boundary;
use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B301",
    name: "retry-amplification",
    finds: "a boundary whose tries, times those of every layer above it, are too many",
};

/// A bad day. The two do not combine: a layer is slow or it is absent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Day {
    /// Connections are accepted, but answers do not arrive in time.
    Slow,
    /// Nothing accepts a connection.
    Absent,
}

/// How often one call tries on such a day, including the first try.
///
/// - `tries`, or 1 if it is not stated.
/// - Retries on `connect` happen only on absent days, those on `timeout` only on slow days, those on
///   `error` on both; without `retry_on`, on both. Without a retry on that day it is 1.
/// - A `retry_budget` of r allows at most 1 + r. *(hardening)*
pub fn tries_on(boundary: &Boundary, day: Day) -> f64 {
    let _ = (boundary, day);
    todo!("Return how often the boundary tries on such a day. In the core, `tries` is enough.")
}

/// Finds the boundaries whose own retries bring the product beyond a limit.
///
/// - A boundary's product is the largest product of `calls` × [`tries_on`] over the paths of
///   [`Calls`](crate::calls::Calls) that end with it. `calls` is 1 if not stated.
/// - A boundary has a product on each day on which it tries more than once; the worse day counts.
/// - More than `limits.tries_warning` is a `Warning`, more than `limits.tries_error` an `Error`. It
///   points at `tries`, is about the two names, and its figure is the product.
/// - A boundary inside a cycle has no product, multiplies nothing, and is not a finding. What arrives at
///   a cycle leaves it on each way out.
/// - The time grows with the boundaries, not with the paths.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Carry the largest product from each component to those that it calls.")
}
