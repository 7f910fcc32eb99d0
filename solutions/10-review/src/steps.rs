//! A flow's steps, and how long they take together.

use ledger::form::{Flow, Step};
use std::collections::HashMap;
use std::time::Duration;

/// The steps that a user waits for.
pub fn before_reply(flow: &Flow) -> impl Iterator<Item = &Step> {
    flow.steps.iter().filter(|step| !step.after_reply)
}

/// The component at which the flow begins.
pub fn entrance(flow: &Flow) -> Option<&str> {
    flow.steps.first().map(|step| step.from.get_ref().as_str())
}

/// How long these steps take, if each takes what `wait` returns.
pub fn together<'a>(
    steps: impl IntoIterator<Item = &'a Step>,
    wait: impl Fn(&Step) -> Duration,
) -> Duration {
    let mut in_turn = Duration::ZERO;
    let mut at_once: HashMap<&str, Duration> = HashMap::new();
    for step in steps {
        match &step.parallel {
            None => in_turn = in_turn.saturating_add(wait(step)),
            Some(group) => {
                let longest = at_once.entry(group.get_ref()).or_default();
                *longest = (*longest).max(wait(step));
            }
        }
    }
    at_once
        .into_values()
        .fold(in_turn, Duration::saturating_add)
}
