//! B101: a fact that two components decide.

use ledger::form::Fact;
use ledger::{Finding, Ledger, Rule, Severity, answered};
use std::collections::HashMap;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B101",
    name: "double-authority",
    finds: "a fact that more than one component decides",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    // Two teams rarely write one list with two names. They write two entries, far apart.
    let mut entries: HashMap<&str, Vec<&Fact>> = HashMap::new();
    let mut order = Vec::new();
    for fact in &ledger.facts {
        let name = fact.name.get_ref().as_str();
        let same = entries.entry(name).or_default();
        if same.is_empty() {
            order.push(name);
        }
        same.push(fact);
    }
    let found = order
        .iter()
        .filter_map(|name| contested(name, &entries[name]));
    found.collect()
}

/// The finding about a fact that has these entries, if any.
fn contested(name: &str, entries: &[&Fact]) -> Option<Finding> {
    if entries.iter().any(|fact| is_split_on_purpose(fact)) {
        return None;
    }
    let deciders = entries.iter().filter_map(|fact| fact.decided_by.as_ref());
    let mut first = None;
    for decided_by in deciders {
        let names = decided_by.get_ref().0.iter();
        for decider in names.filter_map(|decider| answered(decider)) {
            let (one, place) = *first.get_or_insert((decider, decided_by));
            if one != decider {
                let mut finding = Finding::at(RULE, Severity::Error, decided_by)
                    .about([name])
                    .saying(format!(
                        "`{name}` is decided by `{one}` and by `{decider}`. When they differ, nobody \
                         can say which is right. Keep one, or state what splits it: `partition_by`, \
                         `merge`."
                    ));
                if place.span() != decided_by.span() {
                    finding = finding.see(place, "the other one");
                }
                return Some(finding);
            }
        }
    }
    None
}

fn is_split_on_purpose(fact: &Fact) -> bool {
    let ways = [&fact.partition_by, &fact.merge];
    ways.into_iter()
        .flatten()
        .any(|way| answered(way.get_ref()).is_some())
}
