//! B201: a reply that waits for work that was meant to happen later.

use crate::steps::before_reply;
use ledger::form::{Mode, Step};
use ledger::{Finding, Ledger, Role, Rule, Severity};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B201",
    name: "async-in-contract",
    finds: "a step before the reply that goes to a worker or over an asynchronous boundary",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let steps = ledger.flows.iter().flat_map(|flow| {
        let waited = before_reply(flow).filter(|step| happens_later(ledger, step));
        waited.map(move |step| (flow.name.get_ref(), step))
    });
    let found = steps.map(|(flow, step)| {
        let to = step.to.get_ref();
        Finding::at(RULE, Severity::Error, &step.to)
            .about([flow.as_str(), step.from.get_ref(), to])
            .saying(format!(
                "`{flow}` replies only after `{to}`, so it is as slow, and as often absent. Commit an \
                 outbox row, reply, and let the step come `after_reply`."
            ))
    });
    found.collect()
}

fn happens_later(ledger: &Ledger, step: &Step) -> bool {
    let role = ledger.role(step.to.get_ref());
    let crossed = ledger.crossed_by(step);
    let asynchronous = crossed.is_some_and(|boundary| boundary.mode == Mode::Asynchronous);
    // The reply waits on purpose for a stream that decides what was accepted.
    role == Some(Role::Worker) || (asynchronous && role != Some(Role::Authority))
}
