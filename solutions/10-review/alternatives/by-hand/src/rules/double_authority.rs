//! B101, by sorting.

use ledger::{Finding, Ledger, Severity, answered};
pub use ours::rules::double_authority::RULE;

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut said = Vec::new();
    let mut split = Vec::new();
    for fact in &ledger.facts {
        let name = fact.name.get_ref().as_str();
        for way in [&fact.partition_by, &fact.merge].into_iter().flatten() {
            if answered(way.get_ref()).is_some() {
                split.push(name);
            }
        }
        if let Some(decided_by) = &fact.decided_by {
            for decider in &decided_by.get_ref().0 {
                if let Some(decider) = answered(decider) {
                    said.push((name, decided_by, decider));
                }
            }
        }
    }
    said.sort_by_key(|(name, place, _)| (*name, place.span().start));
    let facts = said.chunk_by(|a, b| a.0 == b.0);
    let contested = facts.filter_map(|fact| {
        let (name, _, first) = fact[0];
        let (_, place, other) = fact.iter().find(|(_, _, decider)| *decider != first)?;
        (!split.contains(&name)).then(|| {
            Finding::at(RULE, Severity::Error, place)
                .about([name])
                .saying(format!("{first} and {other} both decide {name}."))
        })
    });
    contested.collect()
}
