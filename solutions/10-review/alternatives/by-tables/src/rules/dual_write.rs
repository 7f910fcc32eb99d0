//! B203, by the writers of a flow.

use ledger::form::{Flow, Step};
use ledger::{Finding, Ledger, Role, Severity};
pub use ours::rules::dual_write::RULE;
use std::collections::BTreeMap;

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger
        .flows
        .iter()
        .flat_map(|flow| of_flow(ledger, flow))
        .collect()
}

fn of_flow(ledger: &Ledger, flow: &Flow) -> Vec<Finding> {
    let mut writers: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in &flow.steps {
        let role = ledger.role(step.to.get_ref());
        let made_again = matches!(role, Some(Role::Cache | Role::Edge | Role::Derived));
        if step.is_write() && !made_again {
            writers.entry(step.from.get_ref()).or_default().push(step);
        }
    }
    let torn = writers.into_iter().filter_map(|(writer, writes)| {
        let (first, later) = writes.split_first()?;
        let elsewhere = later.iter().find(|step| {
            let transactions = (first.transaction.as_ref(), step.transaction.as_ref());
            let one = matches!(transactions, (Some(a), Some(b)) if a.get_ref() == b.get_ref());
            step.to.get_ref() != first.to.get_ref() && !one
        })?;
        let finding = Finding::at(RULE, Severity::Error, &elsewhere.to);
        let names = [flow.name.get_ref().as_str(), writer];
        Some(
            finding
                .about(names)
                .saying("A crash can come between these two writes."),
        )
    });
    torn.collect()
}
