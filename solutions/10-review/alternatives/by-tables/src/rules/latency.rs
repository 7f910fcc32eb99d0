//! B502, as two columns of the table.

use crate::table::{calls, rows, sum};
use ledger::form::{Boundary, Flow};
use ledger::{Finding, Ledger, Severity};
pub use ours::rules::latency::RULE;
use std::time::Duration;

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger
        .flows
        .iter()
        .filter_map(|flow| of_flow(ledger, flow))
        .collect()
}

fn of_flow(ledger: &Ledger, flow: &Flow) -> Option<Finding> {
    let deadline = flow.deadline.as_ref()?;
    let first = flow.steps.first()?.from.get_ref();
    let mut rows = rows(ledger, flow);
    rows.retain(|row| row.from == first);
    let times =
        |time: Option<Duration>, it: &Boundary| time.unwrap_or_default().saturating_mul(calls(it));
    let p50 = sum(rows.iter(), |it| {
        times(it.p50.as_ref().map(|it| it.get_ref().0), it)
    });
    let p99 = sum(rows.iter(), |it| {
        times(it.p99.as_ref().map(|it| it.get_ref().0), it)
    });
    let limit = deadline.get_ref().0;
    let (severity, needed) = match () {
        () if p50 > limit => (Severity::Error, p50),
        () if p99 > limit => (Severity::Warning, p99),
        () => return None,
    };
    let finding = Finding::at(RULE, severity, deadline).about([flow.name.get_ref().as_str()]);
    Some(
        finding
            .with_figure(needed.as_secs_f64())
            .saying("Its steps take longer than that."),
    )
}
