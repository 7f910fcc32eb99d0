//! What grades lab 6, the lesson: one module a stage, in the order of the chapter.
//!
//! Each test's comment opens with the invariant that it checks. Log, store, authority and mail provider are
//! played by the test, and count; tests judge rows, watermarks, counts and what is served. What a view looks
//! like inside is nobody's business here.

#[path = "../world/mod.rs"]
mod world;

// In the order of the stages, which blank lines keep.
mod fold;

mod served;

mod replay;

mod rebuild;

mod apart;
