//! Lab 7 with fetches that are polled by the requests that wait for them.
//!
//! No task owns a fetch: it is a future that any remaining request polls, and that is dropped when none
//! is left. The table holds it weakly. A separate mark, which an invalidation sets, says whether it
//! still counts; so nothing is ever taken out of a table by number. The decisions are our solution's.

pub mod edge;
mod flights;

pub use ours::{decision, freshness, identity, settings, shelf, stored, validators};
