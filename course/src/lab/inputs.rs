//! Which files a grade is of: the one answer for the watcher, the memory of grades, the starter, and
//! the proof of the course.
//!
//! In a lab's own folder everything counts except hints, notes, the lock of the starter, and benches,
//! which a grade does not compile. A file that a later lab brings, such as a table that its tests read,
//! then counts without anyone having to think of it.

use std::path::{Path, PathBuf};

use super::{Lab, Needed, Whose, needs};
use crate::repo::Repo;

/// The reader's ledger: one in a lab's folder goes before the one that all labs share.
const LEDGER: &str = "boundaries.toml";

/// What a file is to the grade of a lab.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// What the reader writes.
    Code,
    /// The reader's ledger.
    Ledger,
    /// What judges it.
    Tests,
    /// Other crates that the course gives, and the lab's manifest.
    Given,
    /// An earlier lab that this one builds on, by its crate's name.
    Lab(String),
}

/// Everything that one lab's grade depends on.
#[derive(Debug)]
pub struct Inputs {
    folder: PathBuf,
    /// Where the tests are, if not in the folder: a solution is judged by the exercise's.
    tests: Option<PathBuf>,
    needs: Vec<Needed>,
    /// The ledger that labs share, if this one is judged by it.
    ledger: Option<PathBuf>,
}

impl Inputs {
    /// Those of a reader's grade.
    pub fn of(repo: &Repo, lab: &Lab) -> Self {
        Self::in_folder(repo, lab.dir(repo), None, &repo.exercises())
    }

    /// Those of the verdict on a crate that solves `lab`: the solution, or an alternative.
    pub fn of_solution(repo: &Repo, lab: &Lab, folder: PathBuf) -> Self {
        Self::in_folder(repo, folder, Some(lab.dir(repo)), &repo.solutions())
    }

    fn in_folder(repo: &Repo, folder: PathBuf, tests: Option<PathBuf>, shared: &Path) -> Self {
        let needs = needs::below(repo, &folder);
        let has_ledger = needs.iter().any(|needed| needed.name == "ledger");
        Self {
            folder,
            tests,
            ledger: has_ledger.then(|| shared.join(LEDGER)),
            needs,
        }
    }

    /// What the file or folder at `path` is to the grade; none if the grade does not depend on it.
    pub fn part(&self, path: &Path) -> Option<Input> {
        if self.ledger.as_deref() == Some(path) {
            return Some(Input::Ledger);
        }
        if let Ok(below) = path.strip_prefix(&self.folder) {
            return of_lab(&slashed(below));
        }
        if let Some(tests) = &self.tests
            && let Ok(below) = path.strip_prefix(tests)
        {
            return of_lab(&slashed(below)).filter(|part| *part == Input::Tests);
        }
        // A folder that is gone took its files with it.
        if self.folder.starts_with(path) {
            return Some(Input::Code);
        }
        let needed = self
            .needs
            .iter()
            .find(|needed| path.starts_with(&needed.folder) || needed.folder.starts_with(path))?;
        let below = path.strip_prefix(&needed.folder).map(slashed);
        if !is_built(&below.unwrap_or_default()) {
            return None;
        }
        Some(match needed.whose {
            Whose::Given => Input::Given,
            Whose::Yours | Whose::Ours => Input::Lab(needed.name.clone()),
        })
    }

    /// Every such file with what it is, sorted by the path in its crate; what cannot be read is not there.
    pub fn files(&self) -> Vec<(Input, PathBuf)> {
        let mut roots = vec![&self.folder];
        roots.extend(&self.tests);
        roots.extend(self.needs.iter().map(|needed| &needed.folder));
        let mut files = Vec::new();
        for root in roots {
            let below = paths_below(root).unwrap_or_default().into_iter();
            files.extend(below.map(|path| root.join(path)));
        }
        files.extend(self.ledger.clone().filter(|path| path.is_file()));
        files
            .into_iter()
            .filter_map(|path| Some((self.part(&path)?, path)))
            .collect()
    }
}

/// What is tried against a solution is not part of it.
const BESIDE: [&str; 3] = ["mistakes", "stages", "alternatives"];

/// What a path in a lab's own folder is.
pub fn of_lab(path: &str) -> Option<Input> {
    let mut parts = path.split('/');
    if parts.clone().any(is_noise) {
        return None;
    }
    match parts.next().unwrap_or_default() {
        "tests" | "lab.toml" => Some(Input::Tests),
        "Cargo.toml" => Some(Input::Given),
        LEDGER => Some(Input::Ledger),
        "benches" | "examples" | "starter.lock" => None,
        file if Path::new(file).extension().is_some_and(|end| end == "md") => None,
        file if BESIDE.contains(&file) => None,
        _ => Some(Input::Code),
    }
}

/// What cargo builds of a crate that is depended on.
fn is_built(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    matches!(first, "" | "Cargo.toml" | "src" | "build.rs") && !path.split('/').any(is_noise)
}

/// What editors, tools and runs leave beside the files that matter.
pub fn is_noise(name: &str) -> bool {
    (name.starts_with('.') && name != ".course")
        || name.ends_with('~')
        || name.starts_with('#')
        || name.ends_with(".snap.new")
        || matches!(name, "4913" | "target" | "proptest-regressions")
}

/// Every file below `folder` that is no noise, relative and with forward slashes, sorted.
///
/// # Errors
/// When a folder cannot be listed.
pub fn paths_below(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let walk = walkdir::WalkDir::new(folder)
        .min_depth(1)
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() == 0 || !entry.file_name().to_str().is_some_and(is_noise)
        });
    for entry in walk {
        let entry = entry?;
        // The target of a link is not a file of the lab; a link that leads nowhere stops nothing.
        if entry.file_type().is_file() || (entry.path_is_symlink() && entry.path().is_file()) {
            let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            paths.push(slashed(below));
        }
    }
    paths.sort();
    Ok(paths)
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::{Input, of_lab};

    #[test]
    fn what_a_lab_brings_counts_and_what_is_beside_it_does_not() {
        for path in ["src/lib.rs", "src", "build.rs", "decisions.toml", ""] {
            assert_eq!(of_lab(path), Some(Input::Code), "{path}");
        }
        assert_eq!(of_lab("tests/core/main.rs"), Some(Input::Tests));
        assert_eq!(of_lab("boundaries.toml"), Some(Input::Ledger));
        for path in [
            "benches/hits/main.rs",
            "hints.md",
            "notes.md",
            "starter.lock",
            "src/.lib.rs.swp",
            "src/lib.rs~",
            "src/#lib.rs#",
            "tests/core/snapshots/a.snap.new",
            "target/debug/measure",
        ] {
            assert_eq!(of_lab(path), None, "{path}");
        }
    }
}
