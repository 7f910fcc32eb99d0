//! The graded tests, as the test files state them: a name as libtest prints it, and a doc comment
//! that opens with the id of the invariant it judges.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::tokens;

/// A test of a lab, as its source states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GradedTest {
    /// As libtest prints it, such as `frame::survives_every_chunking`.
    pub name: String,
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

pub(super) fn read(main: &Path) -> Result<Vec<GradedTest>> {
    let mut tests = Vec::new();
    collect(main, &[], &mut tests)?;
    Ok(tests)
}

fn collect(file: &Path, modules: &[String], tests: &mut Vec<GradedTest>) -> Result<()> {
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
        path.push(function.name);
        let (opening, doc) = opening(&function.doc);
        let given = opening.as_deref() == Some("Given");
        tests.push(GradedTest {
            name: path.join("::"),
            invariant: if given { None } else { opening },
            given,
            doc,
            file: file.to_path_buf(),
            line: function.line,
        });
    }
    // Modules of `main.rs` lie beside it; those of another file in a folder of its name.
    let beside = file
        .file_stem()
        .is_some_and(|stem| stem == "main" || stem == "mod");
    let folder = if beside {
        file.with_file_name("")
    } else {
        file.with_extension("")
    };
    for module in items.modules {
        let relative: PathBuf = module.iter().collect();
        let flat = folder.join(&relative).with_extension("rs");
        let nested = folder.join(&relative).join("mod.rs");
        let mut path = modules.to_vec();
        path.extend(module);
        collect(if flat.exists() { &flat } else { &nested }, &path, tests)?;
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
    use super::read;

    #[test]
    fn finds_tests_in_modules_and_macros() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "main.rs",
            "//! Grades.\nmod frame;\nmod inline { /// **M2** Second.\n#[tokio::test(start_paused = true)]\nasync fn two() {} }\nfn helper() {}\n",
        );
        write(
            "frame.rs",
            "use proptest::prelude::*;\nproptest! {\n    #![proptest_config(quiet())]\n    /// **M1** First\n    /// of all.\n    #[test]\n    fn one(x in 0..3) { let _ = x; }\n}\n\n/// **Given** Counts.\n#[test]\nfn counts() {}\n#[test]\nfn bare() {}\n",
        );
        let tests = read(&folder.path().join("main.rs")).unwrap();
        let names: Vec<_> = tests.iter().map(|test| test.name.as_str()).collect();
        assert_eq!(
            names,
            ["inline::two", "frame::one", "frame::counts", "frame::bare"]
        );
        assert_eq!(tests[1].invariant.as_deref(), Some("M1"));
        assert_eq!(tests[1].doc, "First\nof all.");
        assert_eq!(tests[1].line, 7);
        assert!(tests[2].given && tests[2].invariant.is_none());
        assert!(!tests[3].given && tests[3].invariant.is_none());
    }
}
