//! What both parts of the grader stand on: a client or a server under test with the other side in the
//! test's hands, and handlers that do what they are told.

#![allow(dead_code, reason = "each part of the grader uses its own share")]

pub mod client;
pub mod frames;
pub mod handlers;
pub mod held;
pub mod lessons;
pub mod samples;
pub mod server;

/// What a single allocation may be while nothing large has arrived: a read may be given room of up to
/// 256 KiB, a buffer that still holds the start of a frame may double for it, and there is some slack.
pub const ROOM_BYTES: usize = 640 * 1024;
