//! `cargo course verify`: proves the course itself.
//!
//! A grader that accepts a wrong solution is a bug in the course, and nothing shows it but a wrong
//! solution. So besides starters and solutions, every plausible mistake that the course knows is
//! built and must be rejected, by the very test that says it would.
//!
//! It works on the tree as it is: a clone in which a reader has solved a lab cannot be proven.

mod coverage;
mod mistakes;
mod outputs;
mod proven;
mod scratch;
mod solutions;
mod stages;
mod starters;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;

use crate::book;
use crate::cargo::{self, Build, Built};
use crate::grade::{Limits, Runner, Stop, Stopped, TestRun};
use crate::lab::{self, Lab};
use crate::repo::Repo;
use crate::starter::Starter;
use crate::terminal::{HEADING, Terminal, counted, painted};
use proven::{Key, Proven, Sound};

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
pub(crate) struct ProofRequest {
    labs: Vec<Lab>,
    parts: Vec<Part>,
    limits: Limits,
    /// Whether every test runs on every mistake.
    pub thorough: bool,
    /// Whether to prove again what was proven on this machine.
    pub afresh: bool,
    /// Which part of it.
    pub shard: Shard,
}

/// One of several equal parts of the proof, so that several machines can share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

impl Default for Shard {
    fn default() -> Self {
        Self { number: 1, of: 1 }
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("a shard is K/N, with K from 1 to N".to_owned()),
        }
    }
}

impl ProofRequest {
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
            afresh: false,
            shard: Shard::default(),
        }
    }
}

/// A minute for one test and ten for all: on a loaded machine too, only what never ends is cut off.
pub(crate) const LIMITS: Limits = Limits {
    build: Duration::from_secs(30 * 60),
    tests: Duration::from_secs(10 * 60),
    test: Duration::from_secs(60),
    spins: None,
};

/// Runs the proof and prints what it finds.
pub(crate) fn run(repo: &Repo, request: &ProofRequest, stop: &Stop) -> Result<ExitCode> {
    let _alone = alone(repo, stop)?;
    let mut proof = Proof {
        repo,
        stop,
        limits: request.limits,
        thorough: request.thorough,
        shard: request.shard,
        items: 0,
        proven: Proven::open(repo, request.afresh),
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
        let whole = matches!(part, Part::Book | Part::Coverage);
        if whole && proof.shard.number != 1 {
            continue;
        }
        Proof::heading(*part);
        match part {
            Part::Starters => starters::verify_all(&mut proof, &request.labs)?,
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

/// Waits until no other proof runs in this clone: both would make mistakes in the same copies of the tree.
/// The lock is held for as long as the file is open.
fn alone(repo: &Repo, stop: &Stop) -> Result<File> {
    let path = repo.root().join("target/verify/lock");
    let shown = repo.relative(&path);
    std::fs::create_dir_all(path.parent().unwrap_or(&path))
        .with_context(|| format!("cannot make the folder of {shown}"))?;
    let file = File::create(&path).with_context(|| format!("cannot write {shown}"))?;
    let mut waits = false;
    loop {
        match file.try_lock() {
            // An error means a file system without locks: then nobody can know.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
        }
        if !std::mem::replace(&mut waits, true) {
            anstream::eprintln!(
                "Another `cargo course verify` runs in this clone; this one waits for it."
            );
        }
        ensure!(!stop.is_stopped(), Stopped);
        std::thread::sleep(Duration::from_millis(200));
    }
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
    shard: Shard,
    /// How many things there were to prove, here or in another shard.
    items: usize,
    proven: Proven,
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

    /// Whether the next thing is to be proven here, and not in another shard.
    fn is_mine(&mut self) -> bool {
        self.items += 1;
        self.items % self.shard.of == self.shard.number % self.shard.of
    }

    /// Proves something, unless this machine has done so; what is sound is remembered.
    fn unless_proven(
        &mut self,
        subject: &str,
        key: &Key,
        prove: impl FnOnce(&Self) -> Result<Finding>,
    ) -> Result<()> {
        ensure!(!self.stop.is_stopped(), Stopped);
        if let Some(sound) = self.proven.recall(key) {
            let finding = Finding::known(&sound.summary);
            self.item(subject, &finding);
            return Ok(());
        }
        let finding = prove(self)?;
        self.item(subject, &finding);
        self.remember(key, &finding, Vec::new())
    }

    fn remember(&mut self, key: &Key, finding: &Finding, failed: Vec<String>) -> Result<()> {
        if !finding.problems.is_empty() {
            return Ok(());
        }
        let summary = finding.summary.clone();
        self.proven.keep(key, Sound { summary, failed })
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
            // What follows the first line is from the compiler or a test, which have broken its lines already.
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
        let problems = book::faults::find(self.repo)?;
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
    /// What was found before.
    fn known(summary: &str) -> Self {
        Self {
            summary: format!("{summary} (proven before)"),
            problems: Vec::new(),
        }
    }

    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }
}

/// A test executable, and how each of its tests went.
type Ran = (cargo::TestBinary, Vec<TestRun>);

/// Runs all tests of each executable of a build. A warning of the compiler is a problem; where there is
/// nothing to run, the finding says why.
fn run_tests(
    proof: &Proof<'_>,
    build: Build,
    folder: &Path,
    finding: &mut Finding,
) -> Result<Option<Vec<Ran>>> {
    for warning in build.warnings() {
        finding.problem(format!(
            "the compiler warns: {} ({})",
            warning.headline, warning.place
        ));
    }
    let Some(binaries) = built(build, finding)? else {
        return Ok(None);
    };
    let run = |binary: cargo::TestBinary| {
        let runner = Runner {
            binary: &binary.executable,
            folder,
            limits: proof.limits,
            stop: proof.stop,
        };
        let runs = runner.run_all()?;
        Ok((binary, runs))
    };
    binaries
        .into_iter()
        .map(run)
        .collect::<Result<_>>()
        .map(Some)
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
