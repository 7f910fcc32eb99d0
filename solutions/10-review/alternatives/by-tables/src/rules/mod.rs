//! The rules that are solved differently, and the others.

pub mod availability;
pub mod dual_write;
pub mod latency;
pub mod timeouts_fit;

pub use ours::rules::{
    async_in_contract, cache_as_database, distributed_monolith, double_authority,
    retry_amplification, slow_unanswered, timeout_missing, unbounded_staleness, vague_pressure,
    view_decides,
};

use ledger::rules::Check;

/// Every rule, by its id.
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
