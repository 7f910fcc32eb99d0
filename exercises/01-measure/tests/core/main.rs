//! Grades lab 1's lesson. Each module is a stage of the chapter, in its order:
//!
//! 1. `frames`: bytes to messages, and back
//! 2. `calls`: one connection, many callers, and what silence means
//! 3. `server`: many requests at once, within a bound
//! 4. `batch`: one crossing, one write
//! 5. `samples`: what calls cost, with nothing left out
//!
//! Each test's comment opens with the invariant that it checks. Every test runs in virtual time over
//! a link in memory, so that nothing here depends on how fast or how busy the machine is; and every
//! test judges what the code does at its edges, so that a different design is as welcome as ours.

mod frames;

mod calls;

mod server;

mod batch;

mod samples;

#[path = "../world/mod.rs"]
mod world;
