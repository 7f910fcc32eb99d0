//! The tool behind `cargo course`: it builds and serves the book, grades a reader's labs, runs the
//! ladder of measurements, and proves that the course itself is sound.
//!
//! It does not grade: `cargo test` in `exercises/` does that alone. This crate only explains a verdict,
//! and makes sure that the tests deserve to be trusted.
//!
//! In reading order:
//!
//! - [`repo`]: where things are.
//! - [`lab`]: what a lab says about itself, in `lab.toml`, hints, mistakes and test comments.
//! - [`book`]: our directives in the book's pages, and the check of the built book.
//! - `grade`: runs a lab's tests and says which invariants hold.
//! - `memory`: what is remembered of the last grade, and whether it is still that of these files.
//! - `way`: where the reader stands in the whole course, and the next step.
//! - `verify`: starters fail, solutions pass, every known mistake is caught.
//! - `serve`: the book in a browser, with live reload and live grades.
//! - `platform`: builds and starts the running platform.
//! - `cli`: the command line.
//!
//! Without the feature `tool`, only what the mdBook preprocessor needs is left.

pub mod book;
pub mod lab;
pub mod repo;

#[cfg(feature = "tool")]
pub mod cli;
#[cfg(feature = "tool")]
pub mod grade;
#[cfg(feature = "tool")]
pub mod measure;
#[cfg(feature = "tool")]
pub mod serve;
#[cfg(feature = "tool")]
pub mod starter;
#[cfg(feature = "tool")]
pub mod verify;

#[cfg(feature = "tool")]
mod cargo;
#[cfg(feature = "tool")]
mod check;
#[cfg(feature = "tool")]
mod conformance;
#[cfg(feature = "tool")]
mod hint;
#[cfg(feature = "tool")]
mod memory;
#[cfg(feature = "tool")]
#[cfg(feature = "tool")]
mod platform;
#[cfg(feature = "tool")]
mod process;
#[cfg(feature = "tool")]
mod reset;
#[cfg(feature = "tool")]
mod terminal;
#[cfg(feature = "tool")]
mod way;
