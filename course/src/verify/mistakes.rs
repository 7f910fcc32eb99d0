//! Every mistake applies, compiles, and is rejected by the very test that it names.
//!
//! While the tests of one mistake run, the next is built, in another copy of the tree: a test may look at
//! the files that it was built from.

use std::path::{Path, PathBuf};
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context, Result, ensure};

use super::scratch::Scratch;
use super::{Finding, Proof, built, outputs};
use crate::book::quiz::{self, Answer};
use crate::cargo::{self, TestBinary};
use crate::grade::{GRADE, Outcome, Runner, Stopped, TestRun};
use crate::lab::{Lab, Mistake};

pub(super) fn verify(proof: &mut Proof<'_>, labs: &[Lab]) -> Result<()> {
    let scratches = [
        Scratch::make(proof.repo, "even")?,
        Scratch::make(proof.repo, "odd")?,
    ];
    for lab in labs {
        let mut sound = Vec::new();
        for (name, mistake) in lab.mistakes_each(proof.repo)? {
            match mistake {
                Ok(mistake) => sound.push(mistake),
                Err(error) => {
                    let problems = vec![format!("{error:#}")];
                    proof.item(
                        &format!("{}/{name}", lab.name),
                        &Finding {
                            summary: String::new(),
                            problems,
                        },
                    );
                }
            }
        }
        of_lab(proof, &scratches, lab, &sound)?;
        for scratch in &scratches {
            scratch.restore(lab)?;
        }
    }
    Ok(())
}

fn of_lab(
    proof: &mut Proof<'_>,
    scratches: &[Scratch<'_>; 2],
    lab: &Lab,
    mistakes: &[Mistake],
) -> Result<()> {
    let (limits, stop, thorough) = (proof.limits, proof.stop, proof.thorough);
    let answers = quiz::answers_by(proof.repo, lab)?;
    thread::scope(|scope| {
        let mut running: Option<(&Mistake, ScopedJoinHandle<'_, Result<Vec<TestRun>>>)> = None;
        for (mistake, scratch) in mistakes.iter().zip(scratches.iter().cycle()) {
            ensure!(!stop.is_stopped(), Stopped);
            let mut finding = Finding::default();
            let binary = build(proof, scratch, lab, mistake, &mut finding)?;
            if let Some((mistake, tests)) = running.take() {
                conclude(proof, lab, mistake, &answers, tests)?;
            }
            match binary {
                None => proof.item(&subject(lab, mistake), &finding),
                Some(executable) => {
                    let folder = scratch.solution(lab);
                    let wanted = if thorough {
                        Wanted::All
                    } else {
                        Wanted::these(lab, mistake, &answers)
                    };
                    let tests = scope.spawn(move || {
                        let runner = Runner {
                            binary: &executable,
                            folder: &folder,
                            limits,
                            stop,
                        };
                        let mut tests = runner.list()?;
                        tests.retain(|test| wanted.has(test));
                        let runs = runner.run(&tests);
                        let _ = std::fs::remove_file(&executable);
                        runs
                    });
                    running = Some((mistake, tests));
                }
            }
        }
        match running {
            Some((mistake, tests)) => conclude(proof, lab, mistake, &answers, tests),
            None => Ok(()),
        }
    })
}

/// Which tests run on a mistake.
enum Wanted {
    All,
    /// The one that has to reject it, and those that the book shows or answers a question by.
    These(Vec<String>),
}

impl Wanted {
    fn these(lab: &Lab, mistake: &Mistake, answers: &[Answer]) -> Self {
        let shown = lab
            .outputs
            .iter()
            .filter(|output| output.from == mistake.name);
        let shown = shown.map(|output| output.test.clone());
        let answering = about(mistake, answers).map(|answer| answer.run.test.clone());
        Self::These(
            shown
                .chain(answering)
                .chain([mistake.caught_by.clone()])
                .collect(),
        )
    }

    fn has(&self, test: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(tests) => tests.iter().any(|wanted| wanted == test),
        }
    }
}

/// Builds the mistake; gives its own copy of the test executable, for the next build replaces it.
fn build(
    proof: &Proof<'_>,
    scratch: &Scratch<'_>,
    lab: &Lab,
    mistake: &Mistake,
    finding: &mut Finding,
) -> Result<Option<PathBuf>> {
    scratch.restore(lab)?;
    if let Err(error) = scratch.apply(lab, mistake) {
        finding.problem(format!("{error:#}"));
        return Ok(None);
    }
    let package = lab.solution_package();
    let build = cargo::build_tests(
        scratch.workspace(),
        &package,
        proof.limits.build,
        proof.stop,
        None,
    )?;
    let Some(binaries) = built(build, finding)? else {
        return Ok(None);
    };
    let Some(binary) = binaries
        .iter()
        .find(|binary| binary.target == GRADE && !binary.of_library)
    else {
        finding.problem("the solution has no test target `grade`");
        return Ok(None);
    };
    own_copy(binary, &scratch.workspace().join("bin"), mistake).map(Some)
}

fn own_copy(binary: &TestBinary, folder: &Path, mistake: &Mistake) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let copy = folder
        .join(&mistake.name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    std::fs::copy(&binary.executable, &copy)
        .with_context(|| format!("cannot copy {}", binary.executable.display()))?;
    Ok(copy)
}

fn conclude(
    proof: &mut Proof<'_>,
    lab: &Lab,
    mistake: &Mistake,
    answers: &[Answer],
    tests: ScopedJoinHandle<'_, Result<Vec<TestRun>>>,
) -> Result<()> {
    let runs = tests
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let mut finding = judge(mistake, &runs, proof.thorough);
    answered(mistake, answers, &runs, &mut finding);
    outputs::compare(proof.repo, lab, &mistake.name, &runs, &mut finding);
    proof.rejected += usize::from(finding.problems.is_empty());
    proof.item(&subject(lab, mistake), &finding);
    Ok(())
}

/// The book's answers about what this mistake does.
fn about<'a>(mistake: &Mistake, answers: &'a [Answer]) -> impl Iterator<Item = &'a Answer> {
    answers
        .iter()
        .filter(move |answer| answer.run.mistake.as_ref() == Some(&mistake.name))
}

