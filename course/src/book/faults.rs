//! Proves that the book is whole.
//!
//! mdBook never fails on a missing anchor, a missing file or a dead link: it publishes the page
//! without it. This check reads the sources for what can only be seen there, and the built pages, as a
//! browser reads them, for everything else.

mod output;
mod problem;
mod sources;

use anyhow::Result;

use super::build::{self, Purpose};
use crate::repo::Repo;

pub use problem::Problem;

/// Builds the book in a folder of its own and returns all that is wrong with it.
///
/// # Errors
/// When the check itself cannot be made; a book that does not build is a problem, not an error.
pub fn find(repo: &Repo) -> Result<Vec<Problem>> {
    let mut problems = sources::find(repo)?;
    let folder = tempfile::tempdir()?;
    match build::build_into(repo, folder.path(), Purpose::Static) {
        Ok(built) => {
            problems.extend(
                built
                    .warnings
                    .iter()
                    .map(|warning| Problem::new("", None, format!("mdBook warns: {warning}"))),
            );
            problems.extend(output::find(repo, &built.folder)?);
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
