//! The server, with a grader of the test's own: no cargo, no clock, no fixed port.
//!
//! Nothing here sleeps. A test listens to the event stream before it changes a file, and reads on
//! until what it waits for has happened; a deadline ends it if that never comes.
#![cfg(feature = "tool")]

mod book;
mod doors;
#[path = "../fixture/mod.rs"]
mod fixture;
mod grades;
mod listening;
