//! Every solution passes the exercise's own test files, under strict clippy; and so does every
//! alternative, for a grader that refuses another sound design is as wrong as one that accepts a
//! mistake.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Finding, Proof, run_tests};
use crate::book::quiz::{self, TestedAnswer};
use crate::cargo;
use crate::grade::Outcome;
use crate::lab::Lab;
use crate::terminal::counted;

pub(super) fn verify(proof: &mut Proof<'_>, labs: &[Lab]) -> Result<()> {
    for lab in labs {
        let folder = lab.solution_dir(proof.repo);
        if !folder.join("Cargo.toml").is_file() {
            let mut finding = Finding::default();
            finding.problem(format!("solutions/{} is not there", lab.folder));
            proof.item(&lab.name, &finding);
            continue;
        }
        if proof.is_mine() {
            let answers = quiz::answers_by(proof.repo, lab)?;
            let key = proof.proven.solution(proof.repo, lab, folder.clone());
            let key = answers
                .iter()
                .fold(key, |key, answer| key.and(&answer.run.test));
            let prove = |proof: &Proof<'_>| one(proof, lab, &folder, &answers);
            proof.unless_proven(&lab.name, &key, prove)?;
        }
        for alternative in folders_in(&folder.join("alternatives"))? {
            if !proof.is_mine() {
                continue;
            }
            let key = proof.proven.solution(proof.repo, lab, alternative.clone());
            let name = alternative
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let prove = |proof: &Proof<'_>| one(proof, lab, &alternative, &[]);
            proof.unless_proven(&format!("{}/{name}", lab.name), &key, prove)?;
        }
    }
    Ok(())
}

/// Tries one crate; `answers` are those of the book that rest on a test of it.
fn one(proof: &Proof<'_>, lab: &Lab, folder: &Path, answers: &[TestedAnswer]) -> Result<Finding> {
    let mut finding = Finding::default();
    let manifest = manifest(proof, folder)?;
    finding
        .problems
        .extend(foreign_tests(proof, lab, folder, &manifest)?);
    let package = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
        .with_context(|| format!("{} has no package.name", proof.repo.relative(folder)))?;
    let root = proof.repo.root();
    let build = cargo::build_tests(root, package, &[], proof.limits.build, proof.stop, None)?;
    let Some(ran) = run_tests(proof, build, folder, &mut finding)? else {
        return Ok(finding);
    };
    let targets = lab.targets(proof.repo);
    let mut passed = 0;
    let mut graded_by = BTreeSet::new();
    let mut held = BTreeSet::new();
    for (binary, runs) in ran {
        for run in runs {
            graded_by.extend(binary.grades(&targets));
            if run.outcome == Outcome::Passed {
                passed += 1;
                held.insert(run.function().to_owned());
            } else {
                finding.problem(format!("{} rejects it:\n{}", run.function(), run.text()));
            }
        }
    }
    for target in targets {
        if !graded_by.contains(&target) {
            finding.problem(format!(
                "no graded test was run of `{0}`; a solution needs a test target `{0}`",
                target.name()
            ));
        }
    }
    for answer in answers {
        if !held.contains(&answer.run.test) {
            finding.problem(format!(
                "{} rests on {}, which did not hold here",
                answer.named(),
                answer.run.test
            ));
        }
    }
    super::clippy(proof, root, &[package.to_owned()], &mut finding)?;
    finding.summary = format!("{passed} tests pass");
    if !answers.is_empty() {
        let _ = write!(
            finding.summary,
            ", {} of the book among them",
            counted(answers.len(), "answer")
        );
    }
    if finding.problems.is_empty() {
        finding.summary.push_str(", clippy passes");
    }
    Ok(finding)
}

fn manifest(proof: &Proof<'_>, folder: &Path) -> Result<toml::Table> {
    let path = folder.join("Cargo.toml");
    let shown = proof.repo.relative(&path);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
    text.parse().with_context(|| format!("{shown} is not TOML"))
}

/// A solution that is graded by a copy of the tests proves nothing about the real ones.
fn foreign_tests(
    proof: &Proof<'_>,
    lab: &Lab,
    folder: &Path,
    manifest: &toml::Table,
) -> Result<Vec<String>> {
    let exercise = lab.dir(proof.repo).canonicalize()?;
    let mut problems = Vec::new();
    for target in manifest
        .get("test")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
    {
        let field = |name: &str| target.get(name).and_then(toml::Value::as_str);
        let path = folder
            .join(field("path").unwrap_or_default())
            .canonicalize();
        if !path.is_ok_and(|path| path.starts_with(&exercise)) {
            problems.push(format!(
                "the path of its test target `{}` does not lead into exercises/{}",
                field("name").unwrap_or("?"),
                lab.folder
            ));
        }
    }
    if folder.join("tests").exists() {
        problems.push("it has a tests/ folder; the exercise's own tests grade it".to_owned());
    }
    Ok(problems)
}

fn folders_in(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}
