//! The lesson: seven rules and a half, each with the fault that it finds and the twin on which it is
//! silent. The modules stand in the order of the chapter.
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
