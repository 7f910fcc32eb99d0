//! A copy of the solved labs in which mistakes can be made.
//!
//! It is below `target/`, with the same relative paths, so that a solution finds its tests and the
//! given crates; and cargo, which looks for its configuration upwards, finds the course's own and with
//! it the one target directory, where the dependencies are built already. (A second copy has a target
//! directory of its own, so that both can be built at a time.) Only what differs is copied: what has
//! not changed since the last run is not compiled again.
//!
//! The copy's workspace starts one folder higher than the course's. Cargo distinguishes packages by
//! their paths from the root of their workspace: were those the same, a mistake would be built over
//! the solution, and the next `cargo test` would take it for the solution, being newer than the source.
//! For the same reason each copy's tree has a name of its own.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::lab::Lab;
use crate::repo::Repo;

pub(super) struct Scratch<'a> {
    repo: &'a Repo,
    /// The copied tree's folder in the copy's workspace.
    name: String,
    workspace: PathBuf,
    tree: PathBuf,
    own_target: Option<PathBuf>,
}

/// The reader's ledger. One in the solution's folder goes before the one that all solutions share.
const LEDGER: &str = "boundaries.toml";

impl<'a> Scratch<'a> {
    /// Makes the copy of this number, from 1, or brings it up to date. The first is built in the
    /// course's own target folder.
    pub fn make(repo: &'a Repo, number: usize) -> Result<Self> {
        let name = format!("lane-{number}");
        let workspace = repo.root().join("target/verify").join(&name);
        let scratch = Self {
            repo,
            tree: workspace.join(&name),
            own_target: (number != 1).then(|| workspace.join("target")),
            workspace,
            name,
        };
        for folder in ["exercises", "solutions"] {
            ensure!(
                repo.root().join(folder).is_dir(),
                "{folder}/ is not there; bring it back with `git checkout -- {folder}`"
            );
            sync(&repo.root().join(folder), &scratch.tree.join(folder))
                .with_context(|| format!("cannot copy {folder} to {}", scratch.tree.display()))?;
        }
        let lock =
            std::fs::read(repo.root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
        write_if_different(&scratch.workspace.join("Cargo.lock"), &lock)?;
        write_if_different(
            &scratch.workspace.join("Cargo.toml"),
            scratch.manifest()?.as_bytes(),
        )?;
        Ok(scratch)
    }

    /// The course that it copies.
    pub fn repo(&self) -> &Repo {
        self.repo
    }

    /// Its workspace.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Where it is built: the first copy beside the solutions, whose dependencies are there; the other
    /// in a folder of its own, which takes their building once more and lets both build at a time.
    pub fn target(&self) -> Option<&Path> {
        self.own_target.as_deref()
    }

    pub fn solution(&self, lab: &Lab) -> PathBuf {
        self.tree.join("solutions").join(&lab.folder)
    }

    /// Applies a patch against the lab's solution; the lines above its diff are for people.
    pub fn apply(&self, lab: &Lab, patch: &Path) -> Result<()> {
        let diff = std::fs::read_to_string(patch)
            .with_context(|| format!("cannot read {}", self.repo.relative(patch)))?;
        for path in touched(&diff) {
            ensure!(
                path.starts_with("src/") || path.starts_with("benches/") || path == LEDGER,
                "it changes {path}; what readers write is in src/, benches/ and {LEDGER}"
            );
        }
        let output = Command::new("git")
            .args(["apply", "--whitespace=nowarn"])
            .arg(patch)
            .current_dir(self.solution(lab))
            // Else git takes the paths for the course's own repository, finds them ignored there,
            // and does nothing, successfully.
            .env("GIT_CEILING_DIRECTORIES", self.repo.root().join("target"))
            .env_remove("GIT_DIR")
            .stdin(Stdio::null())
            .output()
            .context("cannot run git")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!(
                "it does not apply any more: {}",
                said.trim().replace('\n', "; ")
            );
        }
        let changed = touched(&diff).iter().any(|path| {
            let read = |folder: PathBuf| std::fs::read(folder.join(path)).ok();
            read(self.solution(lab)) != read(lab.solution_dir(self.repo))
        });
        ensure!(changed, "it applies and changes nothing");
        Ok(())
    }

