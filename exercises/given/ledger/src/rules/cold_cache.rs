//! B602: a cache that, when empty, overloads its authority.

use crate::finding::{Finding, Rule, Severity};
use crate::form::{Component, Copy, Ledger, Role};
use std::collections::HashMap;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B602",
    name: "cold-cache",
    finds: "a cache whose reads at peak are more than its authority carries, with nothing that limits them",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let caches = ledger
        .components
        .iter()
        .filter(|component| matches!(component.role, Role::Cache | Role::Edge));
    let mut held: HashMap<&str, Vec<&Copy>> = HashMap::new();
    for copy in &ledger.copies {
        held.entry(copy.at.get_ref()).or_default().push(copy);
    }
    let of = |cache: &Component| held.get(cache.name.get_ref().as_str());
    caches
        .filter_map(|cache| overload(ledger, cache, of(cache)?))
        .collect()
}

/// One finding per cache: it has one peak, however many facts it holds.
fn overload(ledger: &Ledger, cache: &Component, copies: &[&Copy]) -> Option<Finding> {
    let peak = cache.peak.as_ref()?;
    let reads = peak.get_ref().0;
    let name = cache.name.get_ref();
    let sources = copies.iter().copied();
    let source = |copy: &Copy| ledger.component(copy.rebuilt_from.as_ref()?.get_ref());
    let (authority, capacity) = sources.filter_map(source).find_map(|authority| {
        let capacity = authority.capacity.as_ref()?;
        (reads > capacity.get_ref().0).then_some((authority.name.get_ref(), capacity))
    })?;
    let carries = capacity.get_ref().0;
    let sheds = cache.shed_at.as_ref();
    if cache.coalesces || sheds.is_some_and(|it| it.get_ref().0 <= carries) {
        return None;
    }
    let leverage = cache.hit.as_ref().map_or(String::new(), |hit| {
        let misses = 1.0 - hit.get_ref().0;
        format!(" On a good day it sees one in {:.0} of them.", 1.0 / misses)
    });
    Some(
        Finding::at(RULE, Severity::Error, peak)
            .about([name.as_str(), authority])
            .with_figure(reads / carries)
            .see(capacity, "what the authority carries")
            .saying(format!(
                "When `{name}` is empty, {reads} reads a second reach `{authority}`, which carries \
                 {carries}.{leverage} Say where it sheds (`shed_at`), or that misses share a load."
            )),
    )
}
