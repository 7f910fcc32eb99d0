//! Builds the book beside the one that is served, and swaps them only if the new one is whole and different.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher as _};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, anyhow};

use super::hub::Hub;
use super::{Say, build_folder, remove};
use crate::book::build::{Purpose, build_into};
use crate::book::{page, scan};
use crate::repo::Repo;

pub(super) struct Site {
    repo: Repo,
    folder: PathBuf,
    hub: Arc<Hub>,
    say: Arc<Say>,
    builds: u64,
    fingerprint: Option<u64>,
    /// The book before the served one: a request may still be reading it.
    before: Option<PathBuf>,
    included: Included,
}

/// The files that pages include, as of the last build; the watcher asks while the next one runs.
#[derive(Clone, Default)]
pub(super) struct Included(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Included {
    /// Whether a page includes this file.
    pub fn contains(&self, path: &Path) -> bool {
        self.lock().contains(path)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Site {
    pub fn new(repo: &Repo, port: u16, hub: Arc<Hub>, say: Arc<Say>) -> Self {
        let folder = build_folder(repo, port);
        // Nobody else has this port, so what is in the folder was left by a server that was killed.
        remove(&folder);
        Self {
            repo: repo.clone(),
            folder,
            hub,
            say,
            builds: 0,
            fingerprint: None,
            before: None,
            included: Included::default(),
        }
    }

    /// The files that pages include.
    pub fn included(&self) -> Included {
        self.included.clone()
    }

    /// The book that was built is gone, so the next one counts as new whatever is in it.
    pub fn forget(&mut self) {
        self.fingerprint = None;
    }

    /// Builds the book; if that fails, the last good one stays and the reader sees why.
    pub fn build(&mut self) {
        self.builds += 1;
        let folder = self.folder.join(self.builds.to_string());
        // mdBook asserts a few things about pages. A page that breaks one must not end the server.
        let built = std::panic::catch_unwind(AssertUnwindSafe(|| self.build_in(&folder)))
            .unwrap_or_else(|_| {
                Err(anyhow!(
                    "mdBook stopped in the middle of a page; see the terminal"
                ))
            });
        match built {
            Ok(fingerprint) => {
                if self.fingerprint == Some(fingerprint) {
                    remove(&folder);
                } else {
                    self.publish(folder, fingerprint);
                }
                if self.hub.recovered() {
                    (self.say)("The book builds again.");
                }
            }
            Err(error) => {
                remove(&folder);
                let message = format!("{error:#}");
                (self.say)(&format!(
                    "The book does not build; the last good one stays.\n  {message}"
                ));
                self.hub.failed(message);
            }
        }
    }

    fn publish(&mut self, folder: PathBuf, fingerprint: u64) {
        self.fingerprint = Some(fingerprint);
        let served = self.hub.publish(folder);
        if let Some(old) = std::mem::replace(&mut self.before, served) {
            remove(&old);
        }
    }

    fn build_in(&mut self, folder: &Path) -> Result<u64> {
        // Known even if the build fails: a change of an included file may be what fixes it.
        if let Ok(included) = scan::included_files(&self.repo) {
            *self.included.lock() = included;
        }
        let built = build_into(&self.repo, folder, Purpose::Live)?;
        for warning in &built.warnings {
            (self.say)(&format!("In the book: {warning}"));
        }
        fingerprint(&built.folder)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

/// Distinguishes one book from another, so that a save which changes no page reloads none.
fn fingerprint(folder: &Path) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in page::files(folder)? {
        hasher.write(
            path.strip_prefix(folder)
                .unwrap_or(&path)
                .as_os_str()
                .as_encoded_bytes(),
        );
        hasher.write(&std::fs::read(&path)?);
    }
    Ok(hasher.finish())
}
