//! B601: a copy that may be of any age (given).

use ledger::{Finding, Ledger, Rule, Severity};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B601",
    name: "unbounded-staleness",
    finds: "a copy that does not say how old it may be",
};

/// Finds them.
///
/// A copy whose name changes with its content is never stale.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let copies = ledger.copies.iter();
    let unbounded = copies.filter(|copy| copy.stale_at_most.is_none() && !copy.named_by_content);
    let found = unbounded.map(|copy| {
        let (of, at) = (copy.of.get_ref(), copy.at.get_ref());
        Finding::at(RULE, Severity::Error, &copy.at)
            .about([of.as_str(), at])
            .saying(format!(
                "How old may `{of}` be at `{at}`? Without `stale_at_most` nobody can rely on it."
            ))
    });
    found.collect()
}
