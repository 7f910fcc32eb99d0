//! B103: a cache that holds what exists nowhere else.

use crate::steps::before_reply;
use ledger::form::Flow;
use ledger::{Finding, Ledger, Role, Rule, Severity, answered};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B103",
    name: "cache-as-database",
    finds: "a cache or edge that decides a fact, cannot be filled again, or is all that a reply rests on",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut found = deciding(ledger);
    found.extend(not_rebuilt(ledger));
    let flows = ledger.flows.iter();
    found.extend(flows.filter_map(|flow| acknowledging(ledger, flow)));
    found
}

fn may_vanish(ledger: &Ledger, name: &str) -> bool {
    matches!(ledger.role(name), Some(Role::Cache | Role::Edge))
}

/// Caches that decide facts.
fn deciding(ledger: &Ledger) -> Vec<Finding> {
    let facts = ledger.facts.iter().filter_map(|fact| {
        let decided_by = fact.decided_by.as_ref()?;
        let mut deciders = decided_by.get_ref().0.iter();
        let cache = deciders.find(|decider| may_vanish(ledger, decider))?;
        let name = fact.name.get_ref();
        Some(
            Finding::at(RULE, Severity::Error, decided_by)
                .about([name.as_str(), cache])
                .saying(format!(
                    "`{name}` is decided by `{cache}`, which may be emptied at any moment. If it may \
                     not be emptied, it is an authority: call it one, and back it up."
                )),
        )
    });
    facts.collect()
}

/// Copies that nothing can rebuild.
fn not_rebuilt(ledger: &Ledger) -> Vec<Finding> {
    let copies = ledger.copies.iter().filter(|copy| {
        let source = copy.rebuilt_from.as_ref();
        let source = source.and_then(|source| answered(source.get_ref()));
        // It cannot be rebuilt from itself.
        may_vanish(ledger, copy.at.get_ref())
            && source.is_none_or(|source| source == copy.at.get_ref())
    });
    let found = copies.map(|copy| {
        let (of, at) = (copy.of.get_ref(), copy.at.get_ref());
        let finding = copy.rebuilt_from.as_ref().map_or_else(
            || Finding::at(RULE, Severity::Error, &copy.at),
            |source| Finding::at(RULE, Severity::Error, source),
        );
        finding.about([of.as_str(), at]).saying(format!(
            "`{at}` holds `{of}`, and nothing says what that is rebuilt from when `{at}` is empty. \
             Name it in `rebuilt_from`."
        ))
    });
    found.collect()
}

/// A flow that has replied when only a cache has the write.
fn acknowledging(ledger: &Ledger, flow: &Flow) -> Option<Finding> {
    let writes = || before_reply(flow).filter(|step| step.is_write());
    if !writes().all(|step| may_vanish(ledger, step.to.get_ref())) {
        return None;
    }
    let last = writes().last()?;
    let (flow, to) = (flow.name.get_ref(), last.to.get_ref());
    Some(
        Finding::at(RULE, Severity::Error, &last.to)
            .about([flow.as_str(), to])
            .saying(format!(
                "`{flow}` answers when only `{to}` has been written, which may be empty a moment \
                 later. Write to the authority first."
            )),
    )
}
