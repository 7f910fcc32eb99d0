//! B401: a pressure that no measurement could show to be gone.

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B401",
    name: "vague-pressure",
    finds: "a boundary whose pressure has no metric, figure, unit or dated evidence",
};

/// Finds them, at most one for each boundary.
///
/// - Required, in this order: a `metric`; a `value` with a figure in it; a unit, in the value or in
///   `unit`; `evidence`; its day, `measured`. The first that is missing is the finding. A text that is
///   no answer ([`ledger::answered`]) counts as missing.
/// - The last two are a `Warning`, the others an `Error`.
/// - It points at the text of the metric, the value (also for the unit) or the evidence (also for its
///   day). If there is no such text, it points at `from`, or for missing evidence at the value.
/// - It is about the boundary's two names.
/// - A boundary without any `pressure` is an `Error` at `from`, unless it is in-process.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!("Check each pressure for its metric, figure, unit, evidence and day, in this order.")
}
