//! The form of a lab: a core in stages and a hardening, and how large its core may be.

use std::collections::BTreeSet;
use std::path::Path;

use crate::lab::{GradedTest, Lab, Target};
use crate::repo::Repo;
use crate::verify::Finding;

/// How many tests a core has: fewer teach too little, more are not read.
const CORE: std::ops::RangeInclusive<usize> = 20..=35;

/// Minutes that a core may take.
const MINUTES: u32 = 90;

pub(super) fn check(repo: &Repo, lab: &Lab, tests: &[GradedTest], finding: &mut Finding) {
    names(lab, tests, finding);
    member(repo, lab, finding);
    if lab.stages.is_empty() {
        finding.problem("lab.toml has no [[stage]]: each module of tests/core is one");
    }
    if !lab.targets(repo).contains(&Target::Hardening) {
        finding.problem("it has no tests/hardening/main.rs");
    } else if lab.minutes.hardening == 0 {
        finding.problem("lab.toml does not say how many minutes the hardening takes");
    }
    let core: Vec<&GradedTest> = tests
        .iter()
        .filter(|test| test.target == Target::Core)
        .collect();
    let graded = core.iter().filter(|test| !test.given).count();
    if !CORE.contains(&graded) {
        finding.problem(format!(
            "its core has {graded} tests; a core has {} to {}",
            CORE.start(),
            CORE.end()
        ));
    }
    stages(repo, lab, &core, finding);
    for invariant in &lab.invariants {
        let judges = |test: &&&GradedTest| test.invariant.as_ref() == Some(&invariant.id);
        if !core.iter().any(|test| judges(&test)) {
            finding.problem(format!("{} has no test in the core", invariant.id));
        }
    }
}

fn stages(repo: &Repo, lab: &Lab, core: &[&GradedTest], finding: &mut Finding) {
    let minutes: u32 = lab.stages.iter().map(|stage| stage.minutes).sum();
    if minutes > MINUTES {
        finding.problem(format!(
            "its stages take {minutes} minutes; a core takes at most {MINUTES}"
        ));
    }
    let mut seen = BTreeSet::new();
    for stage in &lab.stages {
        let module = &stage.module;
        if !seen.insert(module) {
            finding.problem(format!("two stages are called {module}"));
        }
        if stage.minutes == 0 || stage.title.is_empty() {
            finding.problem(format!("the stage {module} needs a title and its minutes"));
        }
        if !core.iter().any(|test| test.module() == module) {
            finding.problem(format!(
                "the stage {module} has no test: there is no module of that name in tests/core"
            ));
        }
        if !readable(&repo.book_src(), &stage.read) {
            finding.problem(format!(
                "the stage {module} is to be read in src/{}, which is not there",
                stage.read
            ));
        }
    }
    let mut others = BTreeSet::new();
    for test in core
        .iter()
        .filter(|test| !seen.contains(&test.module().to_owned()))
    {
        if !test.given && others.insert(test.module()) {
            let place = match test.module() {
                "" => "main.rs".to_owned(),
                module => format!("the module {module}"),
            };
            finding.problem(format!(
                "tests/core: {place} holds graded tests and is no stage of lab.toml"
            ));
        }
    }
    let order: Vec<&str> = modules(core);
    let wanted: Vec<&str> = lab
        .stages
        .iter()
        .map(|stage| stage.module.as_str())
        .filter(|module| order.contains(module))
        .collect();
    let found: Vec<&str> = order
        .into_iter()
        .filter(|module| wanted.contains(module))
        .collect();
    if found != wanted {
        finding.problem(format!(
            "tests/core/main.rs has its modules in the order {}, and lab.toml its stages in {}",
            found.join(", "),
            wanted.join(", ")
        ));
    }
}

/// The modules in the order of the files, each once.
fn modules<'a>(core: &[&'a GradedTest]) -> Vec<&'a str> {
    let mut modules: Vec<&str> = Vec::new();
    for test in core {
        if !modules.contains(&test.module()) {
            modules.push(test.module());
        }
    }
    modules
}

/// Whether `page.md#fragment` is there, as an explicit anchor or as a heading.
fn readable(src: &Path, read: &str) -> bool {
    let (page, fragment) = read.split_once('#').unwrap_or((read, ""));
    let Ok(text) = std::fs::read_to_string(src.join(page)) else {
        return false;
    };
    fragment.is_empty()
        || text.contains(&format!("id=\"{fragment}\""))
        || text.lines().any(|line| {
            let heading = line.trim_start_matches('#').trim();
            line.starts_with('#')
                && (heading.ends_with(&format!("{{#{fragment}}}")) || own_id(heading) == fragment)
        })
}

/// The id that mdBook gives a heading of plain words.
fn own_id(heading: &str) -> String {
    let kept = |c: char| match c {
        c if c.is_whitespace() => Some('-'),
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_ascii_lowercase()),
        _ => None,
    };
    heading.chars().filter_map(kept).collect()
}

/// A test is known by its function's name, everywhere: in patches, quizzes, outputs, on a page.
fn names(lab: &Lab, tests: &[GradedTest], finding: &mut Finding) {
    let mut seen = std::collections::BTreeMap::new();
    for test in tests {
        if let Some(first) = seen.insert(&test.name, test) {
            finding.problem(format!(
                "two tests of {} are called {}: {} and {}",
                lab.name, test.name, first.path, test.path
            ));
        }
    }
}

/// The reader's workspace lists its labs, so that a copy that a reader puts beside one is not built.
fn member(repo: &Repo, lab: &Lab, finding: &mut Finding) {
    let manifest = std::fs::read_to_string(repo.exercises().join("Cargo.toml"))
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok());
    let members = manifest
        .as_ref()
        .and_then(|manifest| manifest.get("workspace")?.get("members")?.as_array());
    let listed = members.into_iter().flatten().any(|member| {
        let member = member.as_str().unwrap_or_default();
        member == lab.folder || (member.contains('*') && !member.contains('/'))
    });
    if !listed {
        finding.problem(format!(
            "exercises/Cargo.toml does not list \"{}\" among its members",
            lab.folder
        ));
    }
}