    /// Takes the change back.
    pub fn restore(&self, lab: &Lab) -> Result<()> {
        sync(&lab.solution_dir(self.repo), &self.solution(lab))
    }

    /// The root manifest with the labs as its only members: the tool is not copied.
    fn manifest(&self) -> Result<String> {
        let tree = &self.name;
        let text = std::fs::read_to_string(self.repo.root().join("Cargo.toml"))
            .context("cannot read Cargo.toml")?;
        let mut manifest: toml::Table = text.parse().context("Cargo.toml is not TOML")?;
        let workspace = manifest
            .get_mut("workspace")
            .and_then(toml::Value::as_table_mut)
            .context("Cargo.toml has no [workspace]")?;
        // Other crates among the solutions may need what is not copied: the assembly does.
        let labs = crate::lab::all(self.repo)?;
        let labs = labs
            .iter()
            .filter(|lab| lab.solution_dir(self.repo).is_dir());
        let members = labs.map(|lab| format!("{tree}/solutions/{}", lab.folder).into());
        workspace.insert("members".into(), toml::Value::Array(members.collect()));
        workspace.insert(
            "exclude".into(),
            toml::Value::Array(vec![format!("{tree}/exercises").into()]),
        );
        workspace.remove("default-members");
        let members = std::fs::read_dir(self.repo.solutions())?;
        let mut packages = toml::Table::new();
        for member in members {
            let name = member?.file_name().to_string_lossy().into_owned();
            if let Some((_, lab)) = name.split_once('-') {
                // A panic's place is printed without it; a quarter of the time to build is for the rest.
                let no_debug = toml::Table::from_iter([("debug".into(), 0.into())]);
                packages.insert(format!("{lab}-solution"), no_debug.into());
            }
        }

        let dependencies = workspace
            .get_mut("dependencies")
            .and_then(toml::Value::as_table_mut);
        for (_, dependency) in dependencies.into_iter().flatten() {
            if let Some(path) = dependency
                .as_table_mut()
                .and_then(|table| table.get_mut("path"))
                && let Some(below) = path.as_str()
            {
                *path = format!("{tree}/{below}").into();
            }
        }
        let profiles = [
            ("profile", None),
            ("dev", None),
            ("package", Some(packages)),
        ];
        let mut table = &mut manifest;
        for (name, more) in profiles {
            table = table
                .entry(name)
                .or_insert_with(|| toml::Table::new().into())
                .as_table_mut()
                .context("[profile.dev.package] of Cargo.toml is no table")?;
            table.extend(more.into_iter().flatten());
        }
        Ok(manifest.to_string())
    }
}

/// The files that a diff names.
fn touched(diff: &str) -> BTreeSet<&str> {
    diff.lines()
        .filter_map(|line| {
            line.strip_prefix("+++ b/")
                .or_else(|| line.strip_prefix("--- a/"))
        })
        .map(|path| path.split('\t').next().unwrap_or(path))
        .collect()
}

/// Makes `to` the same as `from`, and leaves alone what is the same already.
fn sync(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    let mut wanted = BTreeSet::<OsString>::new();
    for entry in
        std::fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))?
    {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            sync(&entry.path(), &to.join(&name))?;
        } else {
            write_if_different(&to.join(&name), &std::fs::read(entry.path())?)?;
        }
        wanted.insert(name);
    }
    for entry in std::fs::read_dir(to)? {
        let entry = entry?;
        if !wanted.contains(&entry.file_name()) {
            if entry.file_type()?.is_dir() {
                std::fs::remove_dir_all(entry.path())?;
            } else {
                std::fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

fn write_if_different(path: &Path, bytes: &[u8]) -> Result<()> {
    // Cargo.lock is rewritten by cargo, which drops what the members here do not need.
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
