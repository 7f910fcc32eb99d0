//! What is remembered of a lab's last grade: the grade, when it was made, and of which files.
//!
//! `.course/grades/LAB.json` is a note to the tool itself, and no grade depends on it. If it is missing,
//! half written, older than this tool or not the tool's file, the tool continues without it, and the
//! next grade replaces it. It is written whole or not at all.
//!
//! Whether a grade is still that of the files in the folder is decided by content and not by dates: a
//! checkout, a merge and a reset all give new dates to old files, and a clock can go backwards. The locked
//! versions of other people's crates are left out, since a course that adds a lab changes them for all;
//! so is the toolchain.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::grade::{Extent, Report};
use crate::lab::Lab;
use crate::lab::inputs::{Input, Inputs};
use crate::repo::Repo;
use crate::starter::blob_id;
use records::moment;

/// The version of the file's format.
const FORMAT: u32 = 5;

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

/// The result of looking for it.
#[derive(Debug)]
pub(crate) enum Recalled {
    /// The lab has not been graded here.
    Nothing,
    /// There is something that cannot be used, and why.
    Unusable(String),
    Known(Box<Memory>),
}

/// The content of all that a lab's grade depends on, each part by one id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Files(BTreeMap<String, String>);

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
        // Written beside its place and then moved there: after a power cut the old one is still there.
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
            Recalled::Unusable(format!("{} cannot be used: {first}", repo.relative(&path)))
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
        serde_json::from_value(value).context("it does not have the form that this tool writes")?;
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
    /// As they are now. What cannot be read counts as missing.
    pub fn of(repo: &Repo, lab: &Lab) -> Self {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for (part, path) in Inputs::of(repo, lab).files() {
            if let Ok(bytes) = std::fs::read(&path) {
                let text = texts.entry(key(&part)).or_default();
                let _ = writeln!(text, "{}  {}", blob_id(&bytes), repo.relative(&path));
            }
        }
        let ids = texts.into_iter();
        Self(
            ids.map(|(key, text)| (key, blob_id(text.as_bytes())))
                .collect(),
        )
    }

    /// What is not the same in `now`.
    pub fn changed(&self, now: &Self) -> Vec<Input> {
        let mut changed: Vec<Input> = self
            .0
            .keys()
            .chain(now.0.keys())
            .filter(|key| self.0.get(*key) != now.0.get(*key))
            .filter_map(|key| input(key))
            .collect();
        changed.sort();
        changed.dedup();
        changed
    }
}

fn key(part: &Input) -> String {
    match part {
        Input::Code => "code".into(),
        Input::Ledger => "ledger".into(),
        Input::Tests => "tests".into(),
        Input::Given => "given".into(),
        Input::Lab(name) => format!("lab:{name}"),
    }
}

fn input(key: &str) -> Option<Input> {
    match key {
        "code" => Some(Input::Code),
        "ledger" => Some(Input::Ledger),
        "tests" => Some(Input::Tests),
        "given" => Some(Input::Given),
        other => Some(Input::Lab(other.strip_prefix("lab:")?.to_owned())),
    }
}
