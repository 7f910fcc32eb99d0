//! B403: a boundary whose slow day nobody has thought about (given).

use ledger::{Finding, Ledger, Rule, Severity, answered};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B403",
    name: "slow-unanswered",
    finds: "a boundary that does not say what happens when the other side is slow, or gives the same \
        answer for its absence",
};

/// Finds them.
///
/// An in-process boundary without a `fallback` is not a finding: it has no slow day of its own.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let found = ledger.boundaries.iter().filter_map(|boundary| {
        let (from, to) = (boundary.from.get_ref(), boundary.to.get_ref());
        let names = [from.as_str(), to];
        let days = boundary.fallback.as_ref();
        if days.is_none() && boundary.mode == ledger::form::Mode::InProcess {
            return None;
        }
        let written = days.and_then(|days| days.when_slow.as_ref());
        let slow = written.and_then(|slow| answered(slow.get_ref()));
        let absent = days.and_then(|days| days.when_absent.as_ref());
        let absent = absent.and_then(|absent| answered(absent.get_ref()));
        match (written, slow) {
            (None, _) => Some(
                Finding::at(RULE, Severity::Error, &boundary.from)
                    .about(names)
                    .saying(format!("What happens when `{to}` is slow? Nobody has said.")),
            ),
            (Some(written), None) => Some(
                Finding::at(RULE, Severity::Error, written)
                    .about(names)
                    .saying(format!("What happens when `{to}` is slow? This is no answer.")),
            ),
            (Some(written), Some(slow)) => {
                let same = absent.is_some_and(|absent| absent.eq_ignore_ascii_case(slow));
                same.then(|| {
                    Finding::at(RULE, Severity::Error, written)
                        .about(names)
                        .saying(
                            "Slow and absent have the same answer. An absent layer fails at once; a \
                             slow one keeps every caller waiting, or lets the backlog grow.",
                        )
                })
            }
        }
    });
    found.collect()
}
