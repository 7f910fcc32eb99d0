//! Grading and verifying, on a miniature course: sound, and with every fault planted that the tool
//! promises to find.
#![cfg(feature = "tool")]

mod check;
mod course;
mod faults;
mod hint_and_reset;
mod real_use;
mod stages;
mod status;
mod update;
mod verify;
