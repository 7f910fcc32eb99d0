//! The starter as the course gives it, found again whatever the reader has committed since.
//!
//! `git show HEAD:…` gives the reader's own work once they commit, a fork's `origin` does too, and a
//! second copy of every starter in the tree would be searched and linted, and would drift. So each lab has a
//! `starter.lock` with git's own ids of its files. The ids stay true through merges, rebases, squashes
//! and template copies, because git names a file by what is in it: `git cat-file blob ID` finds the
//! starter as long as the history holds it. For a copy without git, such as an unpacked archive, the
//! files that are still pristine are kept in `.course/starters/` when the lab is graded.
//!
//! The lock covers the whole lab, so it also shows when a test file is not the course's any more.
//! `cargo course verify --write-starters` writes it, `verify` fails when it is behind.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use sha1::{Digest, Sha1};

use crate::lab::inputs::{self, Input, paths_below};
use crate::lab::{self, Lab};
use crate::repo::Repo;

const LOCK: &str = "starter.lock";

const HEADER: &str = "\
# The files of this lab as the course gives them, each with git's id of its content, so that
# `cargo course reset` finds them again. Written by `cargo course verify --write-starters`.
";

/// The files of a lab as the course gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Starter {
    folder: PathBuf,
    files: Vec<StarterFile>,
}

/// One file of a starter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StarterFile {
    /// Relative to the lab's folder, with forward slashes.
    pub path: String,
    /// Git's id of its content.
    pub id: String,
}

