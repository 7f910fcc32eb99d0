//! The lesson: seven and a half rules, each with the fault that it finds and a similar ledger without
//! it, on which the rule is silent. The modules are in the order of the chapter.
//!
//! What a finding has to point at is marked as `⟦…⟧` in the ledgers of these tests.

#[path = "../world/mod.rs"]
#[allow(dead_code, reason = "hardening uses the rest")]
mod world;

mod entry;

mod replies;

mod tries;

mod timeouts;

mod availability;
