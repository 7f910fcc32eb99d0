//! `cargo course verify`: proves the course itself.
//!
//! A grader that accepts a wrong solution is a bug in the course, and nothing shows it but a wrong
//! solution. So besides starters and solutions, every plausible mistake that the course knows is
//! built and must be rejected, by the very test that says it would.
//!
//! It works on the tree as it lies there: a clone in which a reader has solved a lab is no course.

mod coverage;
mod mistakes;
mod outputs;
mod scratch;
mod solutions;
mod stages;
mod starters;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::book;
use crate::cargo::{self, Build, Built};
use crate::grade::{Limits, Stop, Stopped};
use crate::lab::{self, Lab};
use crate::repo::Repo;
use crate::starter::Starter;
use crate::terminal::{HEADING, Terminal, counted, painted};

/// A part of the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Starters compile without a warning and fail by their todo
    Starters,
    /// Solutions pass, under strict clippy
    Solutions,
    /// What stands after a stage is green so far, and red by todos beyond
    Stages,
    /// Mistakes are rejected by the test that they name
    Mistakes,
    /// The book is whole
    Book,
    /// Nothing is without its counterpart
    Coverage,
}

/// What to prove.
pub(crate) struct Request {
    labs: Vec<Lab>,
    parts: Vec<Part>,
    limits: Limits,
    /// Whether every test runs on every mistake.
    pub thorough: bool,
}

impl Request {
    /// These labs, and these parts; no part means all.
    pub fn new(labs: Vec<Lab>, only: &[Part], limits: Limits) -> Self {
        let all = Part::value_variants().iter().copied();
        let parts = all
            .filter(|part| only.is_empty() || only.contains(part))
            .collect();
        Self {
            labs,
            parts,
            limits,
            thorough: false,
        }
    }
}

/// A minute for one test and ten for all: on a loaded machine too, only what never ends is cut off.
pub(crate) const LIMITS: Limits = Limits {
    build: Duration::from_secs(30 * 60),
    tests: Duration::from_secs(10 * 60),
    test: Duration::from_secs(60),
};

