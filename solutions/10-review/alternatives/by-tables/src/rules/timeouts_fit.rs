//! B303, in milliseconds given and milliseconds needed.

use crate::table::{Row, rows, sum, wait};
use ledger::form::{Boundary, Flow, Mode};
use ledger::value::Time;
use ledger::{Finding, Ledger, Severity, Spanned};
pub use ours::rules::timeouts_fit::RULE;
use std::collections::BTreeMap;
use std::time::Duration;

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    [
        tries_within(ledger),
        inner_within(ledger),
        flows_within(ledger),
    ]
    .concat()
}

fn found(at: &Spanned<Time>, needed: Duration, names: [&str; 2]) -> Option<Finding> {
    (needed > at.get_ref().0).then(|| too_much(at, needed, names))
}

fn too_much(at: &Spanned<Time>, needed: Duration, names: [&str; 2]) -> Finding {
    let finding = Finding::at(RULE, Severity::Error, at).about(names);
    let figure = finding.with_figure(needed.as_secs_f64());
    figure.saying(format!("It takes up to {} in all.", Time(needed)))
}

/// Finds tries that do not fit.
pub fn tries_within(ledger: &Ledger) -> Vec<Finding> {
    let each = ledger.boundaries.iter().filter_map(|it| {
        let tries = it.tries.as_ref().map_or(1, |tries| tries.get_ref().0);
        let pauses = it
            .backoff
            .as_ref()
            .map_or(Duration::ZERO, |it| it.get_ref().0);
        let needed = it
            .per_try
            .as_ref()?
            .get_ref()
            .0
            .checked_mul(tries)?
            .checked_add(pauses)?;
        found(
            it.timeout.as_ref()?,
            needed,
            [it.from.get_ref(), it.to.get_ref()],
        )
    });
    each.collect()
}

/// How long the caller waits for one answer.
fn patience(boundary: &Boundary) -> Option<&Spanned<Time>> {
    let times = [
        boundary.timeout.as_ref()?,
        boundary.per_try.as_ref().or(boundary.timeout.as_ref())?,
    ];
    let waits = boundary.mode != Mode::Asynchronous;
    times
        .into_iter()
        .min_by_key(|it| it.get_ref().0)
        .filter(|_| waits)
}

fn shortest<'a>(
    boundaries: impl Iterator<Item = &'a Boundary>,
) -> BTreeMap<&'a str, &'a Spanned<Time>> {
    let mut shortest = BTreeMap::new();
    for boundary in boundaries {
        if let Some(new) = patience(boundary) {
            let kept = shortest
                .entry(boundary.to.get_ref().as_str())
                .or_insert(new);
            if new.get_ref().0 < kept.get_ref().0 {
                *kept = new;
            }
        }
    }
    shortest
}

/// Finds calls that outlive the call around them.
pub fn inner_within(ledger: &Ledger) -> Vec<Finding> {
    let given = shortest(ledger.boundaries.iter());
    let mut all = Vec::new();
    for inner in &ledger.boundaries {
        let names = [inner.from.get_ref().as_str(), inner.to.get_ref()];
        if let (Some(given), Some(timeout)) = (given.get(names[0]), &inner.timeout)
            && wait(inner) > given.get_ref().0
        {
            all.push(too_much(timeout, wait(inner), names));
        }
    }
    all
}

/// Finds steps that take too long together.
pub fn flows_within(ledger: &Ledger) -> Vec<Finding> {
    ledger
        .flows
        .iter()
        .flat_map(|flow| of_flow(ledger, flow))
        .collect()
}

fn of_flow(ledger: &Ledger, flow: &Flow) -> Vec<Finding> {
    let rows = rows(ledger, flow);
    let given = shortest(rows.iter().filter_map(|row| row.boundary));
    let first = flow.steps.first().map(|step| step.from.get_ref().as_str());
    let mut makers: Vec<&str> = rows.iter().map(|row| row.from).collect();
    makers.sort_unstable();
    makers.dedup();
    let name = flow.name.get_ref().as_str();
    let each = makers.into_iter().filter_map(|maker| {
        let own = || rows.iter().filter(move |row: &&Row<'_>| row.from == maker);
        let needed = sum(own(), wait);
        if first == Some(maker) {
            return found(flow.deadline.as_ref()?, needed, [name, maker]);
        }
        let limit = given.get(maker)?;
        let longest = own().filter_map(|row| row.boundary).map(wait).max()?;
        (longest <= limit.get_ref().0).then(|| found(limit, needed, [name, maker]))?
    });
    each.collect()
}
