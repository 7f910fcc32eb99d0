//! What a lab's tests are built from in addition to its own files: given crates and earlier labs.
//!
//! The manifests say it already, so no lab states it again. `cargo metadata` would report it too, but it
//! takes a second, may need the network, and fails on a manifest that a reader has just broken; what
//! cannot be read here counts as nothing.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::{Lab, numbered};
use crate::repo::Repo;

/// A crate of the course that a lab's tests are built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// What the lab calls it.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
    /// Whose it is.
    pub whose: Whose,
}

/// Whose crate it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// It is given to all.
    Given,
    /// An earlier lab, as the reader built it.
    Yours,
    /// The course's solution of an earlier lab: the reader has switched to it in `exercises/Cargo.toml`.
    Ours,
}

/// Everything that the lab's tests need, directly or through other crates, in the order of their folders.
pub(super) fn of(repo: &Repo, lab: &Lab) -> Vec<Needed> {
    below(repo, &lab.dir(repo))
}

/// The same of the crate in `folder`.
pub(super) fn below(repo: &Repo, folder: &Path) -> Vec<Needed> {
    let mut found: Vec<Needed> = Vec::new();
    let mut left = vec![(folder.to_owned(), true)];
    let mut seen = BTreeSet::from([folder.to_owned()]);
    while let Some((folder, with_tests)) = left.pop() {
        for (name, below) in dependencies(repo, &folder, with_tests) {
            if seen.insert(below.clone()) {
                left.push((below.clone(), false));
                let whose = whose(repo, &below);
                found.push(Needed {
                    name,
                    folder: below,
                    whose,
                });
            }
        }
    }
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    found
}

fn whose(repo: &Repo, folder: &Path) -> Whose {
    let is_lab = folder
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| numbered(name).is_some());
    match folder.parent() {
        Some(above) if is_lab && above == repo.exercises() => Whose::Yours,
        Some(above) if is_lab && above == repo.solutions() => Whose::Ours,
        _ => Whose::Given,
    }
}

/// The crates of the course that the one in `folder` names, except those that only a feature needs.
fn dependencies(repo: &Repo, folder: &Path, with_tests: bool) -> Vec<(String, PathBuf)> {
    let workspace = if folder.starts_with(repo.exercises()) {
        repo.exercises()
    } else {
        repo.root().to_owned()
    };
    let Some(manifest) = read(folder) else {
        return Vec::new();
    };
    let shared = read(&workspace);
    let shared = shared
        .as_ref()
        .and_then(|manifest| manifest.get("workspace")?.get("dependencies"));
    let mut found = Vec::new();
    for section in ["dependencies", "dev-dependencies"] {
        if section == "dev-dependencies" && !with_tests {
            continue;
        }
        let named = manifest.get(section).and_then(toml::Value::as_table);
        for (name, dependency) in named.into_iter().flatten() {
            let says = |key: &str| dependency.get(key).and_then(toml::Value::as_bool);
            if says("optional") == Some(true) {
                continue;
            }
            let (from, path) = if says("workspace") == Some(true) {
                (workspace.as_path(), shared.and_then(|all| all.get(name)))
            } else {
                (folder, Some(dependency))
            };
            let path = path
                .and_then(|dependency| dependency.get("path"))
                .and_then(toml::Value::as_str);
            if let Some(path) = path {
                found.push((name.clone(), flat(&from.join(path))));
            }
        }
    }
    found
}

fn read(folder: &Path) -> Option<toml::Table> {
    let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    text.parse().ok()
}

/// `a/../b` as `b`: the same folder must not be two.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            flat.pop();
        } else if part != Component::CurDir {
            flat.push(part);
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::write_file;

    fn needs(repo: &Repo, lab: &str) -> Vec<(String, Whose)> {
        let lab = crate::lab::named(repo, lab).unwrap();
        let needs = of(repo, &lab).into_iter();
        needs
            .map(|needed| (repo.relative(&needed.folder), needed.whose))
            .collect()
    }

    #[test]
    fn a_lab_needs_what_its_manifests_name_and_the_switch_decides_whose() {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::at(folder.path().to_owned());
        let write = |path: &str, text: &str| write_file(repo.root(), path, text);
        let shared = "[workspace.dependencies]\nserde = \"1\"\nwords = { path = \"given/words\" }\n\
                      bench = { path = \"given/bench\" }\nbed = { path = \"given/bed\" }\n";
        let yours = format!("{shared}first = {{ path = \"01-first\" }}\n");
        write("exercises/Cargo.toml", &yours);
        write(
            "exercises/04-later/lab.toml",
            "name = \"later\"\ntitle = \"T\"\nchapter = \"c.md\"\nminutes = { read = 1, measure = 0 }\n",
        );
        write(
            "exercises/04-later/Cargo.toml",
            "[dependencies]\nserde.workspace = true\nbench = { workspace = true, optional = true }\n\
             [dev-dependencies]\nfirst.workspace = true\nbed = { path = \"../given/bed\" }\n",
        );
        write(
            "exercises/01-first/Cargo.toml",
            "[dependencies]\nwords.workspace = true\n[dev-dependencies]\nbench.workspace = true\n",
        );
        let with_first = |first: &str, whose| {
            let mut all = vec![
                (first.to_owned(), whose),
                ("exercises/given/bed".to_owned(), Whose::Given),
                ("exercises/given/words".to_owned(), Whose::Given),
            ];
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all
        };
        assert_eq!(
            needs(&repo, "later"),
            with_first("exercises/01-first", Whose::Yours)
        );

        let ours = format!("{shared}first = {{ path = \"../solutions/01-first\" }}\n");
        write("exercises/Cargo.toml", &ours);
        write(
            "Cargo.toml",
            "[workspace.dependencies]\nwords = { path = \"exercises/given/words\" }\n",
        );
        write(
            "solutions/01-first/Cargo.toml",
            "[dependencies]\nwords.workspace = true\n",
        );
        assert_eq!(
            needs(&repo, "later"),
            with_first("solutions/01-first", Whose::Ours)
        );

        write("exercises/Cargo.toml", "[workspace\n");
        assert_eq!(
            needs(&repo, "later"),
            [("exercises/given/bed".to_owned(), Whose::Given)]
        );
    }
}
