//! B502: a deadline that its steps do not keep. *(hardening)*

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B502",
    name: "latency-budget",
    finds: "a flow whose steps take longer than its deadline, as a rule or at their worst",
};

/// Finds them, at most one for each flow: at the `deadline`, about the flow, the sum in seconds its figure.
///
/// - Only the steps count that the flow's first component makes before the reply: what a caller sees of a
///   call has in it what happens behind it.
/// - They take [`together`](crate::steps::together) what their boundaries say, times `calls`. What a
///   boundary does not say is nothing.
/// - `p50`s beyond the deadline are an `Error`; otherwise `p99`s beyond it a `Warning`, for their sum is
///   a bound and no percentile.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Add up what the flow's own steps take, and compare it with the deadline.")
}
