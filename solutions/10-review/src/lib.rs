//! Lab 10, `review`: the boundary review.
//!
//! A ledger holds what people say about a system: its parts, what they decide, the boundaries between
//! them and what each boundary relieves and costs. This crate finds what is wrong in it: two places that
//! decide one fact, a reply that waits for a worker, retries that multiply.
//!
//! It does not know whether an answer is true, and it does not look at the system. It can report which
//! answers cannot all be true, and which could never be false.
//!
//! A rule is a pure function of the ledger. It prints nothing, exits nothing and reads no clock; its
//! [`Finding`]s hold what it has found, and where. In reading order:
//!
//! - [`rules`]: one file per rule, four of them given as examples
//! - [`calls`]: the boundaries as a graph (given)
//! - [`steps`]: a flow's steps, and how long they take together

pub mod calls;
pub mod rules;
pub mod steps;

pub use ledger::{Finding, Ledger, Rule, Severity};

/// Everything that the rules of this crate find, the worst first and then in the order of the ledger.
pub fn review(ledger: &Ledger) -> Vec<Finding> {
    let checks = rules::CHECKS.iter();
    let mut found: Vec<_> = checks.flat_map(|(_, check)| check(ledger)).collect();
    found.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.at.start));
    found
}
