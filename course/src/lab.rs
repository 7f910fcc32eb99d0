//! What a lab says about itself.
//!
//! A lab has no registry entry anywhere: a folder `exercises/NN-name` with a `lab.toml` is a lab.
//! Its tests, hints and mistakes are read from the files that a reader or an author edits anyway, so
//! that nothing has to be written twice.

mod hints;
#[cfg(feature = "tool")]
pub mod inputs;
mod mistakes;
mod needs;
mod stubs;
mod tests;
mod tokens;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

pub use hints::{HintSection, about};
pub use mistakes::Mistake;
pub use needs::{Needed, Whose};
pub use stubs::Stub;
pub use tests::{GradedTest, Target};
#[cfg(feature = "tool")]
pub(crate) use tokens::is_same_code;

use crate::repo::Repo;

/// One lab of the course, as its `lab.toml` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lab {
    /// The package's name, and the LAB argument of every command.
    pub name: String,
    /// The folder below `exercises/` and `solutions/`, such as `01-measure`.
    pub folder: String,
    /// Its place in the course, from the folder's name.
    pub number: u8,
    /// Its title.
    pub title: String,
    /// What a reader builds in it, in one line of markdown; empty where it does not say.
    pub builds: String,
    /// Its chapter, relative to the book's `src/`.
    pub chapter: String,
    /// How long it takes.
    pub minutes: Minutes,
    /// What a reader should know before.
    pub prerequisites: Vec<String>,
    /// What a reader can do afterwards.
    pub objectives: Vec<Objective>,
    /// The core's stages, in the order in which they are built.
    pub stages: Vec<Stage>,
    /// What the tests prove, in the order in which they are built.
    pub invariants: Vec<Invariant>,
    /// What failing tests say, as the book shows it.
    pub outputs: Vec<Output>,
    /// What it measures, if it does.
    pub measure: Option<Measure>,
}

/// What a lab measures: a bench of its crate that is built on the harness in `given/ladder`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// The bench's name.
    pub bench: String,
    /// What its figures are called: their file, and `{{#numbers NAME}}`. The lab's name if it is
    /// left out.
    #[serde(default)]
    pub figures: String,
    /// The package of the root workspace that measures the solution instead, as long as the reader's
    /// code still holds a `todo!`; none if there is no such program.
    pub ours: Option<String>,
}

/// How long a lab takes, in minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Minutes {
    /// Reading the chapter.
    pub read: u32,
    /// Running and reading the measurements.
    #[serde(default)]
    pub measure: u32,
    /// Building until the core is green: the sum of its stages.
    #[serde(skip_deserializing)]
    pub build: u32,
    /// Building until the hardening is green as well.
    #[serde(default)]
    pub hardening: u32,
}

impl Minutes {
    /// All but the hardening: what it takes until the next lab may be begun.
    pub fn total(self) -> u32 {
        self.read + self.measure + self.build
    }
}

/// A step of a lab's core: what a reader builds in one go, and is judged by one test module.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The module of the core's tests.
    pub module: String,
    /// In a few words.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// Its section: `page.md#fragment`, relative to the book's `src/`.
    pub read: String,
}

/// `240` minutes as `4 h`, for a reader.
pub fn duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Something that a reader can do after the lab; quiz questions name it by its id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Named by quiz questions.
    pub id: String,
    /// One sentence.
    pub text: String,
    /// The invariants whose tests judge it, by their ids.
    #[serde(default)]
    pub invariants: Vec<String>,
    /// What else shows it, or shows it alone where no test can.
    pub shown_by: Option<ShownBy>,
}

/// What shows an objective besides tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShownBy {
    /// The reader's own figures: no test asserts a time.
    Measurement,
}

/// Something that the tests prove.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invariant {
    /// Named by the doc comments of tests, such as `M1`.
    pub id: String,
    /// One sentence.
    pub text: String,
    /// Where to read about it: `page.md#fragment`, relative to the book's `src/`.
    pub read: String,
}

/// A failing test's output that a page of the book includes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The file, relative to the book's `src/`.
    pub file: String,
    /// What was tested: `starter`, or the name of a mistake.
    pub from: String,
    /// The test, by its function's name.
    pub test: String,
}

/// All labs, in the course's order.
///
/// # Errors
/// When `exercises/` cannot be read or a `lab.toml` is wrong.
pub fn all(repo: &Repo) -> Result<Vec<Lab>> {
    let mut labs = Vec::new();
    for folder in folders(repo)? {
        if let Some(lab) = load(repo, &folder)? {
            labs.push(lab);
        }
    }
    Ok(labs)
}

