//! B203: two writes, and a crash between them.

use ledger::form::{Flow, Step};
use ledger::{Finding, Ledger, Role, Rule, Severity};
use std::collections::HashMap;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B203",
    name: "dual-write",
    finds: "a component that writes to two places in one flow, neither of which follows from the other",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let flows = ledger.flows.iter();
    flows.flat_map(|flow| torn(ledger, flow)).collect()
}

fn torn(ledger: &Ledger, flow: &Flow) -> Vec<Finding> {
    let mut first: HashMap<&str, &Step> = HashMap::new();
    let mut told = Vec::new();
    let mut found = Vec::new();
    let writes = flow.steps.iter().filter(|step| step.is_write());
    for step in writes.filter(|step| !is_rebuildable(ledger, step)) {
        let by = step.from.get_ref().as_str();
        let earlier = *first.entry(by).or_insert(step);
        if commit_together(earlier, step) || told.contains(&by) {
            continue;
        }
        told.push(by);
        let (flow, one, other) = (flow.name.get_ref(), earlier.to.get_ref(), step.to.get_ref());
        found.push(
            Finding::at(RULE, Severity::Error, &step.to)
                .about([flow.as_str(), by])
                .see(&earlier.to, "the first write")
                .saying(format!(
                    "In `{flow}`, `{by}` writes to `{one}` and then to `{other}`. A crash between \
                     them leaves one without the other. Write an outbox row with the first, and let a \
                     relay make the second."
                )),
        );
    }
    found
}

/// Whether what is lost there can be rebuilt, so that the write is only an invalidation or a refresh.
fn is_rebuildable(ledger: &Ledger, step: &Step) -> bool {
    let role = ledger.role(step.to.get_ref());
    matches!(role, Some(Role::Cache | Role::Edge | Role::Derived))
}

/// Whether no crash can separate two writes of one component.
fn commit_together(one: &Step, other: &Step) -> bool {
    let same = |a: Option<&String>, b: Option<&String>| a.is_some() && a == b;
    let transaction = |step: &Step| step.transaction.as_ref().map(|it| it.get_ref().clone());
    one.to.get_ref() == other.to.get_ref()
        || same(transaction(one).as_ref(), transaction(other).as_ref())
}
