//! B202, with the cycles found by hand.

use crate::graph::Graph;
use ledger::{Finding, Ledger, Severity};
pub use ours::rules::distributed_monolith::{RULE, lock_step, shared_stores};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    [cycles(ledger), shared_stores(ledger), lock_step(ledger)].concat()
}

/// Finds cycles.
pub fn cycles(ledger: &Ledger) -> Vec<Finding> {
    let graph = Graph::of(ledger);
    let mut told = vec![false; graph.groups];
    let mut found = Vec::new();
    for (from, to, boundary) in &graph.calls {
        let group = graph.group[*from];
        if group != graph.group[*to] || !boundary.mode.is_remote_call() || told[group] {
            continue;
        }
        told[group] = true;
        let components = ledger.components.iter().enumerate();
        let members = components.filter(|(at, _)| graph.group[*at] == group);
        let mut names: Vec<_> = members.map(|(_, it)| it.name.get_ref().as_str()).collect();
        names.sort_unstable();
        let finding = Finding::at(RULE, Severity::Error, &boundary.from).about(names);
        found.push(finding.saying("These wait for each other in a cycle."));
    }
    found
}