impl Starter {
    /// What the lab's `starter.lock` says; empty when there is none.
    ///
    /// # Errors
    /// When the file is there but not as expected.
    pub fn of(repo: &Repo, lab: &Lab) -> Result<Self> {
        let folder = lab.dir(repo);
        let path = folder.join(LOCK);
        let Ok(text) = std::fs::read_to_string(&path) else {
            return Ok(Self {
                folder,
                files: Vec::new(),
            });
        };
        let mut files = Vec::new();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let Some((id, path)) = line.split_once("  ") else {
                bail!("{}: `{line}` is not an id and a path", repo.relative(&path));
            };
            files.push(StarterFile {
                path: path.to_owned(),
                id: id.to_owned(),
            });
        }
        Ok(Self { folder, files })
    }

    /// The lab as it is in the working tree, taken as the starter.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn from_tree(repo: &Repo, lab: &Lab) -> Result<Self> {
        let folder = lab.dir(repo);
        let mut files = Vec::new();
        for path in paths_below(&folder)? {
            if path != LOCK {
                let bytes = std::fs::read(folder.join(&path))
                    .with_context(|| format!("cannot read {path} of {}", lab.folder))?;
                files.push(StarterFile {
                    id: blob_id(&bytes),
                    path,
                });
            }
        }
        Ok(Self { folder, files })
    }

    /// Writes `starter.lock`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self) -> Result<()> {
        let mut text = HEADER.to_owned();
        for file in &self.files {
            text.push_str(&file.id);
            text.push_str("  ");
            text.push_str(&file.path);
            text.push('\n');
        }
        let path = self.folder.join(LOCK);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Its files.
    pub fn files(&self) -> &[StarterFile] {
        &self.files
    }

    /// The files that are gone or no longer as given.
    pub fn changed(&self) -> Vec<&StarterFile> {
        self.files
            .iter()
            .filter(|file| !self.is_pristine(file))
            .collect()
    }

    /// Files that the starter does not have, where the compiler would find them.
    ///
    /// # Errors
    /// When the lab's folder cannot be read.
    pub fn added(&self) -> Result<Vec<String>> {
        let given: BTreeSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        let mut found = paths_below(&self.folder)?;
        found.retain(|path| {
            let compiled = ["src/", "tests/", "benches/", "examples/", "build.rs"];
            compiled.iter().any(|folder| path.starts_with(folder)) && !given.contains(path.as_str())
        });
        Ok(found)
    }

    /// Whether a reader has changed anything in the lab's code. Without a lock nobody knows, and
    /// so it counts as begun.
    pub fn begun(&self) -> bool {
        let in_code = |path: &str| inputs::of_lab(path) == Some(Input::Code);
        self.files.is_empty()
            || self.changed().iter().any(|file| in_code(&file.path))
            || self
                .added()
                .is_ok_and(|added| added.iter().any(|path| in_code(path)))
    }

    /// Whether a reader has written more than comments and white space. Where the starter cannot be found to
    /// compare with, any change counts.
    pub(crate) fn code_begun(&self, repo: &Repo) -> bool {
        let in_code = |path: &str| inputs::of_lab(path) == Some(Input::Code);
        let is_other = |file: &StarterFile| {
            let now = std::fs::read_to_string(self.folder.join(&file.path)).ok();
            let given = Self::content(repo, file).ok();
            let given = given.and_then(|bytes| String::from_utf8(bytes).ok());
            !matches!((now, given), (Some(now), Some(given)) if lab::is_same_code(&now, &given))
        };
        let changed = self.changed().into_iter();
        self.files.is_empty()
            || changed.filter(|file| in_code(&file.path)).any(is_other)
            || self
                .added()
                .is_ok_and(|added| added.iter().any(|path| in_code(path)))
    }

    /// A note for the reader when test files are not the course's any more.
    pub(crate) fn changed_tests(&self, repo: &Repo) -> Vec<String> {
        self.changed()
            .iter()
            .filter(|file| inputs::of_lab(&file.path) == Some(Input::Tests))
            .map(|file| {
                let path = repo.relative(&self.folder.join(&file.path));
                let what = if self.folder.join(&file.path).exists() {
                    "is not as the course gives it"
                } else {
                    "is missing"
                };
                format!("{path} {what}, so this is the grade of your own version")
            })
            .collect()
    }

    /// Keeps what is still pristine, where no git history would bring it back.
    pub(crate) fn remember(&self, repo: &Repo) {
        if repo.root().join(".git").exists() {
            return;
        }
        for file in self.files.iter().filter(|file| self.is_pristine(file)) {
            let kept = kept_blob(repo, &file.id);
            if !kept.exists() {
                // A failure to keep a copy is no reason to refuse a grade; `reset` will report it.
                let _ = std::fs::create_dir_all(kept.parent().unwrap_or(&kept));
                let _ = std::fs::copy(self.folder.join(&file.path), &kept);
            }
        }
    }

    /// The content of a starter's file: from git's history, or from what was kept.
    ///
    /// # Errors
    /// Why it cannot be found, in git's own words where git refuses.
    pub(crate) fn content(repo: &Repo, file: &StarterFile) -> Result<Vec<u8>, String> {
        let whole = |bytes: &Vec<u8>| blob_id(bytes) == file.id;
        if let Some(kept) = std::fs::read(kept_blob(repo, &file.id)).ok().filter(whole) {
            return Ok(kept);
        }
        let output = git(repo, &["cat-file", "blob", &file.id])
            .map_err(|error| format!("git cannot be run: {error}"))?;
        if output.status.success() && whole(&output.stdout) {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or_default();
        let shallow = git(repo, &["rev-parse", "--is-shallow-repository"])
            .is_ok_and(|output| output.stdout.starts_with(b"true"));
        Err(if shallow {
            "this clone is shallow: `git fetch --unshallow` brings its history".to_owned()
        } else if !repo.root().join(".git").exists() {
            "this copy of the course has no git history, and .course/starters doesn't hold it"
                .to_owned()
        } else {
            format!("git says: {said}")
        })
    }

    fn is_pristine(&self, file: &StarterFile) -> bool {
        std::fs::read(self.folder.join(&file.path)).is_ok_and(|bytes| blob_id(&bytes) == file.id)
    }
}

fn git(repo: &Repo, arguments: &[&str]) -> std::io::Result<Output> {
    Command::new("git")
        .arg("-C")
        .arg(repo.root())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
}

fn kept_blob(repo: &Repo, id: &str) -> PathBuf {
    repo.state_dir().join("starters").join(id)
}

/// Git's id of a text with these bytes, whatever line ends the checkout gave it.
pub(crate) fn blob_id(bytes: &[u8]) -> String {
    let mut unix = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
        unix.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
    }
    unix.extend_from_slice(rest);
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", unix.len()));
    hash.update(&unix);
    let mut id = String::with_capacity(40);
    for byte in hash.finalize() {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::blob_id;

    #[test]
    fn the_id_is_gits_own_whatever_the_line_ends() {
        // `printf 'a\nb\n' | git hash-object --stdin`
        let id = "422c2b7ab3b3c668038da977e4e93a5fc623169c";
        assert_eq!(blob_id(b"a\nb\n"), id);
        assert_eq!(blob_id(b"a\r\nb\r\n"), id);
    }
}
