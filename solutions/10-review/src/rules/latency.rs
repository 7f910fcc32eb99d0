//! B502: a deadline that the steps do not meet.

use crate::steps::{before_reply, entrance, together};
use ledger::form::{Boundary, Flow, Step};
use ledger::value::Time;
use ledger::{Finding, Ledger, Rule, Severity, Spanned};
use std::time::Duration;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B502",
    name: "latency-budget",
    finds: "a flow whose steps take longer than its deadline, usually or at their worst",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let flows = ledger.flows.iter();
    flows.filter_map(|flow| too_slow(ledger, flow)).collect()
}

/// The time that a caller sees at a boundary includes everything behind it. So only the steps of the
/// flow's first component are added.
fn too_slow(ledger: &Ledger, flow: &Flow) -> Option<Finding> {
    let deadline = flow.deadline.as_ref()?;
    let limit = deadline.get_ref().0;
    let first = entrance(flow)?;
    let sum = |latency: fn(&Boundary) -> Option<&Spanned<Time>>| {
        let own = before_reply(flow).filter(|step| step.from.get_ref() == first);
        together(own, |step: &Step| {
            let boundary = ledger.crossed_by(step);
            let one = boundary.and_then(latency).map(|it| it.get_ref().0);
            let calls = boundary.and_then(|it| it.calls.as_ref());
            let calls = calls.map_or(1, |it| it.get_ref().0);
            one.unwrap_or(Duration::ZERO).saturating_mul(calls)
        })
    };
    let name = flow.name.get_ref();
    let finding = |severity, needed: Duration| {
        Finding::at(RULE, severity, deadline)
            .about([name.as_str()])
            .with_figure(needed.as_secs_f64())
    };
    let median = sum(|boundary| boundary.p50.as_ref());
    if median > limit {
        return Some(finding(Severity::Error, median).saying(format!(
            "The steps of `{name}` take {} on an ordinary day, and its deadline is {}.",
            Time(median),
            deadline.get_ref()
        )));
    }
    let bound = sum(|boundary| boundary.p99.as_ref());
    (bound > limit).then(|| {
        finding(Severity::Warning, bound).saying(format!(
            "The 99th percentiles of the steps of `{name}` add up to {}, beyond its deadline of {}. \
             The sum is a bound, not the flow's own 99th percentile: measure that.",
            Time(bound),
            deadline.get_ref()
        ))
    })
}
