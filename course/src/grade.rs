//! Grades a lab: builds its tests, runs each in a process of its own, and says which invariants hold.
//!
//! `cargo test` decides; nothing here judges code. A process for each test instead of one for all
//! gives the same verdicts and tells two things more: which test was running when the process died,
//! and which one spins. All others still get their grade.

mod output;
mod run;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::cargo::{self, Build, Built, TestBinary};
use crate::lab::{GradedTest, Lab};
use crate::repo::Repo;
use crate::starter::Starter;

pub use crate::process::Stop;
pub(crate) use output::todo_sentence;
pub use output::{Panic, Place};
pub use run::Outcome;
pub(crate) use run::{Runner, TestRun};

/// The integration test of every lab that grades it.
pub(crate) const GRADE: &str = "grade";

/// How a lab stands. Serialises to the lab's entry of the served `state.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The lab's name.
    pub lab: String,
    /// Whether there is a grade at all.
    pub verdict: Verdict,
    /// Why there is none, or empty.
    pub message: String,
    /// Every invariant, in the lab's order.
    pub invariants: Vec<InvariantReport>,
    /// How many invariants hold.
    pub holds: usize,
    /// How many there are.
    pub of: usize,
    /// Tests of given code: when one fails, something that was given has been changed.
    pub given: Vec<TestReport>,
    /// Tests that belong to no invariant: the reader's own, or renamed ones.
    pub others: Vec<TestReport>,
    /// What the compiler says when it does not compile, error by error.
    pub compiler: Vec<String>,
    /// The compiler's warnings, a line each.
    pub warnings: Vec<String>,
    /// What else a reader should know, such as changed test files.
    pub notes: Vec<String>,
}

/// Whether a lab got a grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Its tests ran.
    Graded,
    /// It does not compile.
    DoesNotCompile,
    /// The build, or the tests as a whole, took longer than the limit.
    TimedOut,
    /// The grade is being made.
    Grading,
}

/// One invariant and the tests that judge it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvariantReport {
    /// Such as `M1`.
    pub id: String,
    /// One sentence.
    pub text: String,
    /// Where to read about it.
    pub read: String,
    /// Whether it has tests, and all of them passed.
    pub holds: bool,
    /// Its tests, in the order of the test files.
    pub tests: Vec<TestReport>,
}

/// How one test went.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TestReport {
    /// As libtest prints it.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The panic's text, or what else it said at its end; empty when it passed.
    pub message: String,
    /// Where it panicked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Panics before the last one, such as those of tasks that the test had started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Panic>,
}

/// How long each step may take, in real time. No grade depends on it: a test that needs seconds is
/// as good as one that needs milliseconds, and only what would never end is cut off.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Building the lab and what it depends on.
    pub build: Duration,
    /// All tests together.
    pub tests: Duration,
    /// One test.
    pub test: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // The first build compiles the dependencies, perhaps on a slow machine.
            build: Duration::from_secs(20 * 60),
            tests: Duration::from_secs(4 * 60),
            // A test tells of a spin by itself, after half of this; the rest is for a busy machine.
            test: Duration::from_secs(60),
        }
    }
}

/// Someone raised the stop flag before the grade was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("stopped before the grade was made")
    }
}

impl std::error::Error for Stopped {}

/// Grades `lab` as it lies in the reader's workspace.
///
/// # Errors
/// [`Stopped`] when `stop` was raised; otherwise when cargo cannot be run or the lab's folder is not
/// readable. Code that does not compile is a verdict, not an error.
pub fn grade(repo: &Repo, lab: &Lab, stop: &Stop) -> Result<Report> {
    grade_with(repo, lab, stop, Limits::default(), false)
}

/// The same within other limits; with `progress`, cargo's progress is passed on to standard error.
///
/// # Errors
/// As [`grade`].
pub fn grade_with(
    repo: &Repo,
    lab: &Lab,
    stop: &Stop,
    limits: Limits,
    progress: bool,
) -> Result<Report> {
    let folder = lab.dir(repo);
    ensure!(folder.is_dir(), "{} is not there", repo.relative(&folder));
    let starter = Starter::of(repo, lab)?;
    starter.remember(repo);
    let notes = starter.changed_tests(repo);
    let echo = progress.then_some(cargo::echo_progress as fn(&str));
    let mut build = cargo::build_tests(&repo.exercises(), &lab.name, limits.build, stop, echo)?;
    let warnings = summaries(&build);
    let mut report = Report::empty(lab, Verdict::Graded);
    report.notes = notes;
    report.warnings = warnings;
    let binaries = match std::mem::replace(&mut build.outcome, Built::Stopped) {
        Built::Tests(binaries) => binaries,
        Built::Stopped => return Err(Stopped.into()),
        Built::TimedOut => {
            report.verdict = Verdict::TimedOut;
            report.message = format!(
                "the build did not end within {}, so it was stopped; is there a build script or a macro that never returns?",
                spoken(limits.build)
            );
            return Ok(report);
        }
        Built::Broken(compiler) => {
            report.verdict = Verdict::DoesNotCompile;
            report.message = first_error(&build, &compiler);
            report.compiler = compiler;
            return Ok(report);
        }
    };
    let stated = lab.tests(repo).unwrap_or_else(|error| {
        report
            .notes
            .push(format!("the lab's test files cannot be read: {error:#}"));
        Vec::new()
    });
    let workspace = repo.exercises();
    for binary in &binaries {
        let runner = Runner {
            binary: &binary.executable,
            folder: &folder,
            limits,
            stop,
        };
        let runs = runner.run_all()?;
        report.place(repo, &workspace, binary, &stated, runs);
    }
    report.conclude(limits);
    Ok(report)
}

