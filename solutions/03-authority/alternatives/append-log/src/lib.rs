//! Lab 3 solved in another way, to keep the grader honest: it must accept this too.
//!
//! Where our solution leaves the file to an engine, this one has a log of its own: what has been
//! accepted is appended, and read into memory when the store is opened. What an engine has to do
//! besides is then in plain sight: to tell a torn tail from damage, to stop growing, and to say
//! nothing of a group before the disk has it.
//!
//! In reading order:
//!
//! 1. [`fact`]: what is written, and what is decided
//! 2. [`authority`]: what callers hold
//! 3. `state`: what is true, in memory, and the judge
//! 4. [`group`]: many writers, one sync
//! 5. `frame`, `slot` and `log`: the file
//! 6. [`changes`]: telling the others

pub mod authority;
pub mod changes;
pub mod fact;
mod frame;
pub mod group;
mod log;
mod slot;
mod state;
