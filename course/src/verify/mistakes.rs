//! Every mistake applies, compiles, and is rejected by the very test that it names.
//!
//! As many are tried at a time as there are CPUs, each in its own copy of the tree and with its own target
//! folder: cargo locks a target folder while it builds, and a test may look at the files that it was built
//! from. Of each only the test executable is built that holds the tests to run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::{Result, ensure};

use super::proven::Key;
use super::scratch::Scratch;
use super::{Finding, Proof, built, outputs};
use crate::book::quiz::{self, TestedAnswer};
use crate::cargo;
use crate::grade::{Limits, Outcome, Runner, Stop, Stopped, TestRun};
use crate::lab::{GradedTest, Lab, Mistake, Target};
use crate::terminal::counted;

/// Copies of the tree at most: each takes a target folder of its own, and memory to compile.
const LANES: usize = 8;

pub(super) fn verify(proof: &mut Proof<'_>, labs: &[Lab]) -> Result<()> {
    ensure!(
        proof.repo.solutions().is_dir(),
        "solutions/ is not there; bring it back with `git checkout -- solutions`"
    );
    let mut scratches = Vec::new();
    for lab in labs {
        let mut sound = Vec::new();
        for (name, mistake) in lab.mistakes_each(proof.repo)? {
            match mistake {
                Ok(mistake) if proof.is_mine() => sound.push(mistake),
                Ok(_) => {}
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
        let answers = quiz::answers_by(proof.repo, lab)?;
        let tests = lab.tests(proof.repo)?;
        let of_lab = OfLab {
            lab,
            mistakes: &sound,
            answers: &answers,
            tests: &tests,
        };
        of_lab.verify(proof, &mut scratches)?;
        for scratch in &scratches {
            scratch.restore(lab)?;
        }
    }
    Ok(())
}

/// The mistakes of one lab.
struct OfLab<'a> {
    lab: &'a Lab,
    mistakes: &'a [Mistake],
    answers: &'a [TestedAnswer],
    tests: &'a [GradedTest],
}

impl OfLab<'_> {
    /// Tries all of them, and reports each in the order of their names.
    fn verify<'r>(&self, proof: &mut Proof<'r>, scratches: &mut Vec<Scratch<'r>>) -> Result<()> {
        let solution = self.lab.solution_dir(proof.repo);
        let base = proof.proven.solution(proof.repo, self.lab, solution);
        let keys: Vec<Key> = self
            .mistakes
            .iter()
            .map(|mistake| self.key(proof, &base, mistake))
            .collect();
        let due: Vec<usize> = (0..self.mistakes.len())
            .filter(|index| proof.proven.recall(&keys[*index]).is_none())
            .collect();
        let cpus = thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let lanes = cpus.min(LANES).min(due.len());
        while scratches.len() < lanes {
            scratches.push(Scratch::make(proof.repo, scratches.len() + 1)?);
        }
        let mut needed = BTreeSet::new();
        let next = AtomicUsize::new(0);
        let (sender, results) = mpsc::channel();
        let (limits, stop, thorough) = (proof.limits, proof.stop, proof.thorough);
        thread::scope(|scope| {
            for scratch in &scratches[..lanes] {
                let (sender, next, due) = (sender.clone(), &next, &due);
                scope.spawn(move || {
                    let trial = Trial {
                        scratch,
                        of: self,
                        limits,
                        stop,
                        thorough,
                    };
                    loop {
                        let turn = next.fetch_add(1, Ordering::Relaxed);
                        let Some(index) = due.get(turn) else {
                            return;
                        };
                        let tried = trial.of(&self.mistakes[*index]);
                        if tried.is_err() {
                            // What stops one lane stops all.
                            next.store(due.len(), Ordering::Relaxed);
                        }
                        if sender.send((*index, tried)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let mut tried = BTreeMap::new();
            for (index, mistake) in self.mistakes.iter().enumerate() {
                if let Some(sound) = proof.proven.recall(&keys[index]).cloned() {
                    proof.rejected += 1;
                    proof.item(&subject(self.lab, mistake), &Finding::known(&sound.summary));
                    needed.extend(sound.failed);
                    continue;
                }
                let (built, runs) = loop {
                    if let Some(done) = tried.remove(&index) {
                        break done;
                    }
                    // A lane that is stopped reports that before it ends.
                    let (index, outcome) = results.recv().map_err(|_| Stopped)?;
                    tried.insert(index, outcome?);
                };
                let failed = self.conclude(proof, mistake, &keys[index], built, runs)?;
                needed.extend(failed);
            }
            anyhow::Ok(())
        })?;
        if thorough && proof.shard.of == 1 && !self.mistakes.is_empty() {
            self.print_unneeded(&needed);
        }
        Ok(())
    }

    /// What the verdict on a mistake depends on.
    fn key(&self, proof: &Proof<'_>, base: &Key, mistake: &Mistake) -> Key {
        let patch = self.lab.solution_dir(proof.repo).join("mistakes");
        let key = base.and_file(&patch.join(mistake.file()));
        let key = about(mistake, self.answers).fold(key, |key, answer| key.and(&answer.run.test));
        let key = outputs::shown(proof.repo, self.lab, &mistake.name, key);
        if proof.thorough {
            key.and("thorough")
        } else {
            key
        }
    }

    /// Judges the runs, reports them, and returns the tests that failed.
    fn conclude(
        &self,
        proof: &mut Proof<'_>,
        mistake: &Mistake,
        key: &Key,
        built: Finding,
        runs: Option<Vec<TestRun>>,
    ) -> Result<Vec<String>> {
        let failed: Vec<String> = runs
            .iter()
            .flatten()
            .filter(|run| !matches!(run.outcome, Outcome::Passed | Outcome::Ignored))
            .map(|run| run.function().to_owned())
            .collect();
        let finding = runs.map_or(built, |runs| {
            let mut finding = judge(mistake, &runs, proof.thorough);
            answered(mistake, self.answers, &runs, &mut finding);
            outputs::compare(proof.repo, self.lab, &mistake.name, &runs, &mut finding);
            proof.rejected += usize::from(finding.problems.is_empty());
            finding
        });
        proof.item(&subject(self.lab, mistake), &finding);
        let remembered = if proof.thorough {
            failed.clone()
        } else {
            Vec::new()
        };
        proof.remember(key, &finding, remembered)?;
        Ok(failed)
    }

    /// A test that rejects nothing has never been seen to work.
    fn print_unneeded(&self, needed: &BTreeSet<String>) {
        let graded = self.tests.iter().filter(|test| !test.given);
        let unneeded: Vec<&str> = graded
            .map(|test| test.name.as_str())
            .filter(|name| !needed.contains(*name))
            .collect();
        if !unneeded.is_empty() {
            anstream::println!(
                "  {}: no mistake needs {}; give each a mistake, or delete it:",
                self.lab.name,
                counted(unneeded.len(), "test")
            );
        }
        for name in unneeded {
            anstream::println!("       {name}");
        }
    }
}

/// What it takes to try one mistake after the other.
struct Trial<'a> {
    scratch: &'a Scratch<'a>,
    of: &'a OfLab<'a>,
    limits: Limits,
    stop: &'a Stop,
    thorough: bool,
}

impl Trial<'_> {
    /// Builds the mistake and runs its tests; no runs if it could not be built, which the finding says.
    fn of(&self, mistake: &Mistake) -> Result<(Finding, Option<Vec<TestRun>>)> {
        ensure!(!self.stop.is_stopped(), Stopped);
        let mut finding = Finding::default();
        self.scratch.restore(self.of.lab)?;
        let patches = self.scratch.repo().solutions().join(&self.of.lab.folder);
        let patch = patches.join("mistakes").join(mistake.file());
        if let Err(error) = self.scratch.apply(self.of.lab, &patch) {
            finding.problem(format!("{error:#}"));
            return Ok((finding, None));
        }
        let wanted = if self.thorough {
            Selection::All
        } else {
            Selection::these(self.of.lab, mistake, self.of.answers)
        };
        let targets = self.targets(&wanted);
        let named: Vec<&str> = targets.iter().map(|target| target.name()).collect();
        let build = cargo::build_tests_into(
            self.scratch.target(),
            self.scratch.workspace(),
            &self.of.lab.solution_package(),
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
                folder: &self.scratch.solution(self.of.lab),
                limits: self.limits,
                stop: self.stop,
            };
            let of_target = self.of.tests.iter().filter(|test| test.target == target);
            let tests: Vec<String> = of_target
                .filter(|test| wanted.has(&test.name))
                .map(|test| test.path.clone())
                .collect();
            runs.extend(runner.run(&tests)?);
        }
        Ok((finding, Some(runs)))
    }

    /// The executables that hold what is wanted: the others need not be compiled.
    fn targets(&self, wanted: &Selection) -> Vec<Target> {
        let all = self.of.lab.targets(self.scratch.repo());
        let holds = |target: &Target| {
            let mut tests = self.of.tests.iter();
            tests.any(|test| test.target == *target && wanted.has(&test.name))
        };
        match wanted {
            Selection::All => all,
            // Without any such test there is nothing to run, and that is to be reported.
            Selection::These(_) if !all.iter().any(holds) => all,
            Selection::These(_) => all.into_iter().filter(holds).collect(),
        }
    }
}

/// Which tests run on a mistake.
enum Selection {
    All,
    /// The one that has to reject it, and those that the book shows or answers a question by.
    These(Vec<String>),
}

impl Selection {
    fn these(lab: &Lab, mistake: &Mistake, answers: &[TestedAnswer]) -> Self {
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

/// The book's answers about what this mistake does.
fn about<'a>(
    mistake: &Mistake,
    answers: &'a [TestedAnswer],
) -> impl Iterator<Item = &'a TestedAnswer> {
    answers
        .iter()
        .filter(move |answer| answer.run.mistake.as_ref() == Some(&mistake.name))
}

/// A question that asks what this mistake does names a test that fails under it.
fn answered(mistake: &Mistake, answers: &[TestedAnswer], runs: &[TestRun], finding: &mut Finding) {
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
                run.text()
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
