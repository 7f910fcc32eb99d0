//! What the book shows of a failing test is what a reader would see.
//!
//! The tests are run anyway, on the starter and on each mistake; so what they print is compared here,
//! and nobody has to capture it again to know that it is still true. Lines that name a place in
//! the code are left out of the comparison: they move with every edit.

use crate::grade::TestRun;
use crate::lab::Lab;
use crate::repo::Repo;

use super::Finding;
use super::proven::Key;

/// Compares what the book shows of tests of `from` (`starter`, or a mistake) with these runs of them.
pub(super) fn compare(repo: &Repo, lab: &Lab, from: &str, runs: &[TestRun], finding: &mut Finding) {
    for output in lab.outputs.iter().filter(|output| output.from == from) {
        let path = repo.book_src().join(&output.file);
        let shown = repo.relative(&path);
        let Ok(text) = std::fs::read_to_string(&path) else {
            finding.problem(format!("{shown} cannot be read, and lab.toml names it"));
            continue;
        };
        let Some(run) = runs.iter().find(|run| run.function() == output.test) else {
            finding.problem(format!(
                "{shown} is of {}, and there is no such test",
                output.test
            ));
            continue;
        };
        let real = format!(
            "test {0} ... FAILED\n---- {0} stdout ----\n{1}",
            run.name, run.said
        );
        if without_places(&text) != without_places(&real) {
            finding.problem(format!("{shown} is not what the test says now:\n{real}"));
        }
    }
}

/// `key`, and what the book shows of tests of `from`.
pub(super) fn shown(repo: &Repo, lab: &Lab, from: &str, key: Key) -> Key {
    let outputs = lab.outputs.iter().filter(|output| output.from == from);
    outputs.fold(key, |key, output| {
        key.and(&output.test)
            .and_file(&repo.book_src().join(&output.file))
    })
}

fn without_places(text: &str) -> Vec<&str> {
    text.trim()
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim_start().starts_with("at ") || !line.contains(".rs:"))
        .collect()
}
