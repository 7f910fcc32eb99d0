//! Grades what a product needs besides lab 3's lesson:
//!
//! - `schedules`: any order of calls, syncs, crashes and failures that overlap, against a model
//! - `crashes`: a long life, a crash at every point, and a second one during the recovery
//! - `retention`: how long a reply is kept, and what it costs
//! - `places`: a full queue, and callers who come, wait and go
//! - `independence`: what those who listen hear, and what they cost
//! - `days`: a full disk, and values at their limits
//! - `files`: a file that is damaged, of somebody else, half made, or open elsewhere
//! - `roles`: what no other role may do does not compile
//! - `kill`: a real process, really killed

mod crashes;
mod days;
mod files;
mod independence;
mod kill;
mod places;
mod retention;
mod roles;
mod schedules;
#[path = "../world/mod.rs"]
mod world;
