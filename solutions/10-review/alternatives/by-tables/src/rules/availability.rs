//! B501, computed with the share of requests that may fail.

use crate::table::rows;
use ledger::form::{Flow, Mode};
use ledger::{Finding, Ledger, Role, Severity};
pub use ours::rules::availability::RULE;
use std::collections::BTreeMap;

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger
        .flows
        .iter()
        .filter_map(|flow| of_flow(ledger, flow))
        .collect()
}

fn of_flow(ledger: &Ledger, flow: &Flow) -> Option<Finding> {
    let asked = flow.objective.as_ref()?;
    // Whether each part can fail separately from its caller: because of any step to it, or because
    // nothing calls it.
    let mut apart: BTreeMap<&str, bool> = BTreeMap::new();
    let required = rows(ledger, flow)
        .into_iter()
        .filter(|row| !row.step.is_optional());
    let required: Vec<_> = required.collect();
    for row in &required {
        let inside = row.boundary.is_some_and(|it| it.mode == Mode::InProcess);
        *apart.entry(row.to).or_default() |= !inside;
    }
    for row in &required {
        apart.entry(row.from).or_insert(true);
    }
    let parts = apart.into_iter().filter(|(_, apart)| *apart);
    let parts = parts.filter_map(|(name, _)| ledger.component(name));
    let parts = parts.filter(|part| part.role != Role::Client);
    let shares: Vec<f64> = parts
        .filter_map(|part| Some(part.objective.as_ref()?.get_ref().0))
        .collect();
    let product: f64 = shares.iter().product();
    let least = shares.iter().copied().fold(1.0, f64::min);
    let missed = |share: f64| asked.get_ref().0 - share > 1e-12;
    let severity = match (missed(least), missed(product)) {
        (true, _) => Severity::Error,
        (_, true) => Severity::Warning,
        _ => return None,
    };
    let finding = Finding::at(RULE, severity, asked).about([flow.name.get_ref().as_str()]);
    Some(
        finding
            .with_figure(product)
            .saying(format!("Its parts promise {product}.")),
    )
}
