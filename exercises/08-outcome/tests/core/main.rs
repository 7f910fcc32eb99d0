//! The lesson of lab 8: one module per stage, in the order of the chapter.
//!
//! Each test's comment opens with the invariant that it checks. The first stage judges pure functions, the
//! next two run in virtual time over a transport whose every try has a scripted fate, and the last two watch a
//! wallet's books: at the end it is the durable changes that count.

mod knowledge;

mod deadlines;

mod tries;

mod effects;

mod connection;

#[path = "../world/mod.rs"]
mod world;
