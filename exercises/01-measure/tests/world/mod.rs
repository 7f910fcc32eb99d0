//! What both parts of the grader stand on: a client or a server under test with the other side in the
//! test's hands, and handlers that do what they are told.

#![allow(dead_code, reason = "each part of the grader uses its own share")]

pub mod client;
pub mod frames;
pub mod handlers;
pub mod lessons;
pub mod samples;
pub mod server;
