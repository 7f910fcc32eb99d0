//! B104: a decision based on data that may lag (given).

use crate::steps::before_reply;
use ledger::form::{Flow, Step};
use ledger::{Finding, Ledger, Role, Rule, Severity};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B104",
    name: "view-as-authority",
    finds: "a flow that decides a fact from what a derived view, a cache or an edge says",
};

/// Finds them.
///
/// A flow may look at a copy first, if it then asks an authority about the same fact.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let flows = ledger.flows.iter();
    flows.flat_map(|flow| by_copies(ledger, flow)).collect()
}

fn by_copies<'a>(ledger: &'a Ledger, flow: &'a Flow) -> impl Iterator<Item = Finding> + 'a {
    let role = |step: &Step| ledger.role(step.to.get_ref());
    before_reply(flow).enumerate().filter_map(move |(at, step)| {
        let decides = step.decides.as_ref()?;
        if !matches!(role(step)?, Role::Derived | Role::Cache | Role::Edge) {
            return None;
        }
        let confirmed = |fact: &String| {
            let mut later = before_reply(flow).skip(at + 1);
            later.any(|later| {
                let about = later.decides.as_ref().or(later.writes.as_ref());
                role(later) == Some(Role::Authority)
                    && about.is_some_and(|about| about.get_ref().0.contains(fact))
            })
        };
        let mut facts = decides.get_ref().0.iter();
        let fact = facts.find(|fact| !confirmed(fact))?;
        let (flow, to) = (flow.name.get_ref(), step.to.get_ref());
        Some(
            Finding::at(RULE, Severity::Error, decides)
                .about([flow.as_str(), step.from.get_ref(), to])
                .saying(format!(
                    "`{flow}` decides `{fact}` from what `{to}` says, which may lag or vanish. Ask the \
                     authority before the decision counts."
                )),
        )
    })
}
