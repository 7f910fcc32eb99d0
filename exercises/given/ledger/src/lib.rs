//! The ledger: which boundaries a system has, and what each of them is for.
//!
//! A diagram shows that there is a line. It does not say what the line relieves, what it costs, who is
//! right when its two sides differ, and what happens on a bad day. A review is about those answers, and
//! they get lost because nothing asks for them. So the course keeps one file, `boundaries.toml`, that
//! does ask; each chapter adds its boundary to it.
//!
//! In reading order:
//!
//! - [`form`] is the file's form, as types
//! - [`value`] has its values: durations, days, shares
//! - [`finding`] is what a rule returns
//! - [`check`] distinguishes an answer from a wish
//! - [`lab`] is a lab's check of the one boundary that it is about
//!
//! - [`rules`] has the rules that look at one entry at a time, and need no graph
//!
//! This crate checks one entry at a time. Whether the boundaries of a system fit together is another
//! question, for lab 10.

pub mod check;
pub mod finding;
pub mod form;
pub mod lab;
pub mod rules;
pub mod value;

pub use check::Complaint;
pub use finding::{Finding, Rule, Severity};
pub use form::{Boundary, Component, Ledger, LedgerError, Role};
pub use toml::Spanned;
pub use value::{Date, answered};

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
