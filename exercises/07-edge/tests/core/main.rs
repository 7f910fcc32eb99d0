//! The lesson of lab 7: one module per stage, in the order of the chapter.
//!
//! Each test's comment opens with the invariant that it checks. The first modules judge pure functions;
//! the last two run the edge in virtual time, in front of an origin that the test controls.

mod identity;

mod freshness;

mod validators;

mod staleness;

mod misses;

mod writes;

#[path = "../world/mod.rs"]
mod world;
