//! What is wrong with the book's sources: includes, and questions that no reader ever sees.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::problem::Problem;
use crate::book::page::{self, Page};
use crate::book::predict::Predictions;
use crate::book::quiz::Quiz;
use crate::book::scan::{self, Include, includes, normal, read};
use crate::repo::Repo;

pub(super) fn find(repo: &Repo) -> Result<Vec<Problem>> {
    let src = repo.book_src();
    let mut problems = Vec::new();
    let in_summary = summary_pages(&src)?;
    for page in page::all(&src)? {
        let text = read(&src.join(page.path()))?;
        for include in includes(&src, &page, &text) {
            if let Some(message) = fault_of(repo, &include) {
                problems.push(Problem::new(
                    format!("src/{}", page.path()),
                    Some(include.line),
                    message,
                ));
            }
        }
        unseen_questions(&src, &page, &text, &mut problems);
        let reachable = in_summary.contains(page.path()) || page.path() == "404.md";
        if !reachable && includers(&src, page.path())?.is_empty() {
            problems.push(Problem::new(
                format!("src/{}", page.path()),
                None,
                "no reader can reach this page: SUMMARY.md does not name it, and no page includes it",
            ));
        }
    }
    orphaned_sidecars(repo, &mut problems)?;
    Ok(problems)
}

fn fault_of(repo: &Repo, include: &Include) -> Option<String> {
    let shown = repo.relative(&include.path);
    let Ok(text) = std::fs::read_to_string(&include.path) else {
        return Some(format!("includes {shown}, which is not there"));
    };
    let anchor = include.part.as_deref()?;
    if anchor.is_empty() || anchor.starts_with(|c: char| c.is_ascii_digit() || c == ':') {
        return Some(format!(
            "includes {shown} by line numbers, which drift: put `ANCHOR: name` and `ANCHOR_END: name` around the lines"
        ));
    }
    for mark in ["ANCHOR", "ANCHOR_END"] {
        match count_anchors(&text, mark, anchor) {
            1 => {}
            0 => return Some(format!("{shown} has no `{mark}: {anchor}`")),
            n => {
                return Some(format!(
                    "{shown} has `{mark}: {anchor}` {n} times, so it is not clear which is meant"
                ));
            }
        }
    }
    None
}

/// Lines that hold `MARK: name`, as mdBook reads them.
fn count_anchors(text: &str, mark: &str, name: &str) -> usize {
    let opening = format!("{mark}:");
    text.lines()
        .filter(|line| {
            line.split_once(opening.as_str()).is_some_and(|(_, rest)| {
                let rest = rest.trim_start();
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || "_-".contains(c)))
                    .unwrap_or(rest.len());
                &rest[..end] == name
            })
        })
        .count()
}

/// A quiz that the page does not show, and predictions that it does not ask for.
fn unseen_questions(src: &Path, page: &Page, text: &str, problems: &mut Vec<Problem>) {
    let shown = scan::directives(text);
    let count = |name: &str, arguments: &str| {
        shown
            .iter()
            .filter(|directive| {
                !directive.in_code && directive.name == name && directive.arguments == arguments
            })
            .count()
    };
    let quiz = page.sidecar(src, "quiz");
    if quiz.is_file() {
        let file = format!("src/{}.quiz.toml", page.key());
        match Quiz::read(&quiz) {
            Ok(_) => match count("quiz", "") {
                1 => {}
                0 => problems.push(Problem::new(
                    file,
                    None,
                    format!(
                        "its page never asks: put `{{{{#quiz}}}}` into src/{}",
                        page.path()
                    ),
                )),
                n => problems.push(Problem::new(
                    file,
                    None,
                    format!("its page asks {n} times, and a reader's answer has one place only"),
                )),
            },
            Err(error) => problems.push(Problem::new(file, None, format!("{error:#}"))),
        }
    }
    let predictions = page.sidecar(src, "predict");
    if predictions.is_file() {
        let file = format!("src/{}.predict.toml", page.key());
        match Predictions::read(&predictions) {
            Ok(predictions) => {
                for prediction in predictions.predictions {
                    let id = &prediction.id;
                    match count("predict", id) {
                        1 => {}
                        0 => problems.push(Problem::new(file.as_str(), None, format!("its page never asks for `{id}`: put `{{{{#predict {id}}}}}` into src/{}", page.path()))),
                        n => problems.push(Problem::new(file.as_str(), None, format!("its page asks for `{id}` {n} times, and a prediction has one place only"))),
                    }
                }
            }
            Err(error) => problems.push(Problem::new(file, None, format!("{error:#}"))),
        }
    }
}

/// Quiz and prediction files whose page is not there.
fn orphaned_sidecars(repo: &Repo, problems: &mut Vec<Problem>) -> Result<()> {
    for path in page::files(&repo.book_src())? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for ending in [".quiz.toml", ".predict.toml"] {
            let Some(stem) = name.strip_suffix(ending) else {
                continue;
            };
            if !path.with_file_name(format!("{stem}.md")).is_file() {
                problems.push(Problem::new(
                    repo.relative(&path),
                    None,
                    format!("there is no page {stem}.md beside it, so nobody sees its questions"),
                ));
            }
        }
    }
    Ok(())
}

/// The pages that SUMMARY.md names, relative to `src/`.
fn summary_pages(src: &Path) -> Result<BTreeSet<String>> {
    let summary = read(&src.join("SUMMARY.md"))?;
    let targets = summary
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    Ok(targets
        .map(|target| target.trim_start_matches("./").to_owned())
        .collect())
}

/// The pages that include `page`.
fn includers(src: &Path, page: &str) -> Result<Vec<Page>> {
    let wanted = normal(&src.join(page));
    let mut found = Vec::new();
    for other in page::all(src)? {
        let text = read(&src.join(other.path()))?;
        if includes(src, &other, &text)
            .iter()
            .any(|include| include.path == wanted)
        {
            found.push(other);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::count_anchors;

    #[test]
    fn an_anchor_is_a_whole_word() {
        let text =
            "// ANCHOR: frame\n// ANCHOR: frame-limit\n// ANCHOR_END: frame\n/* ANCHOR:frame */";
        assert_eq!(count_anchors(text, "ANCHOR", "frame"), 2);
        assert_eq!(count_anchors(text, "ANCHOR_END", "frame"), 1);
        assert_eq!(count_anchors(text, "ANCHOR", "limit"), 0);
    }
}
