//! B202: parts that are separate, but cannot change separately.

use crate::calls::Calls;
use ledger::form::{Access, Boundary, Component, Mode};
use ledger::{Finding, Ledger, Role, Rule, Severity};
use petgraph::algo::kosaraju_scc;
use std::collections::{BTreeSet, HashMap};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B202",
    name: "distributed-monolith",
    finds: "remote calls in a cycle, a store that several releases write to, or one release on both sides of a network",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut found = cycles(ledger);
    found.extend(shared_stores(ledger));
    found.extend(lock_step(ledger));
    found
}

/// Components that wait for each other in a cycle, with a remote call in it.
pub fn cycles(ledger: &Ledger) -> Vec<Finding> {
    let calls = Calls::of(ledger);
    let groups = kosaraju_scc(&calls.graph);
    let mut group_of = vec![0; calls.graph.node_count()];
    for (group, nodes) in groups.iter().enumerate() {
        for node in nodes {
            group_of[node.index()] = group;
        }
    }
    // A component that calls itself is a group of one with an edge inside.
    let mut remote: HashMap<usize, &Boundary> = HashMap::new();
    for edge in calls.graph.edge_indices() {
        let Some((from, to)) = calls.graph.edge_endpoints(edge) else {
            continue;
        };
        let (group, boundary) = (group_of[from.index()], calls.graph[edge]);
        if group == group_of[to.index()] && boundary.mode.is_remote_call() {
            remote.entry(group).or_insert(boundary);
        }
    }
    let mut remote: Vec<_> = remote.into_iter().collect();
    remote.sort_by_key(|(_, boundary)| boundary.from.span().start);
    let found = remote.into_iter().map(|(group, boundary)| {
        let members = groups[group].iter();
        let names = members.map(|node| ledger.components[calls.graph[*node]].name.get_ref().as_str());
        let names: BTreeSet<_> = names.collect();
        let listed: Vec<_> = names.iter().copied().collect();
        Finding::at(RULE, Severity::Error, &boundary.from)
            .about(names)
            .saying(format!(
                "{} wait for each other in a cycle: none works without the others, and tries have no \
                 largest product. Turn one call into an event, or merge them into one.",
                listed.join(", ")
            ))
    });
    found.collect()
}

/// Stores that more than one release writes to.
pub fn shared_stores(ledger: &Ledger) -> Vec<Finding> {
    let mut writers: HashMap<&str, Vec<(&Component, &Boundary)>> = HashMap::new();
    let mut stores = Vec::new();
    for boundary in &ledger.boundaries {
        let is_write = boundary.access.as_ref().map(|it| *it.get_ref()) == Some(Access::Write);
        let store = boundary.to.get_ref().as_str();
        let writer = ledger.component(boundary.from.get_ref());
        if let Some(writer) = writer
            && is_write
            && ledger.role(store) == Some(Role::Authority)
        {
            let known = writers.entry(store).or_default();
            if known.is_empty() {
                stores.push(store);
            }
            known.push((writer, boundary));
        }
    }
    let found = stores.into_iter().filter_map(|store| {
        let writers = &writers[store];
        let (first, _) = writers.first()?;
        let (other, boundary) = writers.iter().find(|(it, _)| release(it) != release(first))?;
        let one_owner = writers.iter().all(|(it, _)| {
            it.owner.is_some() && owner(it) == owner(first)
        });
        let severity = if one_owner {
            Severity::Warning
        } else {
            Severity::Error
        };
        let (first, other) = (first.name.get_ref(), other.name.get_ref());
        let access = boundary.access.as_ref()?;
        Some(
            Finding::at(RULE, severity, access)
                .about([store])
                .saying(format!(
                    "`{first}` and `{other}` both write to `{store}` and are released separately: a \
                     change of its form needs both at once. Let one of them write, and the other ask \
                     it."
                )),
        )
    });
    found.collect()
}

/// Calls over a network between parts that are released together.
pub fn lock_step(ledger: &Ledger) -> Vec<Finding> {
    let network = ledger
        .boundaries
        .iter()
        .filter(|it| it.mode == Mode::Network);
    let found = network.filter_map(|boundary| {
        let from = ledger.component(boundary.from.get_ref())?;
        let to = ledger.component(boundary.to.get_ref())?;
        let (one, other) = (from.release.as_ref()?, to.release.as_ref()?);
        let same = one.get_ref() == other.get_ref() && from.name != to.name;
        same.then(|| {
            Finding::at(RULE, Severity::Warning, &boundary.to)
                .about([from.name.get_ref().as_str(), to.name.get_ref()])
                .see(other, "released together")
                .saying(format!(
                    "`{}` and `{}` are released together, as `{}`, with a network between them. What \
                     does it separate?",
                    from.name.get_ref(),
                    to.name.get_ref(),
                    one.get_ref()
                ))
        })
    });
    found.collect()
}

/// What a component is released with: alone, if nothing is stated.
fn release(component: &Component) -> &str {
    let release = component.release.as_ref().unwrap_or(&component.name);
    release.get_ref()
}

fn owner(component: &Component) -> Option<&str> {
    component.owner.as_ref().map(|it| it.get_ref().as_str())
}
