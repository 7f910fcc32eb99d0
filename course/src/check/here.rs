//! Where the reader stands, and how a place is written from there.

use crate::grade::Place;
use crate::repo::Repo;

/// The folder that the reader is in: paths are relative to it, so that a click opens them.
pub(super) struct Here {
    below_root: Option<String>,
}

impl Here {
    pub(super) fn of(repo: &Repo) -> Self {
        let folder = std::env::current_dir().ok();
        let below_root = folder
            .filter(|folder| folder.starts_with(repo.root()))
            .map(|folder| {
                if folder == repo.root() {
                    String::new()
                } else {
                    repo.relative(&folder) + "/"
                }
            });
        Self { below_root }
    }

    /// Whether it is in the workspace whose packages the labs are.
    pub(super) fn in_exercises(&self) -> bool {
        let folder = self.below_root.as_deref();
        folder.is_some_and(|folder| folder.starts_with("exercises/"))
    }

    pub(super) fn path(&self, place: &Place) -> String {
        let told = place.to_string();
        match &self.below_root {
            Some(folder) => match told.strip_prefix(folder.as_str()) {
                Some(below) => below.to_owned(),
                None => "../".repeat(folder.matches('/').count()) + &told,
            },
            None => told,
        }
    }
}
