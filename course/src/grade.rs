//! Grades a lab: builds its tests, runs each in a process of its own, and says which invariants hold.
//!
//! `cargo test` decides; nothing here judges code. A process for each test instead of one for all
//! gives the same verdicts and shows two more things: which test was running when the process died,
//! and which one never ends. All others still get their grade.

mod output;
mod report;
mod run;

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::cargo::{self, Build, Built};
use crate::lab::{GradedTest, Lab, Target};
use crate::repo::Repo;
use crate::starter::Starter;

pub use crate::process::Stop;
pub(crate) use output::todo_sentence;
pub use output::{Panic, Place};
pub use report::{
    HardeningReport, InvariantReport, Misconception, Report, StageReport, TestReport, Verdict,
};
pub use run::Outcome;
pub(crate) use run::{Runner, TestRun};

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
    /// After this many tests that do not end, the rest are not run: a loop in a function that all tests
    /// call would take minutes to report the same fifty times. None for no such limit.
    pub spins: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // The first build compiles the dependencies, perhaps on a slow machine.
            build: Duration::from_secs(20 * 60),
            tests: Duration::from_secs(4 * 60),
            // A test reports a spin by itself, after half of this; the rest is for a busy machine.
            test: Duration::from_secs(60),
            spins: Some(3),
        }
    }
}

/// The stop flag was raised before the grade was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("stopped before the grade was made")
    }
}

impl std::error::Error for Stopped {}

/// How much of a lab is graded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The core, and nothing else.
    Core,
    /// The core, and once it holds the hardening.
    CoreFirst,
    /// Both, whatever the core says.
    All,
}

/// Grades `lab` as it is in the reader's workspace.
///
/// # Errors
/// [`Stopped`] when `stop` was raised; otherwise when cargo cannot be run or the lab's folder is not
/// readable. Code that does not compile is a verdict, not an error.
pub fn grade(repo: &Repo, lab: &Lab, stop: &Stop, extent: Extent) -> Result<Report> {
    grade_with(repo, lab, stop, extent, Limits::default(), false)
}

/// The same within other limits; with `progress`, cargo's progress is passed on to standard error.
///
/// # Errors
/// As [`grade`].
pub fn grade_with(
    repo: &Repo,
    lab: &Lab,
    stop: &Stop,
    extent: Extent,
    limits: Limits,
    progress: bool,
) -> Result<Report> {
    let folder = lab.dir(repo);
    ensure!(folder.is_dir(), "{} is not there", repo.relative(&folder));
    let starter = Starter::of(repo, lab)?;
    starter.remember(repo);
    let mut report = Report::empty(lab, Verdict::Graded);
    report.notes = starter.changed_tests(repo);
    let targets = lab.targets(repo);
    if targets.contains(&Target::Hardening) {
        report.hardening = Some(HardeningReport {
            wanted: extent != Extent::Core,
            ..HardeningReport::default()
        });
    }
    let mut stated = Vec::new();
    for target in &targets {
        match lab.tests_of(repo, *target) {
            Ok(tests) => stated.extend(tests),
            Err(error) => {
                let note = format!("the lab's test files cannot be read: {error:#}");
                report.notes.push(note);
            }
        }
    }
    report.expect(&stated);
    let grading = GradeRun {
        repo,
        lab,
        stop,
        limits,
        progress,
        stated: &stated,
    };
    for target in targets {
        if target == Target::Hardening {
            let due = extent == Extent::All || (extent == Extent::CoreFirst && report.core);
            if !due {
                continue;
            }
        }
        if !grading.of(target, &mut report)? {
            return Ok(report);
        }
        if let (Target::Hardening, Some(hardening)) = (target, &mut report.hardening) {
            hardening.graded = true;
        }
        report.conclude(limits);
    }
    // `verify` reports a damaged patch; the reader gets a grade without it.
    let own = format!("{}/src/", repo.relative(&folder));
    report.explain(&lab.mistakes(repo).unwrap_or_default(), &own);
    if report.graded().next().is_none() {
        let main = Target::Core.main();
        report.notes.push(format!(
            "no graded test was found: is {main} still as it was given?"
        ));
    }
    Ok(report)
}

/// What it takes to build and run one target after the other.
struct GradeRun<'a> {
    repo: &'a Repo,
    lab: &'a Lab,
    stop: &'a Stop,
    limits: Limits,
    progress: bool,
    stated: &'a [GradedTest],
}

impl GradeRun<'_> {
    /// Builds a target, runs its tests and places them; false where it could not be built.
    fn of(&self, target: Target, report: &mut Report) -> Result<bool> {
        let (limits, workspace) = (self.limits, self.repo.exercises());
        let echo = self.progress.then_some(cargo::echo_progress as fn(&str));
        let mut build = cargo::build_tests(
            &workspace,
            &self.lab.name,
            &[target.name()],
            limits.build,
            self.stop,
            echo,
        )?;
        for warning in summaries(&build) {
            if !report.warnings.contains(&warning) {
                report.warnings.push(warning);
            }
        }
        let outcome = std::mem::replace(&mut build.outcome, Built::Stopped);
        let (verdict, message) = match outcome {
            Built::Tests(binaries) => {
                for binary in &binaries {
                    let runner = Runner {
                        binary: &binary.executable,
                        folder: &self.lab.dir(self.repo),
                        limits,
                        stop: self.stop,
                    };
                    let runs = runner.run_all()?;
                    report.place(self.repo, &workspace, binary, self.stated, runs);
                }
                return Ok(true);
            }
            Built::Stopped => return Err(Stopped.into()),
            Built::TimedOut => {
                let message = format!(
                    "the build did not end within {}, so it was stopped; is there a build script or a macro that never returns?",
                    spoken(limits.build)
                );
                (Verdict::TimedOut, message)
            }
            Built::Broken(compiler) => {
                let message = first_error(&build, &compiler);
                report.compiler = compiler;
                (Verdict::DoesNotCompile, message)
            }
        };
        match &mut report.hardening {
            // The core has its grade already, and keeps it.
            Some(hardening) if target == Target::Hardening => hardening.message = message,
            _ => {
                report.verdict = verdict;
                report.message = message;
            }
        }
        Ok(false)
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

/// A duration in words.
fn spoken(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        1 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}
