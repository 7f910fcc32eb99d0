//! B201: a reply that waits for work that was meant to happen later.

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B201",
    name: "async-in-contract",
    finds: "a step before the reply that goes to a worker or over an asynchronous boundary",
};

/// Finds them, each an `Error` that points at the step's `to`, and is about the flow, `from` and `to`.
///
/// - It finds each step before the reply ([`before_reply`](crate::steps::before_reply)) that goes to a
///   worker, over any boundary, or whose boundary is asynchronous.
/// - An asynchronous boundary to an authority is not a finding: such a stream decides what was accepted,
///   and the reply waits for it on purpose.
/// - An optional step makes the reply wait like any other.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Find the steps before the reply that wait for a worker or a message.")
}
