//! Grades what a product needs besides lab 4's lesson:
//!
//! - `schedules`: reads, loads, notices, writes, readers that leave, errors and time, in any order, compared with a
//!   model
//! - `instants`: the bound itself
//! - `queue`: loads that wait for a place
//! - `floors`: what a session remembers, for how long, and what a read makes of it
//! - `bound`: memory, and settings at their limits
//! - `panics`: a source that panics
//! - `threads`, `collisions`: two threads at once, and two that meet in one instant
//! - `crossings`: the cache over lab 1's call

mod bound;
mod collisions;
mod crossings;
mod floors;
mod instants;
mod panics;
mod queue;
mod schedules;
mod threads;
#[path = "../world/mod.rs"]
mod world;
