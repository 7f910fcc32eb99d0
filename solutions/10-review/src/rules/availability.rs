//! B501: a promise that its parts do not add up to.

use crate::steps::before_reply;
use ledger::form::{Component, Flow, Mode};
use ledger::{Finding, Ledger, Role, Rule, Severity};
use std::collections::HashSet;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B501",
    name: "availability-budget",
    finds: "a flow whose objective its required components do not reach",
};

/// The rounding error when shares such as 0.999 are multiplied is far below this.
const ROUNDING: f64 = 1e-12;

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let flows = ledger.flows.iter();
    flows.filter_map(|flow| missed(ledger, flow)).collect()
}

fn missed(ledger: &Ledger, flow: &Flow) -> Option<Finding> {
    let objective = flow.objective.as_ref()?;
    let asked = objective.get_ref().0;
    let promised = required(ledger, flow)
        .into_iter()
        .filter_map(|part| Some((part, part.objective.as_ref()?)));
    // A part without an objective is unknown. The known parts still bound the flow from above.
    let promised: Vec<_> = promised
        .map(|(part, share)| (part.name.get_ref().as_str(), share, share.get_ref().0))
        .collect();
    let product: f64 = promised.iter().map(|(_, _, share)| share).product();
    if product >= asked - ROUNDING {
        return None;
    }
    let (weakest, place, least) = promised
        .iter()
        .min_by(|a, b| a.2.total_cmp(&b.2))
        .copied()?;
    let name = flow.name.get_ref();
    let finding = |severity| {
        Finding::at(RULE, severity, objective)
            .about([name.as_str()])
            .with_figure(product)
            .see(place, "the weakest of them")
    };
    // However their failures are related, the whole is never better than its weakest part.
    if least < asked - ROUNDING {
        return Some(finding(Severity::Error).saying(format!(
            "`{name}` is meant to succeed {asked} of the time, but cannot without `{weakest}`, which \
             promises {least}."
        )));
    }
    Some(finding(Severity::Warning).saying(format!(
        "`{name}` is meant to succeed {asked} of the time. Its {} parts promise {product:.6} together, \
         if they fail independently.",
        promised.len()
    )))
}

/// The components without which the flow fails, each once.
fn required<'a>(ledger: &'a Ledger, flow: &Flow) -> Vec<&'a Component> {
    let mut inside = HashSet::new();
    let mut reached = HashSet::new();
    let mut order = Vec::new();
    for step in before_reply(flow).filter(|step| !step.is_optional()) {
        let called = ledger.crossed_by(step).map(|boundary| boundary.mode);
        let to = step.to.get_ref().as_str();
        if called == Some(Mode::InProcess) {
            inside.insert(to);
        } else {
            reached.insert(to);
        }
        order.extend([step.from.get_ref().as_str(), to]);
    }
    let mut counted = HashSet::new();
    let parts = order.into_iter().filter(|name| counted.insert(*name));
    // What is called by a function call fails with its caller, and is not a separate part.
    let parts = parts.filter(|name| !inside.contains(name) || reached.contains(name));
    let parts = parts.filter_map(|name| ledger.component(name));
    parts.filter(|part| part.role != Role::Client).collect()
}
