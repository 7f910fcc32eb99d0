//! What a change asks for: a new book, or grades, and of which labs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::lab::inputs::{self, Inputs};
use crate::lab::{self, Lab};
use crate::repo::Repo;
use crate::serve::grading::Grading;

/// What a change asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Work {
    pub book: bool,
    /// The labs in whose folders something was saved, by name.
    labs: BTreeSet<String>,
    /// Those whose grade depends on something that was saved elsewhere.
    depending: BTreeSet<String>,
    all_labs: bool,
}

/// Requests the grades.
pub(super) fn request(grading: &Grading, work: &Work) {
    if work.all_labs {
        grading.request_all();
    }
    for lab in &work.depending {
        grading.request_later(lab);
    }
    // The lab in whose folder something was saved comes last, and so is the first to be graded.
    for lab in &work.labs {
        grading.request(lab);
    }
}

/// What these changed paths ask for.
pub(super) fn work_of(
    repo: &Repo,
    labs: &[Lab],
    paths: &BTreeSet<PathBuf>,
    too_many: bool,
    included: impl Fn(&Path) -> bool,
) -> Work {
    let mut work = Work {
        book: too_many,
        all_labs: too_many,
        ..Work::default()
    };
    let inputs: Vec<(&Lab, Inputs)> = labs
        .iter()
        .map(|lab| (lab, Inputs::of(repo, lab)))
        .collect();
    for path in paths {
        let Ok(relative) = path.strip_prefix(repo.root()) else {
            continue;
        };
        let parts: Vec<&str> = relative.iter().filter_map(|part| part.to_str()).collect();
        if parts.iter().any(|part| inputs::is_noise(part)) {
            continue;
        }
        work.book |= included(path);
        match parts.as_slice() {
            ["book.toml" | ".course"]
            | ["src" | "theme", ..]
            | ["course", "reference", ..]
            | ["solutions", _, "mistakes", ..]
            | [".course", "measurements", ..]
            | ["exercises", _, "hints.md"] => {
                work.book = true;
            }
            // The manifest says whose lab another builds on, which a page shows.
            ["exercises"] | ["exercises", "Cargo.toml"] => {
                work.book = true;
                work.all_labs = true;
            }
            ["exercises", folder] | ["exercises", folder, "lab.toml"] => {
                let name = lab::numbered(folder).map(|(_, name)| name.to_owned());
                work.book |= name.is_some();
                // Of a lab that is gone, nothing is known but its folder's name.
                if !path.exists() {
                    work.labs.extend(name);
                }
            }
            _ => {}
        }
        // A broken description hides every lab; a grade of what was saved is requested all the same, so that
        // the fault is reported.
        if let ([], ["exercises", folder, ..]) = (labs, parts.as_slice()) {
            work.labs
                .extend(lab::numbered(folder).map(|(_, name)| name.to_owned()));
        }
        for (lab, inputs) in &inputs {
            match inputs.part(path) {
                Some(_) if path.starts_with(lab.dir(repo)) => {
                    work.labs.insert(lab.name.clone());
                }
                Some(_) => {
                    work.depending.insert(lab.name.clone());
                }
                None => {}
            }
        }
    }
    work
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::write_file;

    /// Lab 1, which needs a given crate, and lab 4, which needs both, and keeps the ledger.
    fn work(paths: &[&str]) -> Work {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::at(folder.path().to_owned());
        let write = |path: &str, text: &str| write_file(repo.root(), path, text);
        for (folder, name) in [("01-measure", "measure"), ("04-cache", "cache")] {
            let lab = format!(
                "name = \"{name}\"\ntitle = \"T\"\nchapter = \"c.md\"\nminutes = {{ read = 1 }}\n"
            );
            write(&format!("exercises/{folder}/lab.toml"), &lab);
        }
        write(
            "exercises/01-measure/Cargo.toml",
            "[dependencies]\ndomain = { path = \"../given/domain\" }\n",
        );
        write(
            "exercises/04-cache/Cargo.toml",
            "[dev-dependencies]\nmeasure = { path = \"../01-measure\" }\nledger = { path = \"../given/ledger\" }\n",
        );
        let labs = lab::all(&repo).unwrap();
        let paths = paths.iter().map(|path| repo.root().join(path)).collect();
        work_of(&repo, &labs, &paths, false, |path| {
            path.ends_with("shown.rs")
        })
    }

    fn names(labs: &[&str]) -> BTreeSet<String> {
        labs.iter().map(|lab| (*lab).to_owned()).collect()
    }

    fn asks(book: bool, labs: &[&str], depending: &[&str]) -> Work {
        Work {
            book,
            labs: names(labs),
            depending: names(depending),
            all_labs: false,
        }
    }

    #[test]
    fn a_page_asks_for_another_book_and_code_for_another_grade() {
        assert_eq!(work(&["src/scope/measure.md"]), asks(true, &[], &[]));
        assert_eq!(
            work(&["exercises/04-cache/src/cache.rs"]),
            asks(false, &["cache"], &[])
        );
        assert_eq!(
            work(&["exercises/01-measure/lab.toml"]),
            asks(true, &["measure"], &[])
        );
        assert_eq!(
            work(&["exercises/01-measure/tests/core/shown.rs"]),
            asks(true, &["measure"], &[])
        );
        assert_eq!(
            work(&[".course/measurements/ladder.json"]),
            asks(true, &[], &[])
        );
    }

    #[test]
    fn a_grade_is_of_all_that_it_depends_on_and_of_nothing_else() {
        assert_eq!(
            work(&["exercises/01-measure/decisions.toml"]),
            asks(false, &["measure"], &[]),
            "a table that the tests read"
        );
        assert_eq!(
            work(&["exercises/01-measure/src/frame.rs"]),
            asks(false, &["measure"], &["cache"]),
            "a lab on which another builds"
        );
        assert_eq!(
            work(&["exercises/given/domain/src/lib.rs"]),
            asks(false, &[], &["cache", "measure"])
        );
        assert_eq!(
            work(&["exercises/boundaries.toml"]),
            asks(false, &[], &["cache"]),
            "the ledger is graded by every lab that keeps it"
        );
        assert_eq!(
            work(&["exercises/04-cache/boundaries.toml"]),
            asks(false, &["cache"], &[]),
            "a ledger of its own"
        );
        assert_eq!(
            work(&[
                "exercises/04-cache/benches/hits/main.rs",
                "exercises/04-cache/notes.md",
                "exercises/04-cache-backup/src/lib.rs",
                "exercises/given/domain/tests/words.rs",
            ]),
            Work::default(),
            "no grade compiles these"
        );
    }

    #[test]
    fn what_grading_itself_writes_asks_for_nothing() {
        let written = [
            "target/debug/measure",
            "exercises/Cargo.lock",
            ".course/grades/measure.json",
            "exercises/01-measure/tests/core/.main.rs.swp",
            "exercises/01-measure/proptest-regressions/x.txt",
            "exercises/01-measure/src/4913",
            "book/index.html",
        ];
        assert_eq!(work(&written), Work::default());
    }
}