/// A question that asks what this mistake does names a test that fails under it.
fn answered(mistake: &Mistake, answers: &[Answer], runs: &[TestRun], finding: &mut Finding) {
    for answer in about(mistake, answers) {
        let rejected = runs.iter().any(|run| {
            run.name == answer.run.test
                && !matches!(run.outcome, Outcome::Passed | Outcome::Ignored)
        });
        if !rejected {
            finding.problem(format!(
                "{} has it rejected by {}, which does not",
                answer.named(),
                answer.run.test
            ));
            finding.summary.clear();
        }
    }
}

fn subject(lab: &Lab, mistake: &Mistake) -> String {
    format!("{}/{}", lab.name, mistake.name)
}

fn judge(mistake: &Mistake, runs: &[TestRun], thorough: bool) -> Finding {
    let mut finding = Finding::default();
    let named = &mistake.caught_by;
    let others: Vec<&str> = runs
        .iter()
        .filter(|run| run.outcome != Outcome::Passed && run.name != *named)
        .map(|run| run.name.as_str())
        .collect();
    let by_others = match others.as_slice() {
        [] if !thorough => "others may reject it: `--thorough` tells".to_owned(),
        [] => "no test rejects it".to_owned(),
        others => format!("rejected instead by {}", others.join(", ")),
    };
    match runs
        .iter()
        .find(|run| run.name == *named)
        .map(|run| run.outcome)
    {
        None => finding.problem(format!(
            "it names `{named}`, and there is no such test; {by_others}"
        )),
        Some(Outcome::Passed | Outcome::Ignored) => {
            finding.problem(format!("it survives: {named} passes; {by_others}"));
        }
        Some(
            Outcome::Failed
            | Outcome::NotBuilt
            | Outcome::Crashed
            | Outcome::Spun
            | Outcome::NotRun,
        ) => {}
    }
    // `cargo test` runs all in one process: such a test takes the other verdicts with it.
    for run in runs {
        match run.outcome {
            Outcome::Spun => finding.problem(format!(
                "{} never ends under it: a reader's `cargo test` would hang without a word",
                run.name
            )),
            Outcome::Crashed => finding.problem(format!(
                "{} dies under it, and a reader's `cargo test` with it: {}",
                run.name,
                run.told()
            )),
            Outcome::NotRun => finding.problem(format!("{}: {}", run.name, run.said)),
            _ => {}
        }
    }
    finding.summary = match others.len() {
        _ if !thorough => format!("rejected by {named}"),
        0 => format!("rejected by {named} alone"),
        1 => format!("rejected by {named}, also by {}", others[0]),
        count => format!("rejected by {named}, also by {count} others"),
    };
    if !finding.problems.is_empty() {
        finding.summary.clear();
    }
    finding
}
