//! Grades lab 4's lesson. Each module is a stage of the chapter, in its order:
//!
//! 1. `staleness`: how old an answer may be
//! 2. `flights`: one load for all who miss, and no more loads than declared
//! 3. `late`: the fill that comes too late, and emptying
//! 4. `sessions`: what a learner was told
//! 5. `writes`: the cache acknowledges nothing; and its entry in the ledger
//!
//! Each test's comment opens with the invariant that it checks. The authority is played by the test: it
//! keeps its history, stops each load at a gate until it is told to let it go, and counts. Every test
//! runs in virtual time and judges what the cache's functions answer and what reaches the authority;
//! what a cache looks like inside is nobody's business here.

mod staleness;

mod flights;

mod late;

mod sessions;

mod writes;

#[path = "../world/mod.rs"]
mod world;
