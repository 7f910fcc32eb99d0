//! Rules that look at one entry at a time: whether an answer is there, and whether its parts agree.
//!
//! One file per rule. Each is a pure function of the ledger (and of the date, if that matters), and each
//! finding points at the value that is wrong, or at the name of the entry that lacks one.

pub mod cold_cache;
pub mod expired;
pub mod fallback_untested;
pub mod identity_blind;
pub mod module_would_do;
pub mod no_authority;
pub mod scope_wider;
pub mod unconfirmed;
pub mod unresolved;

use crate::finding::{Finding, Rule};
use crate::form::Ledger;

/// A rule and what finds it.
pub type Check = (Rule, fn(&Ledger) -> Vec<Finding>);

/// The rules of this module, except [`expired`], which needs to know the date.
pub const CHECKS: [Check; 8] = [
    (no_authority::RULE, no_authority::check),
    (module_would_do::RULE, module_would_do::check),
    (scope_wider::RULE, scope_wider::check),
    (fallback_untested::RULE, fallback_untested::check),
    (cold_cache::RULE, cold_cache::check),
    (identity_blind::RULE, identity_blind::check),
    (unresolved::RULE, unresolved::check),
    (unconfirmed::RULE, unconfirmed::check),
];
