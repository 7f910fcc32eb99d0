//! B501: a promise that its parts do not add up to.

use ledger::{Finding, Ledger, Rule};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B501",
    name: "availability-budget",
    finds: "a flow whose objective its required components do not reach",
};

/// Finds flows that promise more than their parts: at the flow's `objective`, about the flow.
///
/// - The parts are the components at both ends of the steps before the reply that are not optional, each
///   once. Clients are not parts, and neither is a component that is only called in-process: it fails
///   with its caller.
/// - An objective above the lowest of the parts' objectives is an `Error`. One that is only above their
///   product is a `Warning`: that parts fail independently is an assumption.
/// - The figure is the product.
/// - A part without an objective is left out; the others still count.
/// - A difference below 1e-12 is rounding, and not a finding.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let _ = ledger;
    todo!(
        "Collect the flow's required parts, each once, and compare their objectives with the flow's."
    )
}
