//! B201: a reply that waits for what was to happen later.

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B201",
    name: "async-in-contract",
    finds: "a step before the reply that goes to a worker or over an asynchronous boundary",
};

/// Finds them, each an `Error` that points at the step's `to`, and is about the flow, `from` and `to`.
///
/// - Found is a step before the reply ([`before_reply`](crate::steps::before_reply)) that goes to a
///   worker, by any way, or whose boundary is asynchronous.
/// - An asynchronous boundary to an authority is left alone: such a stream decides what was accepted,
///   and is waited for on purpose.
/// - An optional step is waited for like any other.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Find the steps before the reply that wait for a worker or a message.")
}
