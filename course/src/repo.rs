//! Where things are: the one place that knows the layout of the repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A clone of the course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repo {
    root: PathBuf,
}

impl Repo {
    /// Finds the repository from the current folder or any folder above it.
    ///
    /// # Errors
    /// When no folder on the way up holds the course.
    pub fn find() -> Result<Self> {
        let here = std::env::current_dir().context("cannot find the current folder")?;
        Self::find_from(&here)
    }

    /// Finds the repository from `folder` or any folder above it.
    ///
    /// # Errors
    /// When no folder on the way up holds the course.
    pub fn find_from(folder: &Path) -> Result<Self> {
        for candidate in folder.ancestors() {
            if is_course(candidate) {
                return Ok(Self::at(candidate.to_path_buf()));
            }
        }
        bail!(
            "{} is not inside a clone of the course (no folder above it has both book.toml and exercises/Cargo.toml)",
            folder.display()
        )
    }

    /// The repository at `root`, which is not checked.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder that holds everything else.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The reader's workspace.
    pub fn exercises(&self) -> PathBuf {
        self.root.join("exercises")
    }

    /// The solved labs and their mistakes.
    pub fn solutions(&self) -> PathBuf {
        self.root.join("solutions")
    }

    /// The book's pages.
    pub fn book_src(&self) -> PathBuf {
        self.root.join("src")
    }

    /// What the tool remembers about this reader; git ignores it.
    pub fn state_dir(&self) -> PathBuf {
        self.root.join(".course")
    }

    /// `path` as a reader would write it: relative to the root, with forward slashes.
    pub fn relative(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.root).unwrap_or(path);
        shown.to_string_lossy().replace('\\', "/")
    }
}

fn is_course(folder: &Path) -> bool {
    folder.join("book.toml").is_file() && folder.join("exercises/Cargo.toml").is_file()
}

/// Writes a file of a test's own course, and the folders above it.
#[cfg(test)]
pub(crate) fn write_file(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
