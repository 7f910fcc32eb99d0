//! mdBook's preprocessor: each of our directives becomes its HTML.
//!
//! It runs before mdBook's own `links` preprocessor (book.toml says so), while a line's number is
//! still what an author's editor shows. All faults are collected before the build fails, so that an
//! author sees every mistake at once.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};
use mdbook_preprocessor::book::{Book, BookItem, Chapter};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use super::context::Context;
use super::directives::{self, INLINE, MDBOOK_OWN, NAMES};
use super::headings;
use super::html;
use super::page::Page;
use super::scan;
use crate::repo::Repo;

/// Replaces our directives in every page.
#[derive(Debug, Clone, Copy, Default)]
pub struct CoursePreprocessor {
    live: bool,
}

impl CoursePreprocessor {
    /// The name in book.toml.
    pub const NAME: &'static str = "course";

    /// For a book that `cargo course` serves: its pages know where to ask for live grades.
    pub fn live() -> Self {
        Self { live: true }
    }

    /// Replaces the directives of one page; `path` is relative to the book's `src/`.
    ///
    /// # Errors
    /// Lists what is wrong, one message for each fault, with page and line.
    pub fn page(self, repo: &Repo, path: &Path, text: &str) -> Result<String, Vec<String>> {
        let page = Page::new(path);
        let context = Context { repo, page: &page };
        let mut problems = Vec::new();
        let mut replaced = String::with_capacity(text.len());
        let mut done = 0;
        for directive in scan::directives(text) {
            if directive.in_code || MDBOOK_OWN.contains(&directive.name) {
                continue;
            }
            let rendered = if directive.alone || INLINE.contains(&directive.name) {
                directives::render(&context, directive.name, directive.arguments)
            } else if NAMES.contains(&directive.name) {
                Err(anyhow::anyhow!(
                    "put `{{{{#{}}}}}` on a line of its own",
                    directive.name
                ))
            } else {
                Err(directives::unknown(directive.name))
            };
            match rendered {
                Ok(html) => {
                    replaced.push_str(&text[done..directive.range.start]);
                    replaced.push_str(&html::one_line(&html));
                    done = directive.range.end;
                }
                Err(error) => {
                    problems.push(format!("src/{}:{}: {error:#}", page.path(), directive.line));
                }
            }
        }
        replaced.push_str(&text[done..]);
        if self.live {
            replaced.push_str(LIVE);
        }
        if problems.is_empty() {
            Ok(replaced)
        } else {
            Err(problems)
        }
    }
}

/// Where a page that `cargo course` serves finds its events and grades.
const LIVE: &str = "\n\n<script type=\"application/json\" id=\"course-live\">{\"events\":\"/course/events\",\"state\":\"/course/state.json\"}</script>\n";

impl Preprocessor for CoursePreprocessor {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn supports_renderer(&self, renderer: &str) -> Result<bool> {
        Ok(renderer == "html")
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let repo = Repo::at(context.root.clone());
        let labs = crate::lab::all(&repo)?;
        let mut problems = Vec::new();
        book.for_each_mut(|item| {
            if let BookItem::Chapter(Chapter {
                name,
                content,
                source_path: Some(path),
                ..
            }) = item
            {
                match self.page(&repo, path, content) {
                    Ok(replaced) => {
                        *content = headings::furnish(&labs, &Page::new(path), name, &replaced);
                    }
                    Err(wrong) => problems.extend(wrong),
                }
            }
        });
        if problems.is_empty() {
            return Ok(book);
        }
        let mut message = match problems.len() {
            1 => "a directive of the book cannot be rendered:".to_owned(),
            n => format!("{n} directives of the book cannot be rendered:"),
        };
        for problem in problems {
            let _ = write!(message, "\n  {problem}");
        }
        bail!(message)
    }
}
