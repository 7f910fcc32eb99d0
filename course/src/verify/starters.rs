//! Every starter compiles without a warning, and each graded test fails on it by its todo.

use anyhow::Result;

use super::{Finding, Proof, outputs, run_tests};
use crate::cargo;
use crate::grade::{Outcome, TestRun};
use crate::lab::{GradedTest, Lab};
use crate::starter::Starter;

pub(super) fn verify_all(proof: &mut Proof<'_>, labs: &[Lab]) -> Result<()> {
    for lab in labs {
        if proof.is_mine() {
            let key = proof.proven.starter(proof.repo, lab);
            let key = outputs::shown(proof.repo, lab, "starter", key);
            proof.unless_proven(&lab.name, &key, |proof| verify(proof, lab))?;
        }
    }
    Ok(())
}

fn verify(proof: &Proof<'_>, lab: &Lab) -> Result<Finding> {
    let mut finding = Finding::default();
    lock(proof, lab, &mut finding)?;
    let workspace = proof.repo.exercises();
    let build = cargo::build_tests(
        &workspace,
        &lab.name,
        &[],
        proof.limits.build,
        proof.stop,
        None,
    )?;
    let folder = lab.dir(proof.repo);
    let Some(ran) = run_tests(proof, build, &folder, &mut finding)? else {
        return Ok(finding);
    };
    // An editor that runs clippy shows a reader what it says about the starter.
    let packages = [vec![lab.name.clone()], given(proof)?].concat();
    super::clippy(proof, &workspace, &packages, &mut finding)?;
    let stated = lab.tests(proof.repo)?;
    let (mut by_todo, mut given) = (0, 0);
    let mut graded_by = Vec::new();
    let mut all_runs = Vec::new();
    for (binary, runs) in ran {
        let Some(target) = binary.grades(&lab.targets(proof.repo)) else {
            continue;
        };
        graded_by.push(target);
        for run in &runs {
            let is_it = |test: &&GradedTest| test.target == target && test.path == run.name;
            match stated.iter().find(is_it) {
                None => finding.problem(format!(
                    "{}: the test runs, but no `#[test] fn` of that name is found in tests/{}; \
                     does a macro make it?",
                    run.name,
                    target.name()
                )),
                Some(test) if test.given => {
                    given += 1;
                    finding.problems.extend(given_fault(run));
                }
                Some(test) => {
                    by_todo += 1;
                    finding.problems.extend(starter_fault(test, run));
                }
            }
        }
        all_runs.extend(runs);
    }
    // Of all targets together: what the book shows is of one of them.
    outputs::compare(proof.repo, lab, "starter", &all_runs, &mut finding);
    for target in lab.targets(proof.repo) {
        if !graded_by.contains(&target) {
            finding.problem(format!(
                "no graded test was run of `{0}`; the lab needs a test target `{0}`",
                target.name()
            ));
        }
    }
    finding.summary =
        format!("{by_todo} tests fail by their todo, {given} of given code pass, no warning");
    if !finding.problems.is_empty() {
        finding.summary = format!("{by_todo} graded tests, {given} of given code");
    }
    Ok(finding)
}

fn given_fault(run: &TestRun) -> Option<String> {
    (run.outcome != Outcome::Passed).then(|| {
        format!(
            "{} guards given code, and should pass on the starter: {}",
            run.function(),
            run.text()
        )
    })
}

fn starter_fault(test: &GradedTest, run: &TestRun) -> Option<String> {
    let name = &test.name;
    match run.outcome {
        Outcome::NotBuilt => {
            if let Some(other) = run.panics.iter().find(|panic| !panic.is_todo()) {
                return Some(format!(
                    "{name} fails by its todo, but also panics: {}",
                    other.message.lines().next().unwrap_or_default()
                ));
            }
            (run.panics.len() > 1).then(|| {
                format!(
                    "{name} prints its todo {} times; a fresh start is one line",
                    run.panics.len()
                )
            })
        }
        Outcome::Passed => Some(format!(
            "{name} passes on the starter, so it grades nothing; is it for given code?"
        )),
        Outcome::Ignored => Some(format!("{name} is ignored")),
        Outcome::NotRun => Some(format!("{name} was not run: the time was up")),
        Outcome::Failed | Outcome::Crashed | Outcome::Spun => Some(format!(
            "{name} fails on the starter, but not by a todo:\n{}",
            run.text()
        )),
    }
}

/// The names of the packages below `exercises/given`.
fn given(proof: &Proof<'_>) -> Result<Vec<String>> {
    let folder = proof.repo.exercises().join("given");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn lock(proof: &Proof<'_>, lab: &Lab, finding: &mut Finding) -> Result<()> {
    let (written, tree) = (
        Starter::of(proof.repo, lab)?,
        Starter::from_tree(proof.repo, lab)?,
    );
    if written.files() == tree.files() {
        return Ok(());
    }
    let differs = |a: &Starter, b: &Starter| -> Vec<String> {
        let missing = a.files().iter().filter(|file| !b.files().contains(file));
        missing.map(|file| file.path.clone()).collect()
    };
    let mut files = [differs(&tree, &written), differs(&written, &tree)].concat();
    files.sort();
    files.dedup();
    finding.problem(format!(
        "starter.lock is behind ({}); if the tree is the starter that you mean, run \
         `cargo course verify --write-starters`",
        files.join(", ")
    ));
    Ok(())
}