impl Report {
    /// What to show while the grade is being made.
    pub fn grading(lab: &Lab) -> Self {
        Self::empty(lab, Verdict::Grading)
    }

    /// Whether every invariant holds and nothing that was given is broken.
    pub fn all_hold(&self) -> bool {
        self.verdict == Verdict::Graded
            && self.holds == self.of
            && self.given.iter().all(|test| test.passed)
    }

    /// Every graded test, in the order of the invariants.
    pub fn graded(&self) -> impl Iterator<Item = &TestReport> {
        self.invariants
            .iter()
            .flat_map(|invariant| &invariant.tests)
    }

    fn empty(lab: &Lab, verdict: Verdict) -> Self {
        let invariants = lab.invariants.iter().map(|invariant| InvariantReport {
            id: invariant.id.clone(),
            text: invariant.text.clone(),
            read: invariant.read.clone(),
            holds: false,
            tests: Vec::new(),
        });
        Self {
            lab: lab.name.clone(),
            verdict,
            message: String::new(),
            invariants: invariants.collect(),
            holds: 0,
            of: lab.invariants.len(),
            given: Vec::new(),
            others: Vec::new(),
            compiler: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Puts each run where its test's doc comment says that it belongs.
    fn place(
        &mut self,
        repo: &Repo,
        workspace: &Path,
        binary: &TestBinary,
        stated: &[GradedTest],
        mut runs: Vec<TestRun>,
    ) {
        let grades = binary.target == GRADE && !binary.of_library;
        if grades {
            // libtest lists by name; the files' order is the order in which a lab is built.
            runs.sort_by_key(|run| {
                stated
                    .iter()
                    .position(|test| test.name == run.name)
                    .unwrap_or(usize::MAX)
            });
        }
        for run in runs {
            let statement = stated.iter().find(|test| grades && test.name == run.name);
            let report = TestReport::of(run, |place| located(repo, workspace, &place));
            let invariant = statement
                .and_then(|test| test.invariant.as_deref())
                .and_then(|id| {
                    self.invariants
                        .iter_mut()
                        .find(|invariant| invariant.id == id)
                });
            match (invariant, statement) {
                (Some(invariant), _) => invariant.tests.push(report),
                (None, Some(test)) if test.given => self.given.push(report),
                _ => self.others.push(report),
            }
        }
    }

    fn conclude(&mut self, limits: Limits) {
        for invariant in &mut self.invariants {
            invariant.holds =
                !invariant.tests.is_empty() && invariant.tests.iter().all(|test| test.passed);
        }
        self.holds = self
            .invariants
            .iter()
            .filter(|invariant| invariant.holds)
            .count();
        if self.graded().next().is_none() {
            self.notes.push(
                "no graded test was found: is tests/grade/main.rs still as it was given?"
                    .to_owned(),
            );
        }
        if self.graded().any(|test| test.outcome == Outcome::NotRun) {
            self.verdict = Verdict::TimedOut;
            self.message = format!(
                "the tests did not end within {}; those that were still to come were not run",
                spoken(limits.tests)
            );
        }
    }
}

impl TestReport {
    fn of(run: TestRun, located: impl Fn(Place) -> Place) -> Self {
        let mut panics = run.panics;
        // A todo explains everything that happens after it.
        let telling = panics
            .iter()
            .position(Panic::is_todo)
            .unwrap_or(panics.len().saturating_sub(1));
        panics.truncate(telling + 1);
        let last = panics.pop();
        let message = match &last {
            Some(panic) if !matches!(run.outcome, Outcome::Crashed | Outcome::Spun) => {
                panic.message.clone()
            }
            _ => run.said,
        };
        Self {
            name: run.name,
            passed: run.outcome == Outcome::Passed,
            outcome: run.outcome,
            message,
            place: last.and_then(|panic| panic.place).map(located),
            earlier: panics,
        }
    }
}

/// rustc names files from the workspace's root; readers look from the repository's.
fn located(repo: &Repo, workspace: &Path, place: &Place) -> Place {
    let absolute = workspace.join(&place.file);
    Place {
        file: repo.relative(&absolute),
        line: place.line,
    }
}

fn summaries(build: &Build) -> Vec<String> {
    build
        .warnings()
        .map(|warning| match warning.place.as_str() {
            "" => warning.headline.clone(),
            place => format!("{place}: {}", warning.headline),
        })
        .collect()
}

fn first_error(build: &Build, compiler: &[String]) -> String {
    build
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.is_error)
        .map_or_else(
            || {
                compiler
                    .first()
                    .and_then(|text| text.lines().next())
                    .unwrap_or("cargo gave no reason")
                    .to_owned()
            },
            |error| match error.place.as_str() {
                "" => error.headline.clone(),
                place => format!("{} ({place})", error.headline),
            },
        )
}

/// A duration as one says it.
fn spoken(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        1 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}
