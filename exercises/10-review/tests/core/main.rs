//! The lesson: seven rules, each with the fault that it finds and the twin on which it is silent.
//!
//! What a finding has to point at is marked as `⟦…⟧` in the ledgers of these tests.

#[path = "../world/mod.rs"]
#[allow(dead_code, reason = "hardening uses the rest")]
mod world;

mod availability;
mod entries;
mod replies;
mod timeouts;
mod tries;
