//! Lab 1 solved in another way, to keep the grader honest: it must accept this too.
//!
//! Where our solution has one task that owns the stream and everything about it, this one shares a
//! table behind a lock; where ours lets a set of handlers fill up, this one counts permits; where
//! ours keeps a histogram, this one keeps every sample. None of that is visible at the edges, and so
//! none of it may matter to a test.

pub mod client;
pub mod frame;
pub mod progress;
pub mod samples;
pub mod server;