/// Runs the proof and prints what it finds.
pub(crate) fn run(repo: &Repo, request: &Request, stop: &Stop) -> Result<ExitCode> {
    let mut proof = Proof {
        repo,
        stop,
        limits: request.limits,
        thorough: request.thorough,
        terminal: Terminal::of_stdout(),
        problems: 0,
        rejected: 0,
    };
    let mut totals = vec![counted(request.labs.len(), "lab")];
    let tests = request
        .labs
        .iter()
        .map(|lab| lab.tests(repo).map_or(0, |tests| tests.len()))
        .sum();
    totals.push(counted(tests, "test"));
    for part in &request.parts {
        Proof::heading(*part);
        match part {
            Part::Starters => proof.each(&request.labs, starters::verify)?,
            Part::Solutions => solutions::verify(&mut proof, &request.labs)?,
            Part::Stages => stages::verify(&mut proof, &request.labs)?,
            Part::Mistakes => {
                mistakes::verify(&mut proof, &request.labs)?;
                totals.push(format!("{} rejected", counted(proof.rejected, "mistake")));
            }
            Part::Book => totals.push(counted(proof.book()?, "page")),
            Part::Coverage => {
                proof.each(&request.labs, coverage::verify)?;
                proof.passed_over()?;
                coverage::locks(&mut proof)?;
            }
        }
    }
    totals.push(counted(proof.problems, "problem"));
    let dot = if proof.terminal.unicode { " · " } else { ", " };
    let mark = if proof.problems == 0 {
        proof.terminal.good()
    } else {
        proof.terminal.bad()
    };
    anstream::println!("\n{mark} verify: {}", totals.join(dot));
    Ok(if proof.problems == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// Takes the labs as they lie in the tree for the starters.
pub(crate) fn write_starters(repo: &Repo, labs: &[Lab]) -> Result<ExitCode> {
    for lab in labs {
        ensure!(
            !lab.stubs(repo)?.is_empty(),
            "{} has no todo left: this is a solved lab, and not a starter",
            lab.folder
        );
    }
    for lab in labs {
        let starter = Starter::from_tree(repo, lab)?;
        starter.write()?;
        let count = counted(starter.files().len(), "file");
        anstream::println!("exercises/{}/starter.lock: {count}", lab.folder);
    }
    Ok(ExitCode::SUCCESS)
}

/// The proof so far.
struct Proof<'a> {
    repo: &'a Repo,
    stop: &'a Stop,
    limits: Limits,
    thorough: bool,
    terminal: Terminal,
    problems: usize,
    rejected: usize,
}

impl Proof<'_> {
    fn heading(part: Part) {
        let name = part
            .to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default();
        anstream::println!("{}", painted(HEADING, &name));
    }

    fn each(
        &mut self,
        labs: &[Lab],
        verify: impl Fn(&Proof<'_>, &Lab) -> Result<Finding>,
    ) -> Result<()> {
        for lab in labs {
            ensure!(!self.stop.is_stopped(), Stopped);
            let finding = verify(self, lab)?;
            self.item(&lab.name, &finding);
        }
        Ok(())
    }

    /// One line for what was looked at, and one for each problem.
    fn item(&mut self, subject: &str, finding: &Finding) {
        let mark = if finding.problems.is_empty() {
            self.terminal.good()
        } else {
            self.terminal.bad()
        };
        let first = format!("  {mark} {subject}  ");
        anstream::print!(
            "{}",
            self.terminal.wrapped(&first, "       ", &finding.summary)
        );
        for problem in &finding.problems {
            // What follows the first line is the compiler's or a test's, and laid out already.
            let (first, rest) = problem.split_once('\n').unwrap_or((problem, ""));
            anstream::print!("{}", self.terminal.wrapped("     - ", "       ", first));
            for line in rest.lines() {
                anstream::println!("       {line}");
            }
        }
        self.problems += finding.problems.len();
    }

    /// Folders that look like labs and are none.
    fn passed_over(&mut self) -> Result<()> {
        let problems = lab::passed_over(self.repo)?;
        if !problems.is_empty() {
            let summary = String::new();
            self.item("labs", &Finding { summary, problems });
        }
        Ok(())
    }

    fn book(&mut self) -> Result<usize> {
        let problems = book::check::check(self.repo)?;
        let pages = book::page::all(&self.repo.book_src())?.len();
        let finding = Finding {
            summary: counted(pages, "page"),
            problems: problems.iter().map(ToString::to_string).collect(),
        };
        self.item("book", &finding);
        Ok(pages)
    }
}

/// What was found about one thing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Finding {
    summary: String,
    problems: Vec<String>,
}

impl Finding {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }
}

/// Runs clippy; its objections are problems.
fn clippy(
    proof: &Proof<'_>,
    workspace: &Path,
    packages: &[String],
    finding: &mut Finding,
) -> Result<()> {
    let build = cargo::clippy(workspace, packages, proof.limits.build, proof.stop)?;
    match build.outcome {
        Built::Tests(_) => {}
        Built::Broken(errors) => {
            finding.problem(format!("clippy objects:\n{}", errors.join("\n\n")));
        }
        Built::TimedOut => finding.problem("clippy did not end"),
        Built::Stopped => return Err(Stopped.into()),
    }
    Ok(())
}

/// The test executables of a build; without them, why there are none.
fn built(build: Build, finding: &mut Finding) -> Result<Option<Vec<cargo::TestBinary>>> {
    match build.outcome {
        Built::Tests(binaries) => Ok(Some(binaries)),
        Built::Broken(errors) => {
            finding.problem(format!("does not compile:\n{}", errors.join("\n\n")));
            Ok(None)
        }
        Built::TimedOut => {
            finding.problem("the build did not end");
            Ok(None)
        }
        Built::Stopped => Err(Stopped.into()),
    }
}
