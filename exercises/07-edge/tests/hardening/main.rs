//! What an edge needs in addition to the lesson before real people use it.
//!
//! `schedules` runs requests, writes, purges, failures and the clock in random order, and compares every
//! answer with a small model. The other modules judge what it does not reach.

mod addresses;
mod ages;
mod bounds;
mod conditions;
mod overlaps;
mod requests;
mod schedules;
mod vary;
mod wire;

#[path = "../world/mod.rs"]
mod world;
