//! Grades what a product needs besides lab 1's lesson:
//!
//! - `schedules`: any order of calls, cancellations, replies, silences and ends, against a model
//! - `replies`: whose reply a reply is, over a long life
//! - `callers`: those who leave, sleep, and wait for each other
//! - `writing`: one frame, in one write, flushed, and at once
//! - `silence`: what a caller knows, whatever ends the connection and whenever
//! - `handlers`: those that fail, and those that take their time
//! - `bounds`: how much work the server accepts
//! - `partings`: how a conversation ends for the server when its stream fails
//! - `batches`: in parts, of which some fail, or are answered about something else
//! - `recorders`: merged, full, or on an odd schedule

#![allow(
    clippy::drop_non_drop,
    reason = "a client of another design may have nothing to drop"
)]

mod batches;
mod bounds;
mod callers;
mod handlers;
mod partings;
mod recorders;
mod replies;
mod schedules;
mod silence;
#[path = "../world/mod.rs"]
mod world;
mod writing;
