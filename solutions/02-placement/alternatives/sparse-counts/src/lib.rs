//! Lab 2 solved with a third design.
//!
//! Rows are kept in one vector and cross to shards as one; counts cross as sorted pairs, merged like
//! sorted files. What rules a scope out is a bit in a mask. Curves are found by search, and so are peaks.

pub mod capacity;
pub mod place;
pub mod quantity;
pub mod scoring;
pub mod sharded;
pub mod usl;

// They use this crate's own types.
#[path = "../../../src/decision.rs"]
pub mod decision;
#[path = "../../../src/fabric.rs"]
pub mod fabric;
#[path = "../../../src/requirements.rs"]
pub mod requirements;

pub use ours::history;
