//! What an edge needs besides the lesson, to stand in front of people.
//!
//! `schedules` throws requests, writes, purges, failures and the clock together in random order, and holds
//! every answer against a small model. The other modules judge what it does not reach.

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
