//! The code after each stage is green on the stages so far, and red by its todos beyond.
//!
//! A stage whose tests need a part of a later one stops a reader at something that the chapter has not
//! explained yet. So for each stage but the last, a patch against the solution takes back what comes
//! later, and the core is run on it.

use std::path::PathBuf;

use anyhow::Result;

use super::scratch::Scratch;
use super::{Finding, Proof, run_tests};
use crate::cargo;
use crate::grade::{Outcome, TestRun};
use crate::lab::{GradedTest, Lab, Stage, Target};
use crate::terminal::counted;

pub(super) fn verify(proof: &mut Proof<'_>, labs: &[Lab]) -> Result<()> {
    let mut scratch = None;
    for lab in labs {
        let finding = stray(proof, lab);
        if !finding.problems.is_empty() {
            proof.item(&lab.name, &finding);
        }
        let tests = lab.tests(proof.repo)?;
        let but_the_last = lab.stages.len().saturating_sub(1);
        for (index, stage) in lab.stages.iter().enumerate().take(but_the_last) {
            if !proof.is_mine() {
                continue;
            }
            let folder = lab.solution_dir(proof.repo);
            let key = proof.proven.solution(proof.repo, lab, folder);
            let key = key
                .and(&format!("stage {index}"))
                .and_file(&patch(proof, lab, stage));
            proof.unless_proven(&format!("{}/{}", lab.name, stage.module), &key, |proof| {
                let scratch = match &mut scratch {
                    Some(scratch) => scratch,
                    none => none.insert(Scratch::make(proof.repo, 1)?),
                };
                one(proof, scratch, lab, index, &tests)
            })?;
        }
        if let Some(scratch) = &scratch {
            scratch.restore(lab)?;
        }
    }
    Ok(())
}

fn patch(proof: &Proof<'_>, lab: &Lab, stage: &Stage) -> PathBuf {
    folder(proof, lab).join(format!("{}.patch", stage.module))
}

fn folder(proof: &Proof<'_>, lab: &Lab) -> PathBuf {
    lab.solution_dir(proof.repo).join("stages")
}

/// Patches that belong to no stage, or to the last, after which the solution is complete.
fn stray(proof: &Proof<'_>, lab: &Lab) -> Finding {
    let mut finding = Finding::default();
    let mut names: Vec<String> = std::fs::read_dir(folder(proof, lab))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    names.sort();
    let (last, stages) = lab
        .stages
        .split_last()
        .map_or((None, &[][..]), |(last, rest)| (Some(last), rest));
    for name in names {
        let module = name.strip_suffix(".patch").unwrap_or(&name);
        if last.is_some_and(|last| last.module == module) {
            finding.problem(format!(
                "stages/{name}: after the last stage stands the solution itself"
            ));
        } else if !stages.iter().any(|stage| stage.module == module) {
            finding.problem(format!("stages/{name} is of no stage of lab.toml"));
        }
    }
    finding
}

/// Tries the code after the stage at `index`.
fn one(
    proof: &Proof<'_>,
    scratch: &Scratch<'_>,
    lab: &Lab,
    index: usize,
    tests: &[GradedTest],
) -> Result<Finding> {
    let mut finding = Finding::default();
    scratch.restore(lab)?;
    if let Err(error) = scratch.apply(lab, &patch(proof, lab, &lab.stages[index])) {
        finding.problem(format!("{error:#}"));
        return Ok(finding);
    }
    let build = cargo::build_tests_into(
        scratch.target(),
        scratch.workspace(),
        &lab.solution_package(),
        &[Target::Core.name()],
        proof.limits.build,
        proof.stop,
    )?;
    let folder = scratch.solution(lab);
    let Some(ran) = run_tests(proof, build, &folder, &mut finding)? else {
        return Ok(finding);
    };
    let (mut green, mut red) = (0, 0);
    for run in ran.into_iter().flat_map(|(_, runs)| runs) {
        let stated = tests
            .iter()
            .find(|test| test.target == Target::Core && test.path == run.name);
        let Some(test) = stated else { continue };
        let at = lab
            .stages
            .iter()
            .position(|stage| stage.module == test.module());
        let later = at.is_some_and(|at| at > index) && !test.given;
        *(if later { &mut red } else { &mut green }) += 1;
        finding.problems.extend(fault(test, &run, later));
    }
    finding.summary = format!(
        "{} pass, {red} beyond fail by their todo",
        counted(green, "test")
    );
    if !finding.problems.is_empty() {
        finding.summary.clear();
    }
    Ok(finding)
}

fn fault(test: &GradedTest, run: &TestRun, later: bool) -> Option<String> {
    let name = &test.name;
    match (run.outcome, later) {
        (Outcome::Passed, false) | (Outcome::NotBuilt, true) => None,
        (Outcome::NotBuilt, false) => Some(format!(
            "{name} needs a part of a later stage: {}",
            run.text().lines().next().unwrap_or_default()
        )),
        (Outcome::Passed, true) => Some(format!(
            "{name} passes already, and belongs to a later stage"
        )),
        (_, true) => Some(format!("{name} fails, but not by a todo:\n{}", run.text())),
        (_, false) => Some(format!("{name} fails:\n{}", run.text())),
    }
}
