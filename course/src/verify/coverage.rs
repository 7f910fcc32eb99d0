//! Nothing is without its counterpart: invariants have tests and mistakes, tests have invariants,
//! objectives have questions, stubs have hints, and both lock files agree.

mod form;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

use super::{Finding, Proof};
use crate::book::quiz::Quiz;
use crate::lab::{self, GradedTest, HintSection, Lab, ShownBy, Stub};
use crate::terminal::counted;

/// A question, a pointer, the shape of the answer.
const HINTS: usize = 3;

pub(super) fn verify(proof: &Proof<'_>, lab: &Lab) -> Result<Finding> {
    let mut finding = Finding::default();
    let tests = lab.tests(proof.repo)?;
    let (hints, stubs) = (lab.hints(proof.repo)?, lab.stubs(proof.repo)?);
    head(proof, lab, &mut finding);
    form::check(proof.repo, lab, &tests, &mut finding);
    graded(proof, lab, &tests, &mut finding)?;
    questions(proof, lab, &mut finding);
    shown(lab, &mut finding);
    hinted(&stubs, &hints, &mut finding);
    finding.summary = format!(
        "{}, {}, {}, {}",
        counted(lab.invariants.len(), "invariant"),
        counted(lab.objectives.len(), "objective"),
        counted(stubs.len(), "stub"),
        counted(
            hints.iter().map(|section| section.hints.len()).sum(),
            "hint"
        ),
    );
    Ok(finding)
}

/// What lab.toml must fill in.
fn head(proof: &Proof<'_>, lab: &Lab, finding: &mut Finding) {
    let minutes = lab.minutes;
    if minutes.read == 0 {
        finding.problem("lab.toml does not say how many minutes reading takes");
    }
    if lab.prerequisites.is_empty() {
        finding.problem("lab.toml names no prerequisites");
    }
    for (what, count) in [
        ("invariant", lab.invariants.len()),
        ("objective", lab.objectives.len()),
    ] {
        if count == 0 {
            finding.problem(format!("lab.toml has no [[{what}]]"));
        }
    }
    let src = proof.repo.book_src();
    if !src.join(&lab.chapter).is_file() {
        finding.problem(format!("its chapter src/{} is not there", lab.chapter));
    }
    for invariant in &lab.invariants {
        let page = invariant.read.split('#').next().unwrap_or_default();
        if !src.join(page).is_file() {
            finding.problem(format!(
                "{} is to be read in src/{page}, which is not there",
                invariant.id
            ));
        }
    }
    for twice in repeated(lab.invariants.iter().map(|invariant| &invariant.id)) {
        finding.problem(format!("two invariants are called {twice}"));
    }
    for twice in repeated(lab.objectives.iter().map(|objective| &objective.id)) {
        finding.problem(format!("two objectives are called {twice}"));
    }
}

fn graded(proof: &Proof<'_>, lab: &Lab, tests: &[GradedTest], finding: &mut Finding) -> Result<()> {
    for test in tests {
        let place = format!(
            "{} ({}:{})",
            test.name,
            proof.repo.relative(&test.file),
            test.line
        );
        match &test.invariant {
            _ if test.given => {}
            None => finding.problem(format!(
                "{place}: its doc comment does not open with the invariant that it judges, in bold, or with **Given**"
            )),
            Some(id) if lab.invariant(id).is_none() => {
                finding.problem(format!("{place} judges {id}, which lab.toml does not have"));
            }
            Some(_) => {}
        }
    }
    let mistakes: Vec<_> = lab
        .mistakes_each(proof.repo)?
        .into_iter()
        .filter_map(|(_, mistake)| mistake.ok())
        .collect();
    for twice in repeated(mistakes.iter().map(|mistake| &mistake.name)) {
        finding.problem(format!("two mistakes are called {twice}"));
    }
    for mistake in &mistakes {
        // That the test exists is found where the mistake is tried.
        let caught_by = tests.iter().find(|test| test.name == mistake.caught_by);
        if let Some(test) = caught_by.filter(|test| test.module() != mistake.module) {
            finding.problem(format!(
                "mistakes/{} is caught in the module {}, and belongs into the folder of that name",
                mistake.file(),
                test.module()
            ));
        }
    }
    for invariant in &lab.invariants {
        let judges: Vec<&GradedTest> = tests
            .iter()
            .filter(|test| test.invariant.as_ref() == Some(&invariant.id))
            .collect();
        if judges.is_empty() {
            finding.problem(format!("{} has no test: {}", invariant.id, invariant.text));
            continue;
        }
        let proven = judges.iter().any(|test| {
            mistakes
                .iter()
                .any(|mistake| mistake.caught_by == test.name)
        });
        if !proven {
            finding.problem(format!(
                "{}: no mistake shows that its tests reject anything",
                invariant.id
            ));
        }
    }
    Ok(())
}

