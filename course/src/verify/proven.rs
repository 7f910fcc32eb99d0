//! What this machine has proven already.
//!
//! A mistake takes a second to try, and a course has hundreds. The verdict depends on the patch, the
//! solution, the tests, the given crates and the compiler; as long as none of these has changed, trying
//! again proves nothing. So each sound verdict is remembered by one id of all of them, in
//! `target/verify/proven`, which `cargo clean` removes. What was not sound is tried again each time.
//!
//! Of the lock file and the root manifest, only the part counts that reaches the package: a course that
//! adds a lab or a crate elsewhere does not prove everything again. CI has no memory, and tries everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::lab::Lab;
use crate::lab::inputs::Inputs;
use crate::repo::Repo;
use crate::starter::blob_id;

/// Changes when this tool judges differently from before.
const VERSION: &str = "2";

/// Lines to keep: several times what the whole course proves.
const LINES: usize = 20_000;

/// What is remembered.
pub(super) struct Proven {
    file: PathBuf,
    compiler: String,
    known: BTreeMap<String, Sound>,
    /// Ignore what is remembered.
    afresh: bool,
}

/// A verdict without a problem.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sound {
    pub summary: String,
    /// The tests that failed on a mistake, where all of them were run.
    pub failed: Vec<String>,
}

/// The id of everything that a verdict depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key(String);

impl Key {
    /// The same, and this text as well.
    pub fn and(&self, text: &str) -> Self {
        Self(blob_id(format!("{}\n{text}", self.0).as_bytes()))
    }

    /// The same, and the content of a file.
    pub fn and_file(&self, path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_default();
        self.and(&blob_id(&bytes))
    }
}

impl Proven {
    pub fn open(repo: &Repo, afresh: bool) -> Self {
        let file = repo.root().join("target/verify/proven");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(LINES);
        if from > 0 {
            // A failure costs only space on the disk.
            let _ = std::fs::write(&file, lines[from..].join("\n") + "\n");
        }
        let known = lines[from..].iter().filter_map(|line| parse(line));
        Self {
            file,
            compiler: compiler(repo),
            known: known.collect(),
            afresh,
        }
    }

    /// What the verdict on a crate that solves `lab` depends on.
    pub fn solution(&self, repo: &Repo, lab: &Lab, folder: PathBuf) -> Key {
        let package = package_in(&folder).unwrap_or_else(|| lab.solution_package());
        let key = self.key(repo, "solution", &Inputs::of_solution(repo, lab, folder));
        key.and(&around(repo.root(), &package))
    }

    /// What the verdict on a starter depends on.
    pub fn starter(&self, repo: &Repo, lab: &Lab) -> Key {
        let key = self.key(repo, "starter", &Inputs::of(repo, lab));
        let key = key.and(&around(&repo.exercises(), &lab.name));
        key.and_file(&lab.dir(repo).join("starter.lock"))
    }

    fn key(&self, repo: &Repo, what: &str, inputs: &Inputs) -> Key {
        let mut text = format!("{VERSION} {what}\n{}\n", self.compiler);
        for (_, path) in inputs.files() {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let _ = writeln!(text, "{}  {}", blob_id(&bytes), repo.relative(&path));
        }
        Key(blob_id(text.as_bytes()))
    }

    /// The verdict, if it was sound.
    pub fn recall(&self, key: &Key) -> Option<&Sound> {
        self.known.get(&key.0).filter(|_| !self.afresh)
    }

    /// Remembers a sound verdict at once, so that an interrupted proof continues from there.
    pub fn keep(&mut self, key: &Key, sound: Sound) -> Result<()> {
        let folder = self.file.parent().unwrap_or(&self.file);
        let line = format!("{}\t{}\t{}\n", key.0, sound.summary, sound.failed.join(" "));
        std::fs::create_dir_all(folder)
            .and_then(|()| {
                let mut file = std::fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.file)?;
                file.write_all(line.as_bytes())
            })
            .with_context(|| format!("cannot write {}", self.file.display()))?;
        self.known.insert(key.0.clone(), sound);
        Ok(())
    }
}

/// What the files at a workspace's root determine for one of its packages: the locked versions of what it
/// reaches, how those are asked for, the profiles, the lints.
fn around(workspace: &Path, package: &str) -> String {
    let read = |name: &str| -> toml::Table {
        let text = std::fs::read_to_string(workspace.join(name)).unwrap_or_default();
        text.parse().unwrap_or_default()
    };
    let (lock, mut manifest) = (read("Cargo.lock"), read("Cargo.toml"));
    let locked = reached(&lock, package);
    let mut text = String::new();
    for package in &locked {
        let _ = writeln!(text, "{package}");
    }
    let names: BTreeSet<&str> = locked
        .iter()
        .filter_map(|package| name_of(package))
        .collect();
    if let Some(toml::Value::Table(workspace)) = manifest.get_mut("workspace") {
        for about_members in ["members", "default-members", "exclude"] {
            workspace.remove(about_members);
        }
        if let Some(toml::Value::Table(dependencies)) = workspace.get_mut("dependencies") {
            dependencies.retain(|name, asked| {
                let package = asked.get("package").and_then(toml::Value::as_str);
                names.contains(package.unwrap_or(name))
            });
        }
    }
    text + &manifest.to_string()
}

