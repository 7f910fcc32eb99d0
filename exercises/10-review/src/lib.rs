//! Lab 10, `review`: the boundary review.
//!
//! A ledger holds what people say of a system: its parts, what they decide, the lines between them and
//! what each line relieves and charges. This crate finds what in it cannot stay: two places that
//! decide one fact, a reply that waits for a worker, retries that multiply.
//!
//! It does not know whether an answer is true, and it does not look at the system. It can say which
//! answers cannot all be true, and which cannot be false.
//!
//! A rule is a pure function of the ledger. It prints nothing, ends nothing and reads no clock; what it
//! has found, and where, is in its [`Finding`]s. In reading order:
//!
//! - the crate `ledger`, in `exercises/given/ledger/src`: the file's form in `form.rs`, the values that stand
//!   in it in `value.rs`, and `finding.rs` (given)
//! - [`rules`]: one file a rule, of which four are examples that are given
//! - [`calls`]: the boundaries as a graph (given)
//! - [`steps`]: a flow's steps, and how long they take together

pub mod calls;
pub mod rules;
pub mod steps;

pub use ledger::{Finding, Ledger, Rule, Severity};

/// Everything that the rules of this crate find, the worst first and then as the ledger has it.
pub fn review(ledger: &Ledger) -> Vec<Finding> {
    let checks = rules::CHECKS.iter();
    let mut found: Vec<_> = checks.flat_map(|(_, check)| check(ledger)).collect();
    found.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.at.start));
    found
}
