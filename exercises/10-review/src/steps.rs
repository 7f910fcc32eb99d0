//! A flow's steps, and how long they take together.

use ledger::form::{Flow, Step};
use std::time::Duration;

/// The steps that a user waits for (given).
pub fn before_reply(flow: &Flow) -> impl Iterator<Item = &Step> {
    flow.steps.iter().filter(|step| !step.after_reply)
}

/// The component at which the flow begins (given).
pub fn entrance(flow: &Flow) -> Option<&str> {
    flow.steps.first().map(|step| step.from.get_ref().as_str())
}

/// How long these steps take, if each takes what `wait` returns.
///
/// - Steps happen one after another, and add up.
/// - Steps with the same name in `parallel` happen at the same time: they take as long as the longest of
///   them. Two groups happen one after the other.
/// - A sum that no [`Duration`] can hold is [`Duration::MAX`].
pub fn together<'a>(
    steps: impl IntoIterator<Item = &'a Step>,
    wait: impl Fn(&Step) -> Duration,
) -> Duration {
    let _ = (steps.into_iter(), wait);
    todo!("Add up the steps, and take only the longest of each group.")
}
