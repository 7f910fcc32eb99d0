//! Proves that the book is whole.
//!
//! mdBook never fails on a missing anchor, a missing file or a dead link: it publishes the page
//! without. This check looks at the sources for what can only be seen there, and at the built pages,
//! as a browser reads them, for everything else.

mod output;
mod sources;

use std::fmt;

use anyhow::Result;

use super::build::{self, Purpose};
use crate::repo::Repo;

pub use sources::{Include, included_files};

/// Something wrong with the book.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the repository; empty if it is the book as a whole.
    pub file: String,
    /// Its line, counted from one, where that is known.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(
        file: impl Into<String>,
        line: Option<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.as_str(), self.line) {
            ("", _) => formatter.write_str(&self.message),
            (file, None) => write!(formatter, "{file}: {}", self.message),
            (file, Some(line)) => write!(formatter, "{file}:{line}: {}", self.message),
        }
    }
}

/// Builds the book in a folder of its own and returns all that is wrong with it.
///
/// # Errors
/// When the check itself cannot be made; a book that does not build is a problem, not an error.
pub fn check(repo: &Repo) -> Result<Vec<Problem>> {
    let mut problems = sources::check(repo)?;
    let folder = tempfile::tempdir()?;
    match build::build_into(repo, folder.path(), Purpose::Static) {
        Ok(built) => {
            problems.extend(
                built
                    .warnings
                    .iter()
                    .map(|warning| Problem::new("", None, format!("mdBook warns: {warning}"))),
            );
            problems.extend(output::check(repo, &built.folder)?);
        }
        Err(error) => problems.push(Problem::new(
            "",
            None,
            format!("the book does not build: {error:#}"),
        )),
    }
    problems.sort();
    problems.dedup();
    Ok(problems)
}
