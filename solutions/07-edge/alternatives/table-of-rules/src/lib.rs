//! Lab 7's decisions as lists of objections and limits, instead of conditions.
//!
//! A response is kept if nothing objects. It is served while its age is below the lowest limit that
//! either side sets. The server is our solution's.

pub mod decision;
pub mod freshness;
pub mod identity;
pub mod validators;

pub use ours::{edge, settings, shelf, stored};
