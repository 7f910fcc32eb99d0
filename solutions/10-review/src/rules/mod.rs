//! The rules, one file each. [`timeout_missing`], [`slow_unanswered`], [`unbounded_staleness`] and
//! [`view_decides`] are given as examples of the form.

pub mod async_in_contract;
pub mod availability;
pub mod cache_as_database;
pub mod distributed_monolith;
pub mod double_authority;
pub mod dual_write;
pub mod latency;
pub mod retry_amplification;
pub mod slow_unanswered;
pub mod timeout_missing;
pub mod timeouts_fit;
pub mod unbounded_staleness;
pub mod vague_pressure;
pub mod view_decides;

use ledger::rules::Check;

/// Every rule of this crate, by its id.
pub const CHECKS: [Check; 14] = [
    (double_authority::RULE, double_authority::check),
    (cache_as_database::RULE, cache_as_database::check),
    (view_decides::RULE, view_decides::check),
    (async_in_contract::RULE, async_in_contract::check),
    (distributed_monolith::RULE, distributed_monolith::check),
    (dual_write::RULE, dual_write::check),
    (retry_amplification::RULE, retry_amplification::check),
    (timeout_missing::RULE, timeout_missing::check),
    (timeouts_fit::RULE, timeouts_fit::check),
    (vague_pressure::RULE, vague_pressure::check),
    (slow_unanswered::RULE, slow_unanswered::check),
    (availability::RULE, availability::check),
    (latency::RULE, latency::check),
    (unbounded_staleness::RULE, unbounded_staleness::check),
];
