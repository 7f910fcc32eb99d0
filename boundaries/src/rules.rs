//! Every rule, with what finds it and with its page.

use ledger::rules::unresolved::suggestion;
use ledger::rules::{self as entry, Check};
use ledger::{Date, Finding, Ledger, Rule};

/// A waiver or a baseline entry that matches nothing, or is not complete.
pub const STALE: Rule = Rule {
    id: "B902",
    name: "stale-exception",
    finds: "a waiver that is incomplete or matches nothing, or a baseline entry whose finding is gone",
};

/// A rule and its page, which `explain` prints and from which the tests take their examples.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The rule.
    pub rule: Rule,
    /// Its page, in Markdown.
    pub page: &'static str,
}

macro_rules! page {
    ($rule:expr, $file:literal) => {
        Known {
            rule: $rule,
            page: include_str!(concat!("../rules/", $file, ".md")),
        }
    };
}

use review::rules as system;

/// All rules, by their ids.
pub const ALL: [Known; 24] = [
    page!(system::double_authority::RULE, "B101"),
    page!(entry::no_authority::RULE, "B102"),
    page!(system::cache_as_database::RULE, "B103"),
    page!(system::view_decides::RULE, "B104"),
    page!(system::async_in_contract::RULE, "B201"),
    page!(system::distributed_monolith::RULE, "B202"),
    page!(system::dual_write::RULE, "B203"),
    page!(entry::module_would_do::RULE, "B204"),
    page!(system::retry_amplification::RULE, "B301"),
    page!(system::timeout_missing::RULE, "B302"),
    page!(system::timeouts_fit::RULE, "B303"),
    page!(system::vague_pressure::RULE, "B401"),
    page!(entry::scope_wider::RULE, "B402"),
    page!(system::slow_unanswered::RULE, "B403"),
    page!(entry::fallback_untested::RULE, "B404"),
    page!(system::availability::RULE, "B501"),
    page!(system::latency::RULE, "B502"),
    page!(system::unbounded_staleness::RULE, "B601"),
    page!(entry::cold_cache::RULE, "B602"),
    page!(entry::identity_blind::RULE, "B603"),
    page!(entry::unresolved::RULE, "B900"),
    page!(entry::expired::RULE, "B901"),
    page!(STALE, "B902"),
    page!(entry::unconfirmed::RULE, "B903"),
];

/// Everything that the rules find on a day, except [`STALE`], which needs the others' findings.
pub fn findings(ledger: &Ledger, today: Date) -> Vec<Finding> {
    let checks = entry::CHECKS.iter().chain(&system::CHECKS);
    let mut found: Vec<_> = checks
        .flat_map(|(_, check): &Check| check(ledger))
        .collect();
    found.extend(entry::expired::check(ledger, today));
    found
}

/// The rule with this id or name, in upper or lower case; or the one that was probably meant.
///
/// # Errors
/// ` Did you mean …?`, or nothing.
pub fn named(name: &str) -> Result<Known, String> {
    let is = |known: &&Known| {
        known.rule.id.eq_ignore_ascii_case(name) || known.rule.name.eq_ignore_ascii_case(name)
    };
    let names = || {
        ALL.iter()
            .flat_map(|known| [known.rule.name, known.rule.id])
    };
    ALL.iter()
        .find(is)
        .copied()
        .ok_or_else(|| suggestion(&name.to_ascii_lowercase(), names()))
}
