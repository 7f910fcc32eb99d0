//! B903: an imported entry that nobody has confirmed.

use crate::finding::{Finding, Rule, Severity};
use crate::form::Ledger;
use toml::Spanned;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B903",
    name: "unconfirmed",
    finds: "an imported entry that still says `confirmed = false`",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let parts = ledger.components.iter().map(|component| {
        let names = vec![component.name.get_ref().as_str()];
        (
            component.confirmed.as_ref(),
            component.origin.as_ref(),
            names,
        )
    });
    let lines = ledger.boundaries.iter().map(|boundary| {
        let names = vec![boundary.from.get_ref().as_str(), boundary.to.get_ref()];
        (boundary.confirmed.as_ref(), boundary.origin.as_ref(), names)
    });
    let open = |(confirmed, origin, names): (
        Option<&Spanned<bool>>,
        Option<&String>,
        Vec<&str>,
    )| {
        let confirmed = confirmed.filter(|confirmed| !confirmed.get_ref())?;
        let from = origin.map_or(String::new(), |origin| format!(" ({origin})"));
        let finding = Finding::at(RULE, Severity::Note, confirmed).about(names);
        Some(finding.saying(format!(
            "This was imported{from} and not confirmed. If the call exists, remove this line. If not, \
             remove the entry: a start order or an address is not a call."
        )))
    };
    parts.chain(lines).filter_map(open).collect()
}
