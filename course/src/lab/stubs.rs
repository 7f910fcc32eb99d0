//! What is left to build: functions whose body still holds a `todo!`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::tokens;

/// A function that is still to be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stub {
    /// The function's name.
    pub function: String,
    /// The type whose function it is, if any.
    pub owner: Option<String>,
    /// The sentence in its `todo!`.
    pub message: String,
    /// The file.
    pub file: PathBuf,
    /// The line of the `todo!`, from 1.
    pub line: usize,
}

impl Stub {
    /// `Type::function`, or `function`.
    pub fn name(&self) -> String {
        match &self.owner {
            Some(owner) => format!("{owner}::{}", self.function),
            None => self.function.clone(),
        }
    }
}

pub(super) fn read(lab: &Path) -> Result<Vec<Stub>> {
    let mut stubs = Vec::new();
    for folder in ["src", "benches"] {
        for file in rust_files(&lab.join(folder))? {
            for function in tokens::items_of(&file)?.functions {
                let Some((line, message)) = function.body.and_then(tokens::todo_in) else {
                    continue;
                };
                stubs.push(Stub {
                    function: function.name,
                    owner: function.owner,
                    message,
                    file: file.clone(),
                    line,
                });
            }
        }
    }
    Ok(stubs)
}

/// The functions of a lab whose contract names one of `tests` in code marks, stubs and written ones alike.
pub(super) fn judged_by(lab: &Path, tests: &[&str]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in rust_files(&lab.join("src"))? {
        for function in tokens::items_of(&file)?.functions {
            let contract = function.doc.join("\n");
            let mut marked = contract.split('`').skip(1).step_by(2);
            if marked.any(|word| tests.contains(&word)) {
                names.push(function.name);
            }
        }
    }
    Ok(names)
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(files);
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod unit {
    #[test]
    fn names_the_function_and_its_type() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::write(
            folder.path().join("src/lib.rs"),
            r#"//! A todo! in a comment is none.
impl<F: Fn(u8) -> u8> Serve<F> for wire::Client<F> where F: Send {
    async fn call(&self) -> Result<(), Error> { if true { todo!("Send it, \"then\" wait.") } Ok(()) }
    fn done(&self) {}
}
fn free() { todo!() }
"#,
        )
        .unwrap();
        let stubs = super::read(folder.path()).unwrap();
        let names: Vec<_> = stubs.iter().map(super::Stub::name).collect();
        assert_eq!(names, ["Client::call", "free"]);
        assert_eq!(stubs[0].message, "Send it, \"then\" wait.");
        assert_eq!(stubs[0].line, 3);
    }
}
