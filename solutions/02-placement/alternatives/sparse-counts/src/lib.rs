//! Lab 2 solved in a third way.
//!
//! Rows are kept in one vector and cross to shards as one; counts cross as sorted pairs, merged like
//! sorted files. What rules a scope out is a bit in a mask, and one reason for each narrower scope is
//! enough. Curves are found by search, and so are peaks.

pub mod capacity;
pub mod place;
pub mod quantity;
pub mod scoring;
pub mod sharded;
pub mod usl;

// They speak of this crate's own types.
#[path = "../../../src/fabric.rs"]
pub mod fabric;
#[path = "../../../src/requirements.rs"]
pub mod requirements;

// For the form of a decision, which the lab gives; the decision itself is made anew.
#[expect(dead_code, reason = "the solution's own decision")]
#[path = "../../../src/place.rs"]
mod given;

pub use ours::history;