/// Folders that look like labs and are not, each with the reason: mostly copies that a reader has put
/// aside.
///
/// # Errors
/// As [`all`].
pub fn passed_over(repo: &Repo) -> Result<Vec<String>> {
    let mut others = Vec::new();
    for folder in folders(repo)? {
        if load(repo, &folder)?.is_none() {
            others.push(format!(
                "exercises/{folder} is not taken for a lab, since its lab.toml has another name than its folder"
            ));
        }
    }
    Ok(others)
}

/// The numbered folders with a `lab.toml`, sorted.
fn folders(repo: &Repo) -> Result<Vec<String>> {
    let folder = repo.exercises();
    let mut folders = Vec::new();
    for entry in
        std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if numbered(&name).is_some() && folder.join(&name).join("lab.toml").is_file() {
            folders.push(name);
        }
    }
    folders.sort();
    Ok(folders)
}

/// The lab that a reader calls `name`: `measure`, `1`, `01` or `01-measure`.
///
/// # Errors
/// When there is no such lab; the error lists those that exist.
pub fn named(repo: &Repo, name: &str) -> Result<Lab> {
    let labs = all(repo)?;
    let wanted = name.trim_end_matches('/');
    let number = wanted.parse::<u8>().ok();
    let known: Vec<String> = labs
        .iter()
        .map(|lab| format!("{} ({})", lab.name, lab.number))
        .collect();
    labs.into_iter()
        .find(|lab| lab.name == wanted || lab.folder == wanted || Some(lab.number) == number)
        .with_context(|| match known.as_slice() {
            [] => format!("no lab is called `{name}`: this clone has no labs at all"),
            known if name.is_empty() => format!("which lab? There are: {}", known.join(", ")),
            known => format!(
                "no lab is called `{name}`; the labs are: {}",
                known.join(", ")
            ),
        })
}

impl Lab {
    /// The reader's crate.
    pub fn dir(&self, repo: &Repo) -> PathBuf {
        repo.exercises().join(&self.folder)
    }

    /// The solved crate.
    pub fn solution_dir(&self, repo: &Repo) -> PathBuf {
        repo.solutions().join(&self.folder)
    }

    /// The solved crate's package name.
    pub fn solution_package(&self) -> String {
        format!("{}-solution", self.name)
    }

    /// The invariant with this id.
    pub fn invariant(&self, id: &str) -> Option<&Invariant> {
        self.invariants.iter().find(|invariant| invariant.id == id)
    }

    /// The plausible mistakes that the course knows for this lab, by name.
    ///
    /// # Errors
    /// When a patch cannot be read or lacks its header.
    pub fn mistakes(&self, repo: &Repo) -> Result<Vec<Mistake>> {
        self.mistakes_each(repo)?
            .into_iter()
            .map(|(_, mistake)| mistake)
            .collect()
    }

