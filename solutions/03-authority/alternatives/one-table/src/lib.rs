//! Lab 3 solved in a third way, to keep the grader honest: it must accept this too.
//!
//! Where our solution has a channel to the committer, a table for each purpose and a broadcast channel,
//! this one has a queue behind a lock, one table in which a key's first byte says what it is, and a
//! list of its own for each subscriber. None of that is visible at the edges, and so none of it may
//! matter to a test.
//!
//! In reading order:
//!
//! 1. [`fact`]: what is written, and what is decided
//! 2. [`authority`]: what callers hold
//! 3. `desk`: where writes wait
//! 4. [`group`]: many writers, one sync
//! 5. `shelf`: the table
//! 6. [`changes`]: telling the others

pub mod authority;
pub mod changes;
mod desk;
pub mod fact;
pub mod group;
mod shelf;
