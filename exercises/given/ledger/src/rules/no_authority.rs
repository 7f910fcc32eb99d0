//! B102: a fact that nothing decides, or an owner of correctness that decides nothing.

use crate::finding::{Finding, Rule, Severity};
use crate::form::{Boundary, Fact, Ledger, Role};
use crate::value::{Names, answered};
use std::collections::HashSet;
use toml::Spanned;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B102",
    name: "no-authority",
    finds: "a fact that no component decides, or a boundary whose owner of correctness is no authority",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let facts = ledger.facts.iter().filter_map(undecided);
    let deciders = ledger.facts.iter().filter_map(|it| it.decided_by.as_ref());
    let deciders: HashSet<&str> = deciders
        .flat_map(|by| by.get_ref().0.iter().map(String::as_str))
        .collect();
    let owners = ledger.boundaries.iter();
    facts
        .chain(owners.filter_map(|boundary| unowned(ledger, &deciders, boundary)))
        .collect()
}

fn undecided(fact: &Fact) -> Option<Finding> {
    let name = fact.name.get_ref();
    let found = |place: &Spanned<_>, message: String| {
        let finding = Finding::at(RULE, Severity::Error, place);
        Some(finding.about([name.as_str()]).saying(message))
    };
    let Some(decided_by) = &fact.decided_by else {
        let message = format!("Nobody decides `{name}`: name the one component in `decided_by`.");
        return found(&fact.name, message);
    };
    let Names(names) = decided_by.get_ref();
    let named: Vec<_> = names.iter().filter_map(|name| answered(name)).collect();
    let finding = || Finding::at(RULE, Severity::Error, decided_by).about([name.as_str()]);
    match named[..] {
        [] => Some(finding().saying(format!("Nobody decides `{name}`: name the one component."))),
        ["nobody"] if !has_reason(fact) => Some(finding().saying(format!(
            "`{name}` is decided by nobody, and no `reason` says why that is right."
        ))),
        _ => None,
    }
}

fn has_reason(fact: &Fact) -> bool {
    let reason = fact.reason.as_ref();
    reason.is_some_and(|reason| answered(reason.get_ref()).is_some())
}

/// A missing owner is an unanswered question, for another rule; this one finds an owner that cannot be
/// right.
fn unowned(ledger: &Ledger, deciders: &HashSet<&str>, boundary: &Boundary) -> Option<Finding> {
    let owner = boundary.correctness.as_ref()?.owner.as_ref()?;
    let name = answered(owner.get_ref())?;
    let finding = || {
        let names = [boundary.from.get_ref().as_str(), boundary.to.get_ref()];
        Finding::at(RULE, Severity::Error, owner).about(names)
    };
    let role = ledger.role(name)?;
    if role != Role::Authority && !deciders.contains(name) {
        return Some(finding().saying(format!(
            "Correctness is owned by `{name}`, which decides no fact. When two copies differ, only an \
             authority can be right."
        )));
    }
    let carried = boundary.carries.as_ref()?;
    let stranger = carried.get_ref().0.iter().find(|fact| {
        let decided = ledger.fact(fact).and_then(|it| it.decided_by.as_ref());
        decided.is_some_and(|by| !by.get_ref().0.iter().any(|by| by == name))
    })?;
    Some(finding().see(carried, "the fact that crosses").saying(format!(
        "Correctness is owned by `{name}`, but `{stranger}`, which crosses here, is decided elsewhere."
    )))
}
