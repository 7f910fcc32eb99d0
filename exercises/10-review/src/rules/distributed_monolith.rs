//! B202: parts that are separate, but cannot change separately. The core needs [`lock_step`]; the rest
//! is hardening.

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B202",
    name: "distributed-monolith",
    finds: "remote calls in a cycle, a store that several releases write to, or one release on both sides of a network",
};

/// Finds all three (given).
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut found = cycles(ledger);
    found.extend(shared_stores(ledger));
    found.extend(lock_step(ledger));
    found
}

/// Finds components that wait for each other in a cycle.
///
/// - Each strongly connected part of [`Calls`](crate::calls::Calls) with a remote call inside
///   ([`is_remote_call`](ledger::form::Mode::is_remote_call)) is one `Error`. A component that calls
///   itself remotely is one, too.
/// - It points at the `from` of the first such call in the file, and is about all the part's components,
///   by name.
///
/// `petgraph`'s `tarjan_scc` recurses as deep as the longest chain; `kosaraju_scc` does not.
pub fn cycles(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Find the strongly connected parts that have a remote call inside.")
}

/// Finds authorities that components of more than one release write to.
///
/// - A writer is the `from` of a boundary with `access = "write"`. Its release is its `release`, or the
///   component alone if it has none.
/// - Each store is one finding: at the `access` of the first writer, in the order of the file, whose
///   release is not that of the first one; about the store.
/// - It is an `Error`, or a `Warning` if all writers have one and the same `owner`.
pub fn shared_stores(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Collect each authority's writers, and compare their releases.")
}

/// Finds network calls between two components with the same `release`.
///
/// Each is a `Warning` that points at the boundary's `to`, and is about the two. Other modes, and
/// components without a `release`, are not findings.
pub fn lock_step(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Find the network calls between components of one release.")
}
