//! What is remembered of a lab's last grade: the grade, when it was made, and of which files.
//!
//! `.course/grades/LAB.json` is a note to the tool itself, and nothing that a grade depends on. Whoever
//! finds it missing, half written, older than this tool or somebody else's file goes on without, and
//! the next grade replaces it. It is written whole or not at all.
//!
//! Whether a grade is still that of what lies in the folder is told by content and not by dates: a
//! checkout, a merge and a reset all give new dates to old files, and a clock can go backwards. Left
//! out are the locked versions of other people's crates, since a course that adds a lab moves them for
//! all, and the toolchain.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::grade::{Extent, Report};
use crate::lab::{Lab, Whose};
use crate::repo::Repo;
use crate::starter::{blob_id, paths_below};
use records::moment;

/// The version of the file's format.
const FORMAT: u32 = 3;

/// A report with every test failing at length takes some 100 KB. What is larger is not ours.
const LARGEST: u64 = 4 << 20;

/// The last grade of a lab.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Memory {
    format: u32,
    /// In seconds since 1970, by the clock of that day.
    pub graded_at: u64,
    /// What was graded.
    pub files: Files,
    pub report: Report,
}

/// What came of looking for it.
#[derive(Debug)]
pub(crate) enum Recalled {
    /// The lab has not been graded here.
    Nothing,
    /// There is something that is of no use, and why.
    Unusable(String),
    Known(Box<Memory>),
}

/// The content of all that a lab's grade depends on, each part by one id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Files(BTreeMap<String, String>);

/// Something that is not as it was when the lab was graded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Changed {
    Code,
    Ledger,
    Tests,
    Given,
    /// An earlier lab that this one builds on, by its crate's name.
    Lab(String),
}

/// Keeps a grade.
pub(crate) fn keep(repo: &Repo, lab: &Lab, files: Files, report: &Report) -> Result<()> {
    let memory = Memory {
        format: FORMAT,
        graded_at: moment::seconds(SystemTime::now()),
        files,
        report: report.clone(),
    };
    let path = path(repo, lab);
    let folder = path.parent().unwrap_or(repo.root());
    let written = || -> Result<()> {
        std::fs::create_dir_all(folder)?;
        // Beside its place, and then moved there: a reader who pulls the plug has the old one.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, &memory)?;
        file.persist(&path)?;
        Ok(())
    };
    written().with_context(|| format!("cannot write {}", repo.relative(&path)))
}

/// The last grade of `lab`, if it is remembered.
pub(crate) fn recall(repo: &Repo, lab: &Lab) -> Recalled {
    let path = path(repo, lab);
    // Asked before it is opened: opening a pipe waits for a writer.
    let Ok(about) = std::fs::metadata(&path) else {
        return Recalled::Nothing;
    };
    match usable(lab, &path, &about) {
        Ok(memory) => Recalled::Known(Box::new(memory)),
        Err(error) => {
            let first = format!("{error:#}");
            let first = first.lines().next().unwrap_or_default();
            Recalled::Unusable(format!("{} is of no use: {first}", repo.relative(&path)))
        }
    }
}

/// How much of a lab its reader wants graded: the hardening too, once they have asked for it.
pub(crate) fn extent(repo: &Repo, lab: &Lab) -> Extent {
    let wanted = match recall(repo, lab) {
        Recalled::Known(memory) => memory.report.hardening.is_some_and(|part| part.wanted),
        Recalled::Nothing | Recalled::Unusable(_) => false,
    };
    if wanted {
        Extent::CoreFirst
    } else {
        Extent::Core
    }
}

fn usable(lab: &Lab, path: &Path, about: &std::fs::Metadata) -> Result<Memory> {
    ensure!(about.is_file(), "it is not a file");
    ensure!(about.len() <= LARGEST, "it is too large to be ours");
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(LARGEST)
        .read_to_string(&mut text)?;
    let value: serde_json::Value =
        serde_json::from_str(&text).context("it is damaged, or only half written")?;
    ensure!(
        value["format"] == FORMAT,
        "another version of this tool wrote it"
    );
    let memory: Memory =
        serde_json::from_value(value).context("it is not as this tool writes it")?;
    let stated = lab.invariants.iter().map(|invariant| &invariant.id);
    let report = &memory.report;
    let graded = report.invariants.iter();
    ensure!(
        report.lab == lab.name
            && report.of == lab.invariants.len()
            && graded.map(|invariant| &invariant.id).eq(stated),
        "it is of another lab, or of other invariants than the lab has now"
    );
    let stages = lab.stages.iter().map(|stage| &stage.module);
    ensure!(
        report.stages.iter().map(|stage| &stage.module).eq(stages),
        "it is of other stages than the lab has now"
    );
    let held = report.invariants.iter().filter(|known| known.holds).count();
    ensure!(held == report.holds, "its figures contradict each other");
    Ok(memory)
}

fn path(repo: &Repo, lab: &Lab) -> PathBuf {
    repo.state_dir()
        .join("grades")
        .join(format!("{}.json", lab.name))
}

impl Files {
    /// As they lie there now. What cannot be read is not there.
    pub fn of(repo: &Repo, lab: &Lab) -> Self {
        let folder = lab.dir(repo);
        let mut files = BTreeMap::new();
        let mut note = |key: String, id: String| files.insert(key, id);
        note("code".into(), id_of(&folder, is_code));
        note("tests".into(), id_of(&folder, is_test));
        let needs = lab.needs(repo);
        let mut given = id_of(&folder, |path| path == "Cargo.toml");
        for needed in &needs {
            let id = id_of(&needed.folder, |path| path == "Cargo.toml" || is_code(path));
            match needed.whose {
                Whose::Given => given.push_str(&id),
                Whose::Yours | Whose::Ours => {
                    note(format!("lab:{}", needed.name), id);
                }
            }
        }
        note("given".into(), blob_id(given.as_bytes()));
        if needs.iter().any(|needed| needed.name == "ledger") {
            let ledger = std::fs::read(repo.exercises().join("boundaries.toml"));
            note("ledger".into(), blob_id(&ledger.unwrap_or_default()));
        }
        Self(files)
    }

    /// What is not the same in `now`.
    pub fn changed(&self, now: &Self) -> Vec<Changed> {
        let mut changed: Vec<Changed> = self
            .0
            .keys()
            .chain(now.0.keys())
            .filter(|key| self.0.get(*key) != now.0.get(*key))
            .filter_map(|key| match key.as_str() {
                "code" => Some(Changed::Code),
                "ledger" => Some(Changed::Ledger),
                "tests" => Some(Changed::Tests),
                "given" => Some(Changed::Given),
                other => Some(Changed::Lab(other.strip_prefix("lab:")?.to_owned())),
            })
            .collect();
        changed.sort();
        changed.dedup();
        changed
    }
}

/// What the reader writes. A ledger in the lab's own folder is one that counts.
fn is_code(path: &str) -> bool {
    path.starts_with("src/") || matches!(path, "build.rs" | "boundaries.toml")
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path == "lab.toml"
}

/// One id for those files below `folder` that count.
fn id_of(folder: &Path, counts: impl Fn(&str) -> bool) -> String {
    let mut all = String::new();
    for path in paths_below(folder).unwrap_or_default() {
        if counts(&path)
            && let Ok(bytes) = std::fs::read(folder.join(&path))
        {
            let _ = writeln!(all, "{}  {path}", blob_id(&bytes));
        }
    }
    blob_id(all.as_bytes())
}
