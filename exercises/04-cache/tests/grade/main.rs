//! What grades lab 4.
//!
//! Each test's comment opens with the invariant that it checks. The authority is played by the test: it
//! keeps its history, stops each load at a gate until it is told to let it go, and counts. Every test
//! runs in virtual time and judges what the cache's functions answer and what reaches the authority;
//! what a cache looks like inside is nobody's business here.

mod authority;
mod bound;
mod crossings;
mod errors;
mod flights;
mod floors;
mod keys;
mod late;
mod ledger;
mod places;
mod plain;
mod queue;
mod schedules;
mod sessions;
mod staleness;
mod vanish;
mod world;
mod writes;
