//! B101: a fact that two components decide.

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B101",
    name: "double-authority",
    finds: "a fact that more than one component decides",
};

/// Finds them.
///
/// - A fact with two different names in `decided_by` is an [`Error`](ledger::Severity::Error), whether
///   they are in one list or in two `[[fact]]` entries of the same name.
/// - Each such fact is one finding. It points at the first `decided_by`, in the order of the file, that
///   adds a second name, and is about the fact.
/// - The same name twice is one name. A text that is no answer ([`ledger::answered`]) is not a name.
/// - A fact one of whose entries answers `partition_by` or `merge` is split on purpose, and is not a
///   finding.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Collect the entries of each fact, and compare who decides it.")
}
