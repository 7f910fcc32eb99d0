//! What came of a grade, by invariant and by stage.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::output::{Panic, Place};
use super::run::{Outcome, TestRun};
use super::{Limits, spoken};
use crate::cargo::TestBinary;
use crate::lab::{GradedTest, Lab, Mistake, Stage, Target};
use crate::repo::Repo;

/// How a lab stands. Serialises to the lab's entry of the served `state.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The lab's name.
    pub lab: String,
    /// Whether there is a grade at all.
    pub verdict: Verdict,
    /// Whether the marks are of an earlier build, because there is no grade of this one.
    #[serde(default)]
    pub stale: bool,
    /// Why there is none, or empty.
    pub message: String,
    /// Every invariant, in the lab's order.
    pub invariants: Vec<InvariantReport>,
    /// How many invariants hold, as far as their tests were run.
    pub holds: usize,
    /// How many there are.
    pub of: usize,
    /// Whether all that a reader needs for the next lab holds.
    pub core: bool,
    /// The core's stages in order.
    pub stages: Vec<StageReport>,
    /// The hardening, where the lab has one.
    pub hardening: Option<HardeningReport>,
    /// Tests of given code: when one fails, a provided file has been changed.
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
    /// Whether it has tests, and all that were run passed.
    pub holds: bool,
    /// Its tests, in the order of the test files.
    pub tests: Vec<TestReport>,
}

/// One stage of the core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageReport {
    /// The module of its tests.
    pub module: String,
    /// In a few words.
    pub title: String,
    /// Where to read about it.
    pub read: String,
    /// Whether it has tests, and all of them passed.
    pub holds: bool,
    /// How many of its tests passed.
    pub passed: usize,
    /// How many it has.
    pub of: usize,
}

/// The hardening of a lab.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HardeningReport {
    /// Whether the reader has asked for it; from then on it is graded whenever the core holds.
    pub wanted: bool,
    /// Whether it was graded now.
    pub graded: bool,
    /// Whether it was graded and all of its tests passed.
    pub holds: bool,
    /// How many of its tests passed.
    pub passed: usize,
    /// How many it has.
    pub of: usize,
    /// Why it could not be graded, or empty.
    pub message: String,
}

/// How one test went.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TestReport {
    /// Its function's name; of a test that no lab states, as libtest prints it.
    pub name: String,
    /// The module that holds it: of a core's test, its stage.
    #[serde(default)]
    pub module: String,
    /// The executable that holds it; none for the library's own.
    #[serde(default)]
    pub target: Option<Target>,
    /// Its place among the lab's tests: the order in which a lab is built.
    #[serde(default)]
    pub order: usize,
    /// Whether it passed.
    pub passed: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it did not end by itself.
    #[serde(default)]
    pub spun: bool,
    /// The function in which it was then, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spun_in: Option<String>,
    /// The panic's text, or what else it said at its end; empty when it passed.
    pub message: String,
    /// Where it panicked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Its usual causes, where it fails and the course knows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usual: Vec<Misconception>,
    /// Panics before the last one, such as those of tasks that the test had started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Panic>,
}

/// A mistake that readers make, and that a test rejects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misconception {
    /// What is wrong, as a half sentence about the code.
    pub wrong: String,
    /// Why it tempts.
    pub tempts: String,
}

impl Report {
    /// What to show while the grade is being made.
    pub fn grading(lab: &Lab) -> Self {
        Self::empty(lab, Verdict::Grading)
    }

    /// Whether every invariant holds, no provided file is broken, and the hardening holds too
    /// where there is one.
    pub fn all_hold(&self) -> bool {
        self.verdict == Verdict::Graded
            && self.holds == self.of
            && self.given.iter().all(|test| test.passed)
            && self.core
            && self.hardening.as_ref().is_none_or(|part| part.holds)
    }

    /// Whether all that was asked for holds: the core, and the hardening if the reader wants it.
    pub fn asked_hold(&self) -> bool {
        let wanted = self.hardening.as_ref().is_some_and(|part| part.wanted);
        if wanted { self.all_hold() } else { self.core }
    }