/// Every locked package that this one reaches, itself included.
fn reached<'l>(lock: &'l toml::Table, package: &'l str) -> Vec<&'l toml::Value> {
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let packages: Vec<&toml::Value> = packages.into_iter().flatten().collect();
    let mut due = vec![package];
    let mut found = BTreeSet::new();
    while let Some(wanted) = due.pop() {
        // `name`, and where there are several of that name, `name version`.
        let mut words = wanted.split(' ');
        let (name, version) = (words.next(), words.next());
        for (index, package) in packages.iter().enumerate() {
            let its_version = package.get("version").and_then(toml::Value::as_str);
            let is_it = name_of(package) == name && (version.is_none() || version == its_version);
            if is_it && found.insert(index) {
                let needs = package.get("dependencies").and_then(toml::Value::as_array);
                due.extend(needs.into_iter().flatten().filter_map(toml::Value::as_str));
            }
        }
    }
    found.into_iter().map(|index| packages[index]).collect()
}

fn name_of(package: &toml::Value) -> Option<&str> {
    package.get("name")?.as_str()
}

/// The name of the package in a folder.
fn package_in(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let manifest: toml::Table = text.parse().ok()?;
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

fn parse(line: &str) -> Option<(String, Sound)> {
    let mut parts = line.split('\t');
    let key = parts.next().filter(|key| key.len() == 40)?;
    let summary = parts.next()?.to_owned();
    // A line without its end was being written when the machine stopped.
    let failed = parts.next()?.split_whitespace().map(str::to_owned);
    let failed = failed.collect();
    Some((key.to_owned(), Sound { summary, failed }))
}

/// Name and version of the compiler, and its flags.
fn compiler(repo: &Repo) -> String {
    let mut text = String::new();
    for program in ["rustc", "clippy-driver"] {
        let output = Command::new(program)
            .arg("-vV")
            .current_dir(repo.root())
            .stdin(Stdio::null())
            .output();
        if let Ok(output) = output {
            text.push_str(&String::from_utf8_lossy(&output.stdout));
        }
    }
    for name in ["RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        text.push_str(&std::env::var(name).unwrap_or_default());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{around, parse};

    const LOCK: &str = "
[[package]]
name = \"mine\"
version = \"0.1.0\"
dependencies = [\"deep\", \"twice 2.0.0\"]

[[package]]
name = \"deep\"
version = \"1.0.0\"
checksum = \"aa\"

[[package]]
name = \"twice\"
version = \"1.0.0\"

[[package]]
name = \"twice\"
version = \"2.0.0\"

[[package]]
name = \"elsewhere\"
version = \"1.0.0\"
";

    const MANIFEST: &str = "
[workspace]
members = [\"mine\"]

[workspace.dependencies]
deep = \"1\"
elsewhere = \"1\"

[profile.dev]
debug = 0
";

    #[test]
    fn of_the_workspace_what_reaches_the_package_counts() {
        let folder = tempfile::tempdir().unwrap();
        let with = |lock: &str, manifest: &str| {
            std::fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
            std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
            around(folder.path(), "mine")
        };
        let before = with(LOCK, MANIFEST);
        for (old, new) in [("\"aa\"", "\"bb\""), ("2.0.0", "2.0.1")] {
            assert_ne!(before, with(&LOCK.replace(old, new), MANIFEST), "{new}");
        }
        for (old, new) in [
            ("debug = 0", "debug = 1"),
            ("deep = \"1\"", "deep = \"1.0\""),
        ] {
            assert_ne!(before, with(LOCK, &MANIFEST.replace(old, new)), "{new}");
        }
        let more = LOCK.replace(
            "\"elsewhere\"\nversion = \"1",
            "\"elsewhere\"\nversion = \"3",
        );
        let wider = MANIFEST.replace("elsewhere = \"1\"", "elsewhere = \"3\"");
        let wider = wider.replace("[\"mine\"]", "[\"mine\", \"another\"]");
        assert_eq!(before, with(&more, &wider), "what is elsewhere counts");
    }

    #[test]
    fn half_a_line_is_no_proof() {
        let key = "0123456789012345678901234567890123456789";
        assert!(parse(&format!("{key}\trejected by a\tb c")).is_some());
        assert!(parse(&format!("{key}\trejected by")).is_none());
        assert!(parse("rejected by a\tb\tc").is_none());
    }
}
