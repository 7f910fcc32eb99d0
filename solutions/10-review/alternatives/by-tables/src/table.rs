//! A flow's steps as rows.

use ledger::form::{Boundary, Flow, Ledger, Mode, Step};
use std::time::Duration;

/// A step before the reply.
pub struct Row<'a> {
    pub step: &'a Step,
    pub boundary: Option<&'a Boundary>,
    pub from: &'a str,
    pub to: &'a str,
}

/// The rows of a flow, in its order.
pub fn rows<'a>(ledger: &'a Ledger, flow: &'a Flow) -> Vec<Row<'a>> {
    let waited = flow.steps.iter().filter(|step| !step.after_reply);
    let row = |step: &'a Step| Row {
        step,
        boundary: ledger.crossed_by(step),
        from: step.from.get_ref(),
        to: step.to.get_ref(),
    };
    waited.map(row).collect()
}

/// What rows take together: those without a group one by one, and the longest of each group.
pub fn sum<'a>(
    rows: impl Iterator<Item = &'a Row<'a>>,
    of: impl Fn(&Boundary) -> Duration,
) -> Duration {
    let mut all: Vec<(Option<&str>, Duration)> = rows
        .map(|row| {
            let group = row.step.parallel.as_ref().map(|it| it.get_ref().as_str());
            (group, row.boundary.map(&of).unwrap_or_default())
        })
        .collect();
    all.sort_unstable();
    // Sorted, the longest of a group comes last.
    let same =
        |a: &(Option<&str>, Duration), b: &(Option<&str>, Duration)| a.0.is_some() && a.0 == b.0;
    let longest = all.chunk_by(same).filter_map(|group| group.last());
    longest.fold(Duration::ZERO, |sum, (_, longest)| {
        sum.saturating_add(*longest)
    })
}

/// How many calls a boundary makes for one request.
pub fn calls(boundary: &Boundary) -> u32 {
    boundary.calls.as_ref().map_or(1, |calls| calls.get_ref().0)
}

/// How long one request may wait at a boundary that has its own timeout.
pub fn wait(boundary: &Boundary) -> Duration {
    if boundary.mode == Mode::Asynchronous || boundary.deadline.is_some() {
        return Duration::ZERO;
    }
    let timeout = boundary
        .timeout
        .as_ref()
        .map_or(Duration::ZERO, |it| it.get_ref().0);
    timeout.saturating_mul(calls(boundary))
}
