//! B103: a cache that holds what exists nowhere else.

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B103",
    name: "cache-as-database",
    finds: "a cache or edge that decides a fact, cannot be filled again, or is all that a reply rests on",
};

/// Finds, for components whose role is cache or edge, each an `Error`:
///
/// - a fact that one of them decides: at `decided_by`, about the fact and the component;
/// - a copy at one of them whose `rebuilt_from` is missing, is no answer, or is the component itself: at
///   that value, otherwise at `at`, about the fact and the component;
/// - a flow that writes ([`Step::is_write`](ledger::form::Step::is_write)) before the reply, and only to
///   such components: at the `to` of the last of these writes, about the flow and that component.
///
/// A cache that is written in addition to an authority is fine.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Find caches that decide, that cannot be filled again, or that a reply rests on.")
}