    /// The first stage that does not hold, with its number from 1.
    pub fn stage(&self) -> Option<(usize, &StageReport)> {
        let mut numbered = self.stages.iter().zip(1..);
        let (stage, number) = numbered.find(|(stage, _)| !stage.holds)?;
        Some((number, stage))
    }

    /// Every graded test, in the order of the invariants.
    pub fn graded(&self) -> impl Iterator<Item = &TestReport> {
        self.invariants
            .iter()
            .flat_map(|invariant| &invariant.tests)
    }

    /// Every graded test with its invariant, in the order in which the lab is built.
    pub fn as_built(&self) -> Vec<(&InvariantReport, &TestReport)> {
        let mut tests: Vec<_> = self
            .invariants
            .iter()
            .flat_map(|invariant| invariant.tests.iter().map(move |test| (invariant, test)))
            .collect();
        tests.sort_by_key(|(_, test)| test.order);
        tests
    }

    pub(super) fn empty(lab: &Lab, verdict: Verdict) -> Self {
        let invariants = lab.invariants.iter().map(|invariant| InvariantReport {
            id: invariant.id.clone(),
            text: invariant.text.clone(),
            read: invariant.read.clone(),
            holds: false,
            tests: Vec::new(),
        });
        let stages = lab.stages.iter().map(StageReport::of);
        Self {
            lab: lab.name.clone(),
            verdict,
            stale: false,
            message: String::new(),
            invariants: invariants.collect(),
            holds: 0,
            of: lab.invariants.len(),
            core: false,
            stages: stages.collect(),
            hardening: None,
            given: Vec::new(),
            others: Vec::new(),
            compiler: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Where nothing was graded, keeps the marks of the previous grade: code that does not compile for a
    /// moment has not lost what held.
    pub(crate) fn keep_marks(&mut self, before: &Self) {
        let nothing = self.graded().next().is_none();
        let known = before.graded().next().is_some();
        let same = |a: &InvariantReport, b: &InvariantReport| a.id == b.id;
        if self.verdict == Verdict::Graded
            || !nothing
            || !known
            || self.invariants.len() != before.invariants.len()
            || !self
                .invariants
                .iter()
                .zip(&before.invariants)
                .all(|(a, b)| same(a, b))
        {
            return;
        }
        self.stale = true;
        self.invariants.clone_from(&before.invariants);
        self.holds = before.holds;
        if self.stages.len() == before.stages.len() {
            self.stages.clone_from(&before.stages);
        }
    }

    /// Adds to each failing test its usual causes. A test that was not run has none; and a panic in the reader's
    /// own code, below `own`, shows its place, which says more.
    pub(super) fn explain(&mut self, mistakes: &[Mistake], own: &str) {
        let tests = self
            .invariants
            .iter_mut()
            .flat_map(|known| &mut known.tests);
        for test in tests {
            let place = test.place.as_ref();
            let in_own_code = place.is_some_and(|place| place.file.starts_with(own));
            let asks = !test.passed
                && !in_own_code
                && !matches!(test.outcome, Outcome::NotRun | Outcome::NotBuilt);
            if asks {
                let known = mistakes
                    .iter()
                    .filter(|mistake| mistake.caught_by == test.name);
                test.usual = known.map(Misconception::of).collect();
            }
        }
    }

    /// Counts what there is to pass.
    pub(super) fn expect(&mut self, stated: &[GradedTest]) {
        let known = |id: &String| self.invariants.iter().any(|known| known.id == *id);
        let graded = |test: &&GradedTest| test.invariant.as_ref().is_some_and(known);
        for stage in &mut self.stages {
            let of_stage =
                |test: &&GradedTest| test.target == Target::Core && test.module() == stage.module;
            stage.of = stated.iter().filter(graded).filter(of_stage).count();
        }
        if let Some(hardening) = &mut self.hardening {
            let hard = |test: &&GradedTest| test.target == Target::Hardening;
            hardening.of = stated.iter().filter(graded).filter(hard).count();
        }
    }

    /// Puts each run under the invariant that its test's doc comment names.
    pub(super) fn place(
        &mut self,
        repo: &Repo,
        workspace: &Path,
        binary: &TestBinary,
        stated: &[GradedTest],
        runs: Vec<TestRun>,
    ) {
        let target = Target::of(&binary.target).filter(|_| !binary.of_library);
        let mut runs: Vec<_> = runs
            .into_iter()
            .map(|run| {
                // libtest lists by name; the files' order is the order in which a lab is built.
                let at = stated
                    .iter()
                    .position(|test| Some(test.target) == target && test.path == run.name);
                (at.unwrap_or(usize::MAX), run)
            })
            .collect();
        runs.sort_by_key(|(at, _)| *at);
        for (at, run) in runs {
            let statement = stated.get(at);
            let mut report = TestReport::of(run, |place| located(repo, workspace, &place));
            report.target = target;
            report.order = at;
            if let Some(test) = statement {
                report.name.clone_from(&test.name);
                test.module().clone_into(&mut report.module);
            }
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

    /// Works out what holds, of what was run so far.
    pub(super) fn conclude(&mut self, limits: Limits) {
        for invariant in &mut self.invariants {
            invariant.holds =
                !invariant.tests.is_empty() && invariant.tests.iter().all(|test| test.passed);
        }
        let holding = self.invariants.iter().filter(|invariant| invariant.holds);
        self.holds = holding.count();
        let passed = |target: Target, module: Option<&str>| {
            self.invariants
                .iter()
                .flat_map(|invariant| &invariant.tests)
                .filter(|test| test.passed && test.target == Some(target))
                .filter(|test| module.is_none_or(|module| test.module == module))
                .count()
        };
        for stage in &mut self.stages {
            stage.passed = passed(Target::Core, Some(&stage.module));
            stage.holds = stage.of > 0 && stage.passed == stage.of;
        }
        if let Some(hardening) = &mut self.hardening {
            hardening.passed = passed(Target::Hardening, None);
            hardening.holds = hardening.graded && hardening.passed == hardening.of;
        }
        let of_core = |test: &&TestReport| test.target != Some(Target::Hardening);
        self.core = self.graded().any(|test| test.passed)
            && self.graded().filter(of_core).all(|test| test.passed)
            && self.given.iter().filter(of_core).all(|test| test.passed)
            && self.invariants.iter().all(|known| !known.tests.is_empty())
            && self.stages.iter().all(|stage| stage.holds);
        if self.graded().any(|test| test.outcome == Outcome::NotRun) {
            self.verdict = Verdict::TimedOut;
            let endless: Vec<String> = self
                .graded()
                .filter(|test| test.spun)
                .map(|test| match &test.spun_in {
                    Some(function) => format!("{} in `{function}`", test.name),
                    None => format!("{}, it is not known where", test.name),
                })
                .collect();
            self.message = if limits.spins.is_some_and(|enough| endless.len() >= enough) {
                format!(
                    "{} tests did not end, so those that were still to come were not run: {}",
                    endless.len(),
                    endless.join("; ")
                )
            } else {
                format!(
                    "the tests did not end within {}; those that were still to come were not run",
                    spoken(limits.tests)
                )
            };
        }
    }
}

impl Misconception {
    fn of(mistake: &Mistake) -> Self {
        Self {
            wrong: mistake.wrong.clone(),
            tempts: mistake.tempts.clone(),
        }
    }
}

impl StageReport {
    fn of(stage: &Stage) -> Self {
        Self {
            module: stage.module.clone(),
            title: stage.title.clone(),
            read: stage.read.clone(),
            holds: false,
            passed: 0,
            of: 0,
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
            module: String::new(),
            target: None,
            order: usize::MAX,
            passed: run.outcome == Outcome::Passed,
            spun: run.spun,
            spun_in: run.spun_in,
            usual: Vec::new(),
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
