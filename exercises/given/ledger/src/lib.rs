//! The ledger: which boundaries a system has, and what each of them is for.
//!
//! A diagram shows that there is a line. It does not say what the line relieves, what it charges, who
//! is right when its two sides differ, and what happens on a bad day. Those answers are what a review
//! is about, and they get lost because nothing asks for them. So the course keeps one file,
//! `boundaries.toml`, that does ask; each chapter adds its boundary to it.
//!
//! In reading order:
//!
//! - [`form`] is the file's form, as types
//! - [`check`] tells an answer from a wish
//! - [`lab`] is a lab's look at the one boundary that it is about
//!
//! What is checked here is the form of an entry, one boundary at a time. Whether the boundaries of a
//! system fit together is another question.

pub mod check;
pub mod form;
pub mod lab;

pub use check::Complaint;
pub use form::{Boundary, Component, Ledger, LedgerError, Role};

use std::path::{Path, PathBuf};

/// The ledger's file name.
pub const FILE_NAME: &str = "boundaries.toml";

/// The ledger that belongs to `folder`: in it, or in the nearest folder above it.
pub fn nearest(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|file| file.is_file())
}
