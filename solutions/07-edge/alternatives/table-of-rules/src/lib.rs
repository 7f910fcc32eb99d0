//! Lab 7's decisions as lists of objections and limits, in place of conditions.
//!
//! A response is kept if nobody objects. It is served as long as its age is below the lowest limit that
//! anybody has set. The server is our solution's.

pub mod decision;
pub mod freshness;
pub mod identity;
pub mod validators;

pub use ours::{edge, settings, shelf, stored};