    /// The same, with each malformed header as an error of its own.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn mistakes_each(&self, repo: &Repo) -> Result<Vec<(String, Result<Mistake>)>> {
        mistakes::read_each(&self.solution_dir(repo).join("mistakes"))
    }

    /// The hints, section by section.
    ///
    /// # Errors
    /// When `hints.md` is there but cannot be read.
    pub fn hints(&self, repo: &Repo) -> Result<Vec<HintSection>> {
        hints::read(&self.dir(repo).join("hints.md"))
    }

    /// Its test targets, in the order in which a reader passes them.
    pub fn targets(&self, repo: &Repo) -> Vec<Target> {
        let hardening = self.dir(repo).join(Target::Hardening.main());
        let mut targets = vec![Target::Core];
        targets.extend(hardening.is_file().then_some(Target::Hardening));
        targets
    }

    /// The tests as the lab's test files state them, in the order of the files.
    ///
    /// # Errors
    /// When a test file cannot be read or is not Rust.
    pub fn tests(&self, repo: &Repo) -> Result<Vec<GradedTest>> {
        let mut all = Vec::new();
        for target in self.targets(repo) {
            all.extend(self.tests_of(repo, target)?);
        }
        Ok(all)
    }

    /// Those of one executable.
    ///
    /// # Errors
    /// As [`Lab::tests`].
    pub fn tests_of(&self, repo: &Repo, target: Target) -> Result<Vec<GradedTest>> {
        let main = self.dir(repo).join(target.main());
        ensure!(
            main.is_file(),
            "lab {0} has no test target `{1}`: {2} is missing. `cargo course reset {0}` restores it; a new lab \
             needs one module there for each [[stage]] of its lab.toml (see CONTRIBUTING.md)",
            self.name,
            target.name(),
            repo.relative(&main)
        );
        tests::read(&main, target)
    }

    /// The crates of the course that its tests are built from.
    pub fn needs(&self, repo: &Repo) -> Vec<Needed> {
        needs::of(repo, self)
    }

    /// The functions that the tests of `stage` judge, by their contracts.
    ///
    /// # Errors
    /// When a source file cannot be read or parsed.
    pub fn judged_in(&self, repo: &Repo, stage: &Stage) -> Result<Vec<String>> {
        let tests = self.tests_of(repo, Target::Core)?;
        let names: Vec<&str> = tests
            .iter()
            .filter(|test| test.module() == stage.module)
            .map(|test| test.name.as_str())
            .collect();
        stubs::judged_by(&self.dir(repo), &names)
    }

    /// The functions in the reader's crate that still hold a `todo!`.
    ///
    /// # Errors
    /// When a source file cannot be read or is not Rust.
    pub fn stubs(&self, repo: &Repo) -> Result<Vec<Stub>> {
        stubs::read(&self.dir(repo))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    #[serde(default)]
    builds: String,
    chapter: String,
    minutes: Minutes,
    #[serde(default)]
    prerequisites: Vec<String>,
    #[serde(default, rename = "objective")]
    objectives: Vec<Objective>,
    #[serde(default, rename = "stage")]
    stages: Vec<Stage>,
    #[serde(default, rename = "invariant")]
    invariants: Vec<Invariant>,
    #[serde(default, rename = "output")]
    outputs: Vec<Output>,
    measure: Option<Measure>,
}

/// Reads a lab; none where the folder is not the lab's own, such as a copy beside it.
fn load(repo: &Repo, folder: &str) -> Result<Option<Lab>> {
    let path = repo.exercises().join(folder).join("lab.toml");
    let shown = repo.relative(&path);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
    let file: File =
        toml::from_str(&text).with_context(|| format!("{shown} is not as expected"))?;
    let Some((number, name)) = numbered(folder) else {
        bail!("{folder} does not start with a number");
    };
    if file.name != name {
        return Ok(None);
    }
    let mut minutes = file.minutes;
    minutes.build = file.stages.iter().map(|stage| stage.minutes).sum();
    let measure = file.measure.map(|measure| match measure.figures.as_str() {
        "" => Measure {
            figures: name.to_owned(),
            ..measure
        },
        _ => measure,
    });
    Ok(Some(Lab {
        name: file.name,
        folder: folder.to_owned(),
        number,
        title: file.title,
        builds: file.builds,
        chapter: file.chapter,
        minutes,
        prerequisites: file.prerequisites,
        outputs: file.outputs,
        measure,
        objectives: file.objectives,
        stages: file.stages,
        invariants: file.invariants,
    }))
}

/// `01-measure` as `(1, "measure")`.
pub(crate) fn numbered(folder: &str) -> Option<(u8, &str)> {
    let (number, name) = folder.split_once('-')?;
    let digits = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    if digits && !name.is_empty() {
        Some((number.parse().ok()?, name))
    } else {
        None
    }
}

/// The lab that a reader means without naming one: the one around the current folder, or all.
#[cfg(feature = "tool")]
pub(crate) fn meant(repo: &Repo, name: Option<&str>) -> Result<Vec<Lab>> {
    if let Some(name) = name {
        return Ok(vec![named(repo, name)?]);
    }
    let mut labs = all(repo)?;
    if let Ok(here) = std::env::current_dir()
        && let Some(at) = labs.iter().position(|lab| here.starts_with(lab.dir(repo)))
    {
        return Ok(vec![labs.swap_remove(at)]);
    }
    ensure!(
        !labs.is_empty(),
        "there is no lab in {}",
        repo.relative(&repo.exercises())
    );
    Ok(labs)
}

#[cfg(test)]
mod tests_of_words {
    #[test]
    fn minutes_read_like_minutes() {
        assert_eq!(
            [45, 60, 180, 100].map(super::duration),
            ["45 min", "1 h", "3 h", "1 h 40 min"]
        );
    }
}
