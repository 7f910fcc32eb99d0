//! Lab 5: telling others, later.
//!
//! A fact is committed, and some parts of the platform have work to do because of it: analytics counts,
//! a letter is due, recommendations change. None of it may hold up the learner who completed a lesson,
//! and none of it may be lost or done twice.
//!
//! The path of an event, in reading order:
//!
//! 1. [`message`]: what travels
//! 2. [`outbox`]: rows that commit with the fact that they announce
//! 3. [`store`]: a small authority that owns those facts
//! 4. [`relay`]: from the outbox to the stream
//! 5. [`log_file`]: batches of records in a file
//! 6. [`stream`]: what was published, in order and durable
//! 7. [`effects`]: what the three workers do
//! 8. [`inbox`]: what a worker has done and has to remember
//! 9. [`worker`]: which record is next, when to try again, and when to give up
//!
//! Everything is a function call that returns: a relay takes one step, and so does a worker, which is
//! given the time. What calls again, and when, is up to a loop, a task or a test.
//!
//! It is not a broker. The log is one file that is never trimmed, readers and writers are in one
//! process, and a record waits for its reader without a limit.

pub mod effects;
pub mod inbox;
pub mod log_file;
pub mod message;
pub mod outbox;
pub mod relay;
pub mod store;
pub mod stream;
pub mod worker;
