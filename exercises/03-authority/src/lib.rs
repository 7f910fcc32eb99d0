//! Lab 3: one source of truth.
//!
//! The progress store: the one place where it is decided how far a learner is. Everything else in the
//! platform may hold copies of what is decided here, and none of it can decide.
//!
//! In reading order:
//!
//! 1. [`fact`]: what is written, what is decided, and who can make which
//! 2. [`authority`]: what callers hold: the one who writes, and all the others
//! 3. `rows`: what a fact and a reply look like in the file
//! 4. [`store`]: one transaction for a group of writes, on an embedded engine
//! 5. `judge`: what a write is asked, and what is kept of it
//! 6. [`group`]: many writers, one sync
//! 7. [`changes`]: telling the others, without waiting for them
//!
//! It is not a database server: there is one process, one file and no query language. It is not
//! replicated either. What it has is what every authority needs, at any size: versions, a
//! compare-and-set, replies that are the same when a request is repeated, and a way to refuse a writer
//! that does not know that it has been replaced.

pub mod authority;
pub mod changes;
#[allow(dead_code, unused_imports, reason = "what you write uses them")]
pub mod fact;
#[allow(dead_code, unused_imports, reason = "what you write uses them")]
pub mod group;
#[allow(dead_code, unused_imports, reason = "what you write uses them")]
mod judge;
#[allow(dead_code, unused_imports, reason = "what you write uses them")]
mod rows;
#[allow(dead_code, unused_imports, reason = "what you write uses them")]
pub mod store;
