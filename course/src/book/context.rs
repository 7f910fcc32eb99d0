//! What a directive can read.

use anyhow::{Result, bail};

use super::page::Page;
use crate::lab::Lab;
use crate::repo::Repo;

/// What a directive can read.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The repository that the book belongs to.
    pub repo: &'a Repo,
    /// The page that the directive stands on.
    pub page: &'a Page,
}

impl Context<'_> {
    /// The lab that a directive names.
    ///
    /// # Errors
    /// When it names none, or one that is not there.
    pub fn lab(&self, directive: &str, name: &str) -> Result<Lab> {
        if name.is_empty() {
            bail!("`{{{{#{directive}}}}}` needs a lab's name: `{{{{#{directive} measure}}}}`");
        }
        crate::lab::named(self.repo, name)
    }
}
