//! B303: timeouts that do not fit into each other.
//!
//! Three questions; any one of them can have a wrong answer while the other two are right. A boundary's
//! **wait** is its `timeout` times its `calls` (1 if not stated). Without a timeout, with a `deadline`
//! that travels, or if it is asynchronous, it has none. Its **patience** is how long it waits for one
//! answer: its `per_try` or its `timeout`, whichever is shorter. Without a timeout, or if it is
//! asynchronous, it has none.

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B303",
    name: "timeout-incoherent",
    finds: "a timeout that is too short for its own tries, the calls made inside it, or a flow's steps",
};

/// Finds all three (given).
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut found = tries_within(ledger);
    found.extend(inner_within(ledger));
    found.extend(flows_within(ledger));
    found
}

/// Finds boundaries whose tries do not fit into their timeout.
///
/// - An `Error` if `tries` × `per_try` + `backoff` is more than `timeout`. `tries` counts the first
///   call, and is 1 if not stated; `backoff` is the sum of all pauses, or zero.
/// - It points at the `timeout`, and is about the two names.
/// - Without `timeout` or `per_try` there is nothing to compare.
pub fn tries_within(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Compare each timeout with the tries and pauses that have to fit into it.")
}

/// Finds calls that may take longer than a caller waits for the component that makes them.
///
/// - For the boundary b → c: an `Error` if its wait is more than the patience of a boundary a → b. The
///   shortest such patience decides; each b → c is one finding.
/// - It points at the inner `timeout`, and is about b and c.
pub fn inner_within(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!(
        "Compare each boundary's wait with the most impatient caller of the component that makes it."
    )
}

/// Finds flows in which one component waits, step after step, for longer than the time that it is given.
///
/// - Only steps before the reply count, optional ones too. A component's steps take the waits of their
///   boundaries, [`together`](crate::steps::together).
/// - The component at which the flow begins is given the flow's `deadline`. Any other is given the
///   shortest patience among the boundaries of the flow's steps to it. *(hardening)*
/// - More than that is an `Error`. It points at the deadline or patience, is about the flow and the
///   component, and its figure is the sum in seconds.
/// - If a single step is too long for an inner component, [`inner_within`] has found it, and it is not
///   found again.
pub fn flows_within(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!(
        "Add up what each component of a flow waits for, and compare it with the time that it is given."
    )
}
