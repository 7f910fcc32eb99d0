//! What grades lab 6, the lesson: one module per stage, in the order of the chapter.
//!
//! Each test's comment opens with the invariant that it checks. The test plays the log, store, authority
//! and mail provider, and counts calls; tests judge rows, watermarks, counts and what is served, never
//! what a view looks like inside.

#[path = "../world/mod.rs"]
mod world;

// In the order of the stages; the blank lines keep rustfmt from sorting them.
mod fold;

mod served;

mod replay;

mod rebuild;

mod apart;
