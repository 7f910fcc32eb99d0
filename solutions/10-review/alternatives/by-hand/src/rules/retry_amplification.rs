//! B301, with the largest product kept by component.

use crate::graph::Graph;
use ledger::form::Boundary;
use ledger::{Finding, Ledger, Severity};
pub use ours::rules::retry_amplification::{Day, RULE, tries_on};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut graph = Graph::of(ledger);
    graph
        .calls
        .retain(|(from, to, _)| graph.group[*from] != graph.group[*to]);
    graph
        .calls
        .sort_by_key(|(from, _, _)| std::cmp::Reverse(graph.group[*from]));
    let days = [Day::Slow, Day::Absent];
    let mut arriving = vec![[1.0_f64; 2]; graph.groups];
    let mut found = Vec::new();
    for (from, to, boundary) in &graph.calls {
        let mut worst = 0.0_f64;
        for (at, day) in days.into_iter().enumerate() {
            let product = arriving[graph.group[*from]][at] * factor(boundary, day);
            let below = &mut arriving[graph.group[*to]][at];
            *below = below.max(product);
            if tries_on(boundary, day) > 1.0 {
                worst = worst.max(product);
            }
        }
        let severity = match worst {
            worst if worst > ledger.limits.tries_error => Severity::Error,
            worst if worst > ledger.limits.tries_warning => Severity::Warning,
            _ => continue,
        };
        if let Some(tries) = &boundary.tries {
            let names = [boundary.from.get_ref().as_str(), boundary.to.get_ref()];
            let finding = Finding::at(RULE, severity, tries).about(names);
            found.push(
                finding
                    .with_figure(worst)
                    .saying(format!("Up to {worst} calls.")),
            );
        }
    }
    found
}

fn factor(boundary: &Boundary, day: Day) -> f64 {
    let calls = boundary.calls.as_ref().map_or(1, |calls| calls.get_ref().0);
    f64::from(calls) * tries_on(boundary, day)
}
