//! B401: a pressure that no measurement could show to be gone.

use ledger::form::{Boundary, Mode, Pressure};
use ledger::{Finding, Ledger, Rule, Severity, Spanned, answered};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B401",
    name: "vague-pressure",
    finds: "a boundary whose pressure has no metric, figure, unit or dated evidence",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger.boundaries.iter().filter_map(vague).collect()
}

fn vague(boundary: &Boundary) -> Option<Finding> {
    let names = [boundary.from.get_ref().as_str(), boundary.to.get_ref()];
    let Some(pressure) = &boundary.pressure else {
        // In-process is the default, and needs no reason.
        return (boundary.mode != Mode::InProcess).then(|| {
            Finding::at(RULE, Severity::Error, &boundary.from)
                .about(names)
                .saying("Which pressure does this boundary relieve? Nobody has said.")
        });
    };
    let (severity, place, message) = first_gap(pressure)?;
    let place = place.unwrap_or_else(|| boundary.from.span());
    let mut finding = Finding::at(RULE, severity, &boundary.from)
        .about(names)
        .saying(message);
    finding.at = place;
    Some(finding)
}

type Gap = (Severity, Option<std::ops::Range<usize>>, &'static str);

/// The first part of the answer that is missing. Evidence comes last, and is only a warning: the source
/// of a figure can still be found, but a source without a figure is not a pressure.
fn first_gap(pressure: &Pressure) -> Option<Gap> {
    let (error, warning) = (Severity::Error, Severity::Warning);
    let span = |text: &Option<Spanned<String>>| text.as_ref().map(Spanned::span);
    let missing = |text: &Option<Spanned<String>>| {
        let text = text.as_ref();
        text.is_none_or(|text| answered(text.get_ref()).is_none())
    };
    let value_at = pressure.value.as_ref().map(Spanned::span);
    let value = pressure.value.as_ref().map(Spanned::get_ref);
    if missing(&pressure.metric) {
        let message = "The pressure has no `metric`: what would show that it is there?";
        return Some((error, span(&pressure.metric), message));
    }
    if value.is_none_or(|value| answered(&value.text).is_none() || !value.has_figure()) {
        let message =
            "The pressure has no figure in its `value`, so nothing can show that it is gone.";
        return Some((error, value_at, message));
    }
    if value.is_some_and(|value| !value.has_unit()) && missing(&pressure.unit) {
        let message = "The pressure's figure has no unit: of what, and in which time?";
        return Some((error, value_at, message));
    }
    if missing(&pressure.evidence) {
        let message = "The pressure's figure has no `evidence`: where can it be looked up?";
        return Some((warning, span(&pressure.evidence).or(value_at), message));
    }
    if pressure.measured.is_none() {
        let message = "The pressure's evidence has no day, `measured`: how old is it?";
        return Some((warning, span(&pressure.evidence), message));
    }
    None
}
