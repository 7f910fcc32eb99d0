//! The graded tests, as the test files state them: a function, and a doc comment that opens with the
//! id of the invariant it judges.
//!
//! A test is named by its function, which is unique in its lab. The modules around it can
//! change without its name changing anywhere else.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::tokens;

/// A test executable of a lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The lesson.
    Core,
    /// What a product needs in addition.
    Hardening,
}

impl Target {
    /// As cargo knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Hardening => "hardening",
        }
    }

    /// The target of this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Core, Self::Hardening]
            .into_iter()
            .find(|target| target.name() == name)
    }

    /// Its root file, relative to the lab's folder.
    pub fn main(self) -> String {
        format!("tests/{}/main.rs", self.name())
    }
}

/// A test of a lab, as its source states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GradedTest {
    /// Its function's name.
    pub name: String,
    /// As libtest prints it, such as `frame::survives_every_chunking`.
    pub path: String,
    /// The executable that holds it.
    pub target: Target,
    /// The invariant that its doc comment opens with.
    pub invariant: Option<String>,
    /// Whether it guards given code, and so passes on the untouched starter.
    pub given: bool,
    /// The doc comment without the bold opening.
    pub doc: String,
    /// The file that holds it.
    pub file: PathBuf,
    /// The line of its name, from 1.
    pub line: usize,
}

impl GradedTest {
    /// The outermost module that holds it; empty where it is in the root file.
    pub fn module(&self) -> &str {
        module_of(&self.path)
    }
}

/// The outermost module of a test's path.
fn module_of(path: &str) -> &str {
    path.split_once("::").map_or("", |(module, _)| module)
}

pub(super) fn read(main: &Path, target: Target) -> Result<Vec<GradedTest>> {
    let mut tests = Vec::new();
    collect(main, target, &[], &mut tests)?;
    Ok(tests)
}

fn collect(
    file: &Path,
    target: Target,
    modules: &[String],
    tests: &mut Vec<GradedTest>,
) -> Result<()> {
    let items = tokens::items_of(file)?;
    for function in items.functions {
        if !function
            .attributes
            .iter()
            .any(|attribute| attribute == "test")
        {
            continue;
        }
        let mut path = modules.to_vec();
        path.extend(function.modules);
        path.push(function.name.clone());
        let (opening, doc) = opening(&function.doc);
        let given = opening.as_deref() == Some("Given");
        tests.push(GradedTest {
            name: function.name,
            path: path.join("::"),
            target,
            invariant: if given { None } else { opening },
            given,
            doc,
            file: file.to_path_buf(),
            line: function.line,
        });
    }
    // Modules of `main.rs` are beside it; those of another file in a folder of its name.
    let beside = file
        .file_stem()
        .is_some_and(|stem| stem == "main" || stem == "mod");
    let folder = if beside {
        file.with_file_name("")
    } else {
        file.with_extension("")
    };
    for module in items.modules {
        let mut path = modules.to_vec();
        path.extend(module.path.iter().cloned());
        if let Some(named) = module.file {
            // A module that another target also has holds tests for neither.
            collect(&file.with_file_name(named), target, &path, tests)?;
            continue;
        }
        let relative: PathBuf = module.path.iter().collect();
        let flat = folder.join(&relative).with_extension("rs");
        let nested = folder.join(&relative).join("mod.rs");
        let there = if flat.exists() { &flat } else { &nested };
        collect(there, target, &path, tests)?;
    }
    Ok(())
}

/// Splits `**M1** Frames survive …` into the id and the sentence.
fn opening(doc: &[String]) -> (Option<String>, String) {
    let lines: Vec<&str> = doc
        .iter()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let text = lines.join("\n").trim().to_owned();
    let split = text
        .strip_prefix("**")
        .and_then(|rest| rest.split_once("**"));
    match split {
        Some((id, rest)) => (
            Some(id.trim_end_matches('.').to_owned()),
            rest.trim().to_owned(),
        ),
        None => (None, text),
    }
}

#[cfg(test)]
mod unit {
    use super::{Target, read};
    use crate::repo::write_file;

    #[test]
    fn finds_tests_in_modules_and_macros() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| write_file(folder.path(), name, text);
        write("world/mod.rs", "pub fn shared() {}\n");
        write(
            "core/main.rs",
            "//! Grades.\n#[path = \"../world/mod.rs\"] mod world;\nmod frame;\nmod inline { /// **M2** Second.\n#[tokio::test(start_paused = true)]\nasync fn two() {} }\nfn helper() {}\n",
        );
        write(
            "core/frame.rs",
            "use proptest::prelude::*;\nproptest! {\n    #![proptest_config(quiet())]\n    /// **M1** First\n    /// of all.\n    #[test]\n    fn one(x in 0..3) { let _ = x; }\n}\n\n/// **Given** Counts.\n#[test]\nfn counts() {}\n#[test]\nfn bare() {}\n",
        );
        let tests = read(&folder.path().join("core/main.rs"), Target::Core).unwrap();
        let paths: Vec<_> = tests.iter().map(|test| test.path.as_str()).collect();
        assert_eq!(
            paths,
            ["inline::two", "frame::one", "frame::counts", "frame::bare"]
        );
        assert_eq!(
            (tests[1].name.as_str(), tests[1].module()),
            ("one", "frame")
        );
        assert_eq!(tests[1].invariant.as_deref(), Some("M1"));
        assert_eq!(tests[1].doc, "First\nof all.");
        assert_eq!(tests[1].line, 7);
        assert!(tests[2].given && tests[2].invariant.is_none());
        assert!(!tests[3].given && tests[3].invariant.is_none());
    }
}
