//! What a product needs besides the lesson: all faults in random orders against a small model, events that
//! overlap, and claims that cannot be true.

mod claims;

mod lines;

mod overlaps;

mod patience;

mod schedules;

#[path = "../world/mod.rs"]
mod world;
