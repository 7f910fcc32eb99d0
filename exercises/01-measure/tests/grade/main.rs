//! What grades lab 1.
//!
//! Each test's comment opens with the invariant that it checks. Every test runs in virtual time over
//! a link in memory, so that nothing here depends on how fast or how busy the machine is; and every
//! test judges what the code does at its edges, so that another design is as welcome as ours.

#![allow(
    clippy::drop_non_drop,
    reason = "the starter's client has nothing to drop yet"
)]

mod batch;
mod client;
mod frame;
mod handlers;
mod samples;
mod server;
mod together;
