//! Lab 7 with fetches that their waiters drive.
//!
//! No task owns a fetch: it is a future that whoever is left drives on, and that ends when nobody is. The
//! table holds it weakly. Whether it still counts is a mark of its own, which an invalidation sets; so
//! nothing is ever taken out of a table by number. The decisions are our solution's.

pub mod edge;
mod flights;

pub use ours::{decision, freshness, identity, settings, shelf, stored, validators};
