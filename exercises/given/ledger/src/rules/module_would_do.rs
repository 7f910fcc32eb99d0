//! B204: a network between two parts that one team deploys together.

use crate::finding::{Finding, Rule, Severity};
use crate::form::{Component, Ledger, Mode, PressureKind};
use toml::Spanned;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B204",
    name: "module-would-do",
    finds: "a network boundary whose only pressure is ownership, between parts of one owner or one release",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let boundaries = ledger
        .boundaries
        .iter()
        .filter(|it| it.mode == Mode::Network);
    let found = boundaries.filter_map(|boundary| {
        let kind = boundary.pressure.as_ref()?.kind;
        let from = ledger.component(boundary.from.get_ref())?;
        let to = ledger.component(boundary.to.get_ref())?;
        let (what, which) = shared(from, to)?;
        (kind == PressureKind::Ownership).then(|| {
            Finding::at(RULE, Severity::Warning, &boundary.to)
                .about([boundary.from.get_ref().as_str(), boundary.to.get_ref()])
                .see(which, format!("the same {what}"))
                .saying(format!(
                    "The only pressure is ownership, and both sides have the {what} `{}`. A module \
                     with its own interface separates them as well, at the cost of a function call.",
                    which.get_ref()
                ))
        })
    });
    found.collect()
}

/// What the two have in common although ownership is meant to separate them.
fn shared<'a>(
    one: &Component,
    other: &'a Component,
) -> Option<(&'static str, &'a Spanned<String>)> {
    let same = |a: &Option<Spanned<String>>, b: &'a Option<Spanned<String>>| {
        let (a, b) = (a.as_ref()?, b.as_ref()?);
        (a.get_ref() == b.get_ref()).then_some(b)
    };
    same(&one.owner, &other.owner)
        .map(|owner| ("owner", owner))
        .or_else(|| same(&one.release, &other.release).map(|release| ("release", release)))
}
