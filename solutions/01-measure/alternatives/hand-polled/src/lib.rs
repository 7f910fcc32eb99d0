//! Lab 1 solved in a third way, to keep the grader honest: it must accept this too.
//!
//! There is no channel and no `select!` in the client: one state stands under a lock, a call is a future
//! that looks at it, and whoever changes it wakes who has to know. The server polls its handlers in the
//! task that serves, and spawns nothing. The recorder counts in a map.

pub mod client;
pub mod frame;
pub mod progress;
pub mod samples;
pub mod server;
