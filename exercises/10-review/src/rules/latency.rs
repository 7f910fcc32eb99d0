//! B502: a deadline that the steps do not meet. *(hardening)*

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B502",
    name: "latency-budget",
    finds: "a flow whose steps take longer than its deadline, usually or at their worst",
};

/// Finds them, at most one for each flow: at the `deadline`, about the flow, with the sum in seconds as
/// its figure.
///
/// - Only the steps that the flow's first component makes before the reply count: the time that a caller
///   sees includes everything behind the call.
/// - They take [`together`](crate::steps::together) what their boundaries state, times `calls`. What a
///   boundary does not state counts as zero.
/// - `p50`s beyond the deadline are an `Error`; otherwise `p99`s beyond it are a `Warning`, because
///   their sum is a bound, not a percentile.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Add up what the flow's own steps take, and compare it with the deadline.")
}