/// What a lab promises and what its tests judge are the same: each objective is shown by something,
/// and no invariant serves none.
fn shown(lab: &Lab, finding: &mut Finding) {
    for objective in &lab.objectives {
        let id = &objective.id;
        if objective.invariants.is_empty() && objective.shown_by.is_none() {
            finding.problem(format!(
                "nothing shows the objective {id}: name its `invariants`, or say `shown_by = \"measurement\"`"
            ));
        }
        if objective.shown_by == Some(ShownBy::Measurement) && lab.measure.is_none() {
            finding.problem(format!(
                "{id} is shown by measurement, and lab.toml has no [measure]"
            ));
        }
        for invariant in &objective.invariants {
            if lab.invariant(invariant).is_none() {
                finding.problem(format!(
                    "{id} names {invariant}, which lab.toml does not have"
                ));
            }
        }
        for twice in repeated(objective.invariants.iter()) {
            finding.problem(format!("{id} names {twice} twice"));
        }
    }
    for invariant in &lab.invariants {
        if !lab
            .objectives
            .iter()
            .any(|objective| objective.invariants.contains(&invariant.id))
        {
            finding.problem(format!("{} shows no objective", invariant.id));
        }
    }
}

/// Each objective is asked about in its own chapter, so that a reader who takes one lab has been asked.
fn questions(proof: &Proof<'_>, lab: &Lab, finding: &mut Finding) {
    let path = proof
        .repo
        .book_src()
        .join(Path::new(&lab.chapter).with_extension("quiz.toml"));
    let quiz = match Quiz::read(&path) {
        Ok(quiz) => quiz,
        Err(error) => {
            finding.problem(format!("its quiz: {error:#}"));
            return;
        }
    };
    for objective in &lab.objectives {
        let id = Some(&objective.id);
        if !quiz
            .questions
            .iter()
            .any(|question| question.objective.as_ref() == id)
        {
            finding.problem(format!(
                "no question of the quiz checks the objective {}",
                objective.id
            ));
        }
    }
}

fn hinted(stubs: &[Stub], hints: &[HintSection], finding: &mut Finding) {
    if stubs.is_empty() {
        finding.problem("no stub is left in it: this is not a starter");
    }
    for stub in stubs {
        match lab::about(hints, stub).map(|at| &hints[at]) {
            None => finding.problem(format!("hints.md has no `## … {} …`", stub.name())),
            Some(section) if section.hints.len() < HINTS => finding.problem(format!(
                "hints.md, {}: {} of {HINTS}",
                section.title,
                counted(section.hints.len(), "hint")
            )),
            Some(_) => {}
        }
        if stub.message.is_empty() {
            finding.problem(format!(
                "the todo of {} does not say what to do",
                stub.name()
            ));
        }
    }
}

/// Packages that are in both lock files have the same versions; otherwise everything is compiled twice,
/// and a solution is tried with other code than the reader's.
pub(super) fn locks(proof: &mut Proof<'_>) -> Result<()> {
    let read = |path: &Path| -> Result<BTreeMap<String, BTreeSet<String>>> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", proof.repo.relative(path)))?;
        versions(&text).with_context(|| format!("{} is not a lock file", proof.repo.relative(path)))
    };
    let root = read(&proof.repo.root().join("Cargo.lock"))?;
    let exercises = read(&proof.repo.exercises().join("Cargo.lock"))?;
    let mut finding = Finding::default();
    let mut shared = 0;
    for (name, versions) in &exercises {
        let Some(known) = root.get(name) else {
            continue;
        };
        shared += 1;
        for version in versions.difference(known) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            finding.problem(format!(
                "{name} is {version} in exercises/Cargo.lock and {} in Cargo.lock",
                known.join(" and ")
            ));
        }
    }
    finding.summary = format!("{} in common", counted(shared, "package"));
    proof.item("lock files", &finding);
    Ok(())
}

/// Versions of each package that comes from a registry.
fn versions(lock: &str) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let lock: toml::Table = lock.parse()?;
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let packages = lock
        .get("package")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten();
    for package in packages {
        let field = |name: &str| package.get(name).and_then(toml::Value::as_str);
        if let (Some(name), Some(version), Some(_)) =
            (field("name"), field("version"), field("source"))
        {
            versions
                .entry(name.to_owned())
                .or_default()
                .insert(version.to_owned());
        }
    }
    Ok(versions)
}

fn repeated<'a>(ids: impl Iterator<Item = &'a String>) -> BTreeSet<&'a String> {
    let mut seen = BTreeSet::new();
    ids.filter(|id| !seen.insert(*id)).collect()
}
