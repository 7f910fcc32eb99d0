//! What was not checked, and which answer is missing. A linter that is silent because it knows nothing
//! must not look like one that has found nothing.

use ledger::Ledger;
use ledger::form::{Flow, Mode, Role};
use std::collections::HashSet;

/// Something that was not checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gap {
    /// The rules that had nothing to check.
    pub rules: &'static str,
    /// How many answers are missing.
    pub count: usize,
    /// Which question is open.
    pub question: String,
}

/// What was not checked in a ledger, fewest answers first.
pub fn of(ledger: &Ledger) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut gap = |rules, count: usize, question: &str| {
        if count > 0 {
            gaps.push(Gap {
                rules,
                count,
                question: question.to_owned(),
            });
        }
    };
    let nothing = |list: usize| usize::from(list == 0 && !ledger.components.is_empty());
    gap(
        "B101, B102, B603",
        nothing(ledger.facts.len()),
        "which facts are there, and who decides each? (`[[fact]]`)",
    );
    gap(
        "B103, B104, B201, B203, B404, B501, B502",
        nothing(ledger.flows.len()),
        "what do users ask of the system, step by step? (`[[flow]]`)",
    );
    let holding: HashSet<_> = ledger.copies.iter().map(|copy| copy.at.get_ref()).collect();
    let holders = ledger.components.iter().filter(|component| {
        let holds = matches!(component.role, Role::Cache | Role::Derived | Role::Edge);
        holds && !holding.contains(component.name.get_ref())
    });
    gap(
        "B103, B601, B602, B603",
        holders.count(),
        "of which fact does this cache, view or edge hold a copy? (`[[copy]]`)",
    );
    let caches = ledger.components.iter();
    let caches =
        caches.filter(|it| matches!(it.role, Role::Cache | Role::Edge) && it.peak.is_none());
    gap(
        "B602",
        caches.count(),
        "how many reads a second come to this cache at peak? (`peak`)",
    );
    let remote = || {
        ledger
            .boundaries
            .iter()
            .filter(|it| it.mode.is_remote_call())
    };
    let stores = remote().filter(|it| ledger.role(it.to.get_ref()) == Some(Role::Authority));
    gap(
        "B202",
        stores.filter(|it| it.access.is_none()).count(),
        "does this caller change what the authority holds? (`access`)",
    );
    gap(
        "B301",
        remote().filter(|it| it.tries.is_none()).count(),
        "how often does this call try, the first included? (`tries`; a mesh or a client library may \
         retry without being asked)",
    );
    let tried = remote().filter(|it| it.tries.as_ref().is_some_and(|it| it.get_ref().0 > 1));
    gap(
        "B303",
        tried.filter(|it| it.per_try.is_none()).count(),
        "how long may one try of this call take? (`per_try`)",
    );
    gap(
        "B501",
        ledger
            .flows
            .iter()
            .filter(|it| it.objective.is_none())
            .count(),
        "which part of all requests has to succeed? (`objective` of a flow)",
    );
    gap(
        "B501",
        unpromised(ledger),
        "which part of all requests does this component promise to answer? (`objective`)",
    );
    gap(
        "B303, B502",
        ledger
            .flows
            .iter()
            .filter(|it| it.deadline.is_none())
            .count(),
        "how long does the user wait at most? (`deadline` of a flow)",
    );
    gaps.sort_by_key(|gap| gap.count);
    gaps
}

/// The components that a flow with an objective requires, but that have no objective.
fn unpromised(ledger: &Ledger) -> usize {
    let asked = |flow: &&Flow| flow.objective.is_some();
    let steps = ledger
        .flows
        .iter()
        .filter(asked)
        .flat_map(|flow| &flow.steps);
    let required = steps.filter(|step| !step.after_reply && !step.is_optional());
    // What is called by a function call fails with its caller, and needs no objective of its own.
    let apart = required.filter(|step| {
        let mode = ledger.crossed_by(step).map(|it| it.mode);
        mode != Some(Mode::InProcess)
    });
    let names: HashSet<_> = apart
        .flat_map(|step| [step.from.get_ref(), step.to.get_ref()])
        .collect();
    let parts = names.into_iter().filter_map(|name| ledger.component(name));
    parts
        .filter(|part| part.objective.is_none() && part.role != Role::Client)
        .count()
}
