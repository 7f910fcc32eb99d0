//! B901: a day that has passed.

use crate::finding::{Finding, Rule, Severity};
use crate::form::Ledger;
use crate::value::Date;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B901",
    name: "expired",
    finds: "a waiver or a review whose day has passed",
};

/// How many days before its last day a waiver is announced.
pub const ANNOUNCED_DAYS: i64 = 14;

/// Finds what has passed by `today`. On the last day it still holds.
pub fn check(ledger: &Ledger, today: Date) -> Vec<Finding> {
    let waivers = ledger.waivers.iter().filter_map(|waiver| {
        let day = waiver.expires.as_ref()?;
        let (rule, at) = (waiver.rule.get_ref(), waiver.at.get_ref());
        let finding = |severity| {
            Finding::at(RULE, severity, day).about(["waiver", rule.as_str(), at.as_str()])
        };
        let left = day.get_ref().days_since(today);
        if left < 0 {
            return Some(finding(Severity::Error).saying(format!(
                "The waiver of {rule} at {at} ended on {}. Fix the fault, or renew the waiver.",
                day.get_ref()
            )));
        }
        (left <= ANNOUNCED_DAYS).then(|| {
            finding(Severity::Note).saying(format!(
                "The waiver of {rule} at {at} ends on {}, in {left} days.",
                day.get_ref()
            ))
        })
    });
    let reviews = ledger.boundaries.iter().filter_map(|boundary| {
        let day = boundary.review_by.as_ref()?;
        (*day.get_ref() < today).then(|| {
            Finding::at(RULE, Severity::Error, day)
                .about([boundary.from.get_ref().as_str(), boundary.to.get_ref()])
                .saying(format!(
                    "This boundary was due for review by {}.",
                    day.get_ref()
                ))
        })
    });
    waivers.chain(reviews).collect()
}
