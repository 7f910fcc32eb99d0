//! Finds `{{#name arguments}}` in a page's markdown, and the files that a page includes.
//!
//! A page about this course itself shows directives in code, so code must be left alone; and only a
//! markdown parser knows what is code. So the parser marks the code's byte ranges, and the rest is
//! searched as text.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::page::{self, Page};
use crate::repo::Repo;

/// A directive in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive<'page> {
    /// The word after `#`.
    pub name: &'page str,
    /// What follows the name, trimmed.
    pub arguments: &'page str,
    /// Where it is in the page, braces included.
    pub range: Range<usize>,
    /// Its line, counted from one.
    pub line: usize,
    /// Whether nothing else is on its line.
    pub alone: bool,
    /// Whether it is in a code block or in inline code.
    pub in_code: bool,
}

/// All directives of a page, in order; those escaped by a backslash are left out.
pub fn directives(text: &str) -> Vec<Directive<'_>> {
    let code = code_ranges(text);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("{{#").map(|at| from + at) {
        from = start + 3;
        let Some(length) = text[from..].find("}}") else {
            break;
        };
        let inside = &text[from..from + length];
        let escaped = text[..start].ends_with('\\');
        // A directive is one line. Braces that close on another line belong to something else.
        if escaped || inside.contains('\n') {
            continue;
        }
        let end = from + length + 2;
        let (name, arguments) = inside
            .trim()
            .split_once(char::is_whitespace)
            .unwrap_or((inside.trim(), ""));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
        found.push(Directive {
            name,
            arguments: arguments.trim(),
            range: start..end,
            line: line_of(text, start),
            alone: text[line_start..start].trim().is_empty()
                && text[end..line_end].trim().is_empty(),
            in_code: code.iter().any(|range| range.contains(&start)),
        });
        from = end;
    }
    found
}

/// The line of a byte, counted from one.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].bytes().filter(|byte| *byte == b'\n').count() + 1
}

fn code_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Code(_) | Event::Start(Tag::CodeBlock(_)) | Event::End(TagEnd::CodeBlock) => {
                ranges.push(range);
            }
            _ => {}
        }
    }
    ranges
}

/// A file that a page includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// The file.
    pub path: PathBuf,
    /// What follows the first colon: an anchor, line numbers, or nothing.
    pub part: Option<String>,
    /// The page's line.
    pub line: usize,
}

/// Every file that some page includes: when one changes, so does the book.
///
/// # Errors
/// When a page cannot be read.
pub fn included_files(repo: &Repo) -> Result<BTreeSet<PathBuf>> {
    let src = repo.book_src();
    let mut files = BTreeSet::new();
    for page in page::all(&src)? {
        let text = read(&src.join(page.path()))?;
        files.extend(
            includes(&src, &page, &text)
                .into_iter()
                .map(|include| include.path),
        );
    }
    Ok(files)
}

/// The files that a page includes, in its order.
pub fn includes(src: &Path, page: &Page, text: &str) -> Vec<Include> {
    let folder = src.join(page.path()).parent().unwrap_or(src).to_path_buf();
    // mdBook expands includes inside code as well; that is what they are for.
    directives(text)
        .into_iter()
        .filter(|directive| matches!(directive.name, "include" | "rustdoc_include" | "playground"))
        .map(|directive| {
            let target = directive
                .arguments
                .split_whitespace()
                .next()
                .unwrap_or_default();
            let (file, part) = target
                .split_once(':')
                .map_or((target, None), |(file, part)| (file, Some(part)));
            Include {
                path: normal(&folder.join(file)),
                part: part.map(str::to_owned),
                line: directive.line,
            }
        })
        .collect()
}

/// `path` without `.` and `..`; nothing needs to exist.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// The text of a file.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::directives;

    #[test]
    fn code_is_told_from_text() {
        let page = "# T\n\n{{#quiz}}\n\n```md\n{{#quiz}}\n```\n\nSee `{{#hints x}}` and \\{{#lab y}}.\n\n    {{#numbers ladder}}\n\n- item\n  {{#predict  a-b }}\n";
        let found = directives(page);
        let told: Vec<_> = found
            .iter()
            .map(|d| (d.name, d.arguments, d.line, d.in_code))
            .collect();
        assert_eq!(
            told,
            [
                ("quiz", "", 3, false),
                ("quiz", "", 6, true),
                ("hints", "x", 9, true),
                ("numbers", "ladder", 11, true),
                ("predict", "a-b", 14, false),
            ]
        );
        assert!(found[4].alone && !directives("a {{#quiz}}")[0].alone);
    }

    #[test]
    fn braces_that_never_close_are_text() {
        assert!(directives("{{#quiz\n}} and {{#").is_empty());
    }
}
