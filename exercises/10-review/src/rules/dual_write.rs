//! B203: two writes, and a crash between them. *(hardening)*

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B203",
    name: "dual-write",
    finds: "a component that writes to two places in one flow, neither of which follows from the other",
};

/// Finds them, at most one for each component of a flow.
///
/// - An `Error` if a component's steps write to two different places, before or after the reply. It
///   points at the `to` of the first write that goes to a different place from the component's first
///   one, and is about the flow and the component.
/// - Writes to a cache, an edge or a derived view do not count: what they hold can be rebuilt.
/// - Two writes with the same `transaction` commit together.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!(
        "Follow each component's writes through the flow, and find the one that a crash can separate."
    )
}
