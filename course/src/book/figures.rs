//! Where the files of measurements are: the reader's own, and the reference machine's.
//!
//! Each bench writes one, named after what it measured. [`super::measured`] has all of them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use records::record::Record;

use crate::repo::Repo;

/// Where `cargo course measure` leaves a reader's figures.
pub fn readers_file(repo: &Repo, what: &str) -> PathBuf {
    readers_folder(repo).join(format!("{what}.json"))
}

/// Where the reference machine's figures are.
pub fn reference_file(repo: &Repo, what: &str) -> PathBuf {
    reference_folder(repo).join(format!("{what}.json"))
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, or is not of the format that this version of the course reads.
pub fn read(path: &Path) -> Result<Record> {
    Record::read(path).with_context(|| format!("{} cannot be used", path.display()))
}

pub(super) fn readers_folder(repo: &Repo) -> PathBuf {
    repo.state_dir().join("measurements")
}

pub(super) fn reference_folder(repo: &Repo) -> PathBuf {
    repo.root().join("course/reference")
}
