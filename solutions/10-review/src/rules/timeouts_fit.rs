//! B303: timeouts that do not fit into each other.
//!
//! Three questions; any one of them can have a wrong answer while the other two are right.

use crate::steps::{before_reply, entrance, together};
use ledger::form::{Boundary, Flow, Mode, Step};
use ledger::value::Time;
use ledger::{Finding, Ledger, Rule, Severity, Spanned};
use std::collections::HashMap;
use std::time::Duration;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B303",
    name: "timeout-incoherent",
    finds: "a timeout that is too short for its own tries, the calls made inside it, or a flow's steps",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut found = tries_within(ledger);
    found.extend(inner_within(ledger));
    found.extend(flows_within(ledger));
    found
}

/// Boundaries whose tries do not fit into their timeout.
pub fn tries_within(ledger: &Ledger) -> Vec<Finding> {
    let found = ledger.boundaries.iter().filter_map(|boundary| {
        let timeout = boundary.timeout.as_ref()?;
        let per_try = boundary.per_try.as_ref()?;
        let tries = boundary.tries.as_ref().map_or(1, |it| it.get_ref().0);
        let pauses = boundary.backoff.as_ref().map_or(Duration::ZERO, time);
        let needed = time(per_try).saturating_mul(tries).saturating_add(pauses);
        (needed > time(timeout)).then(|| {
            Finding::at(RULE, Severity::Error, timeout)
                .about([boundary.from.get_ref().as_str(), boundary.to.get_ref()])
                .with_figure(needed.as_secs_f64())
                .see(per_try, format!("{tries} tries of this"))
                .saying(format!(
                    "{tries} tries take up to {}, and the timeout ends them after {}. The last ones \
                     are never made, or nobody waits for them.",
                    Time(needed),
                    timeout.get_ref()
                ))
        })
    });
    found.collect()
}

/// Calls that may take longer than a caller waits for the component that makes them.
pub fn inner_within(ledger: &Ledger) -> Vec<Finding> {
    // Only the most impatient caller of each component counts: a call that fits into that fits into all.
    let mut tightest: HashMap<&str, &Boundary> = HashMap::new();
    for boundary in ledger.boundaries.iter().filter(|it| is_timed(it)) {
        let kept = tightest.entry(boundary.to.get_ref()).or_insert(boundary);
        if patience(boundary).map(time) < patience(kept).map(time) {
            *kept = boundary;
        }
    }
    let found = ledger.boundaries.iter().filter_map(|inner| {
        let outer = tightest.get(inner.from.get_ref().as_str())?;
        let (timeout, waits) = (inner.timeout.as_ref()?, patience(outer)?);
        let needed = in_all(inner)?;
        (needed > time(waits)).then(|| {
            let (from, to) = (inner.from.get_ref(), inner.to.get_ref());
            let caller = outer.from.get_ref();
            Finding::at(RULE, Severity::Error, timeout)
                .about([from.as_str(), to])
                .with_figure(needed.as_secs_f64())
                .see(waits, format!("`{caller}` waits this long for `{from}`"))
                .saying(format!(
                    "`{from}` waits up to {} for `{to}`, and `{caller}` gives up on `{from}` after {}: \
                     the rest is work for nobody.",
                    Time(needed),
                    waits.get_ref()
                ))
        })
    });
    found.collect()
}

/// Flows in which one component waits, step after step, for longer than the time that it is given.
pub fn flows_within(ledger: &Ledger) -> Vec<Finding> {
    let flows = ledger.flows.iter();
    flows.flat_map(|flow| overdrawn(ledger, flow)).collect()
}

fn overdrawn(ledger: &Ledger, flow: &Flow) -> Vec<Finding> {
    let mut makers: Vec<&str> = Vec::new();
    let mut made: HashMap<&str, Vec<&Step>> = HashMap::new();
    let mut given: HashMap<&str, &Spanned<Time>> = HashMap::new();
    for step in before_reply(flow) {
        let maker = step.from.get_ref().as_str();
        let steps = made.entry(maker).or_default();
        if steps.is_empty() {
            makers.push(maker);
        }
        steps.push(step);
        let boundary = ledger.crossed_by(step).filter(|it| is_timed(it));
        if let Some(timeout) = boundary.and_then(patience) {
            let kept = given.entry(step.to.get_ref()).or_insert(timeout);
            if time(timeout) < time(kept) {
                *kept = timeout;
            }
        }
    }
    let wait = |step: &Step| ledger.crossed_by(step).and_then(in_all).unwrap_or_default();
    let found = makers.into_iter().filter_map(|maker| {
        let first = entrance(flow) == Some(maker);
        let limit = if first {
            flow.deadline.as_ref()
        } else {
            given.get(maker).copied()
        }?;
        let steps = &made[maker];
        let needed = together(steps.iter().copied(), wait);
        // One step that alone is too long has been found already, as a call inside a call.
        let alone = steps.iter().any(|step| wait(step) > time(limit));
        (needed > time(limit) && (first || !alone)).then(|| {
            let name = flow.name.get_ref();
            Finding::at(RULE, Severity::Error, limit)
                .about([name.as_str(), maker])
                .with_figure(needed.as_secs_f64())
                .saying(format!(
                    "In `{name}`, `{maker}` waits up to {} step after step, and is given {}.",
                    Time(needed),
                    limit.get_ref()
                ))
        })
    });
    found.collect()
}

fn time(time: &Spanned<Time>) -> Duration {
    time.get_ref().0
}

/// Whether a caller waits at this boundary.
fn is_timed(boundary: &Boundary) -> bool {
    boundary.mode != Mode::Asynchronous && boundary.timeout.is_some()
}

/// How long a caller waits for one answer: for one try, if `per_try` is stated.
fn patience(boundary: &Boundary) -> Option<&Spanned<Time>> {
    let timeout = boundary.timeout.as_ref()?;
    let per_try = boundary.per_try.as_ref();
    Some(
        per_try
            .filter(|it| time(it) < time(timeout))
            .unwrap_or(timeout),
    )
}

fn own_timeout(boundary: &Boundary) -> Option<Duration> {
    boundary.timeout.as_ref().map(time)
}

/// How long one request may wait at this boundary, all its calls together. A deadline that travels
/// bounds each of them by what is left, whatever their own timeouts are.
fn in_all(boundary: &Boundary) -> Option<Duration> {
    if !is_timed(boundary) || boundary.deadline.is_some() {
        return None;
    }
    let calls = boundary.calls.as_ref().map_or(1, |it| it.get_ref().0);
    Some(own_timeout(boundary)?.saturating_mul(calls))
}
