//! B302: a remote call that may wait for ever (given).

use ledger::{Finding, Ledger, Rule, Severity};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B302",
    name: "timeout-missing",
    finds: "a synchronous call that leaves the process and has no timeout",
};

/// Finds them.
///
/// A function call needs no timeout: whatever stops one side stops the other. Neither does a call with a
/// deadline that travels. The key is missing, so the finding points at the name of the entry.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let calls = ledger.boundaries.iter().filter(|boundary| {
        boundary.mode.is_remote_call() && boundary.timeout.is_none() && boundary.deadline.is_none()
    });
    let found = calls.map(|boundary| {
        let (from, to) = (boundary.from.get_ref(), boundary.to.get_ref());
        Finding::at(RULE, Severity::Error, &boundary.from)
            .about([from.as_str(), to])
            .saying(format!(
                "`{from}` waits for `{to}` without a `timeout`: when `{to}` is slow, so is everybody."
            ))
    });
    found.collect()
}
