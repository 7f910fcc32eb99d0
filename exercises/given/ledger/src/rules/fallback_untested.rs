//! B404: an optional step that no test has left out.

use crate::finding::{Finding, Rule, Severity};
use crate::form::{Flow, Ledger, Step};
use crate::value::answered;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B404",
    name: "fallback-untested",
    finds: "a step that a flow calls optional, over a boundary whose absence no test or drill has shown",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let steps = ledger.flows.iter().flat_map(|flow| {
        let optional = flow.steps.iter().filter(|step| step.is_optional());
        optional.filter_map(|step| untested(ledger, flow, step))
    });
    steps.collect()
}

fn untested(ledger: &Ledger, flow: &Flow, step: &Step) -> Option<Finding> {
    let boundary = ledger.crossed_by(step)?;
    let proofs = boundary.proven_by.as_ref();
    let proven = proofs.is_some_and(|it| it.get_ref().0.iter().any(|it| answered(it).is_some()));
    let optional = step.optional.as_ref()?;
    (!proven).then(|| {
        let (from, to) = (step.from.get_ref(), step.to.get_ref());
        Finding::at(RULE, Severity::Warning, optional)
            .about([flow.name.get_ref().as_str(), from, to])
            .see(&boundary.to, "its boundary has no `proven_by`")
            .saying(format!(
                "`{}` is claimed to succeed without `{to}`, but nothing has shown it. Name a test or a \
                 drill in `proven_by`.",
                flow.name.get_ref()
            ))
    })
}
