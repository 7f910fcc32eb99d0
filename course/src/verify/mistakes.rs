//! Every mistake applies, compiles, and is rejected by the very test that it names.
//!
//! Two are tried at a time, each in its own copy of the tree and with its own target folder: cargo locks
//! a target folder while it builds, and a test may look at the files that it was built from. For one
//! mistake after the other, the compiler alone leaves half of two CPUs idle.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::{Result, ensure};

use super::scratch::Scratch;
use super::{Finding, Proof, built, outputs};
use crate::book::quiz::{self, Answer};
use crate::cargo;
use crate::grade::{Limits, Outcome, Runner, Stop, Stopped, TestRun};
use crate::lab::{GradedTest, Lab, Mistake, Target};

pub(super) fn verify(proof: &mut Proof<'_>, labs: &[Lab]) -> Result<()> {
    let scratches = [
        Scratch::make(proof.repo, Scratch::FIRST)?,
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

/// Tries all of them, and tells of each in the order of their names.
fn of_lab(
    proof: &mut Proof<'_>,
    scratches: &[Scratch<'_>; 2],
    lab: &Lab,
    mistakes: &[Mistake],
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let (tell, told) = mpsc::channel();
    let (limits, stop, thorough) = (proof.limits, proof.stop, proof.thorough);
    let answers = quiz::answers_by(proof.repo, lab)?;
    let answers = answers.as_slice();
    let tests = lab.tests(proof.repo)?;
    let tests = tests.as_slice();
    thread::scope(|scope| {
        for scratch in scratches {
            let (tell, next) = (tell.clone(), &next);
            scope.spawn(move || {
                let trial = Trial {
                    scratch,
                    lab,
                    limits,
                    stop,
                    thorough,
                    answers,
                    tests,
                };
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(mistake) = mistakes.get(index) else {
                        return;
                    };
                    let tried = trial.of(mistake);
                    if tried.is_err() {
                        // What stops one stops all.
                        next.store(mistakes.len(), Ordering::Relaxed);
                    }
                    if tell.send((index, tried)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (index, tried) in told {
            early.insert(index, tried?);
            while let Some((finding, runs)) = early.remove(&due) {
                conclude(proof, lab, &mistakes[due], answers, finding, runs);
                due += 1;
            }
        }
        Ok(())
    })
}

/// What it takes to try one mistake after the other.
struct Trial<'a> {
    scratch: &'a Scratch<'a>,
    lab: &'a Lab,
    limits: Limits,
    stop: &'a Stop,
    thorough: bool,
    answers: &'a [Answer],
    tests: &'a [GradedTest],
}

impl Trial<'_> {
    /// Builds the mistake and runs its tests; no runs if it could not be built, which the finding says.
    fn of(&self, mistake: &Mistake) -> Result<(Finding, Option<Vec<TestRun>>)> {
        ensure!(!self.stop.is_stopped(), Stopped);
        let mut finding = Finding::default();
        self.scratch.restore(self.lab)?;
        let patches = self.scratch.repo().solutions().join(&self.lab.folder);
        let patch = patches.join("mistakes").join(mistake.file());
        if let Err(error) = self.scratch.apply(self.lab, &patch) {
            finding.problem(format!("{error:#}"));
            return Ok((finding, None));
        }
        let wanted = if self.thorough {
            Wanted::All
        } else {
            Wanted::these(self.lab, mistake, self.answers)
        };
        let targets = self.targets(&wanted);
        let named: Vec<&str> = targets.iter().map(|target| target.name()).collect();
        let build = cargo::build_tests_into(
            self.scratch.target(),
            self.scratch.workspace(),
            &self.lab.solution_package(),
            &named,
            self.limits.build,
            self.stop,
        )?;
        let Some(binaries) = built(build, &mut finding)? else {
            return Ok((finding, None));
        };
        let mut runs = Vec::new();
        for binary in &binaries {
            let Some(target) = binary.grades(&targets) else {
                continue;
            };
            let runner = Runner {
                binary: &binary.executable,
                folder: &self.scratch.solution(self.lab),
                limits: self.limits,
                stop: self.stop,
            };
            let of_target = self.tests.iter().filter(|test| test.target == target);
            let tests: Vec<String> = of_target
                .filter(|test| wanted.has(&test.name))
                .map(|test| test.path.clone())
                .collect();
            runs.extend(runner.run(&tests)?);
        }
        Ok((finding, Some(runs)))
    }

    /// The executables that hold what is wanted: the others need not be compiled.
    fn targets(&self, wanted: &Wanted) -> Vec<Target> {
        let all = self.lab.targets(self.scratch.repo());
        let holds = |target: &Target| {
            let mut tests = self.tests.iter();
            tests.any(|test| test.target == *target && wanted.has(&test.name))
        };
        match wanted {
            Wanted::All => all,
            // Without any such test there is nothing to run, and that is to be told.
            Wanted::These(_) if !all.iter().any(holds) => all,
            Wanted::These(_) => all.into_iter().filter(holds).collect(),
        }
    }
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

fn conclude(
    proof: &mut Proof<'_>,
    lab: &Lab,
    mistake: &Mistake,
    answers: &[Answer],
    built: Finding,
    runs: Option<Vec<TestRun>>,
) {
    let finding = runs.map_or(built, |runs| {
        let mut finding = judge(mistake, &runs, proof.thorough);
        answered(mistake, answers, &runs, &mut finding);
        outputs::compare(proof.repo, lab, &mistake.name, &runs, &mut finding);
        proof.rejected += usize::from(finding.problems.is_empty());
        finding
    });
    proof.item(&subject(lab, mistake), &finding);
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
            run.function() == answer.run.test
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
        .filter(|run| run.outcome != Outcome::Passed && run.function() != *named)
        .map(TestRun::function)
        .collect();
    let by_others = match others.as_slice() {
        [] if !thorough => "others may reject it: `--thorough` tells".to_owned(),
        [] => "no test rejects it".to_owned(),
        others => format!("rejected instead by {}", others.join(", ")),
    };
    match runs
        .iter()
        .find(|run| run.function() == *named)
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
                run.function()
            )),
            Outcome::Crashed => finding.problem(format!(
                "{} dies under it, and a reader's `cargo test` with it: {}",
                run.function(),
                run.told()
            )),
            Outcome::NotRun => finding.problem(format!("{}: {}", run.function(), run.said)),
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
