//! Grades lab 2's lesson. Each module is a stage of the chapter, in its order:
//!
//! 1. `scoring`: one competent thread
//! 2. `shards`: the same result over shards, or none
//! 3. `figures`: what can be calculated with, and which pressure counts
//! 4. `place`: the narrowest scope without an objection, and the reasons
//!
//! Nothing here is measured: cost is counted, in rows read, rounds made and bytes sent.

mod scoring;

mod shards;

mod figures;

mod place;

#[path = "../world/mod.rs"]
mod world;
