//! The same work over shards.

mod broken;
mod parts;
mod whole;
