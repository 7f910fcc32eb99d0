//! Grades what a product needs in addition to lab 5's lesson:
//!
//! - `schedules`: any order of commands, relays, workers, faults, crashes and time, against a model
//! - `chain`: a crash at every point from the commit to the offset, twice
//! - `relays`: two relays by mistake, in every way in which they can overlap
//! - `damage`: files that were cut, damaged, full, or written by a process that was killed
//! - `workers`: the platform's three, and one that is slow, poisoned or dead for a day
//! - `bounds`: windows, backlogs and settings at their limits

mod bounds;
mod chain;
mod damage;
mod platform;
mod relays;
mod schedules;
mod workers;
#[path = "../world/mod.rs"]
mod world;
