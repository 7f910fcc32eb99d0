//! Builds the book with mdBook as a library, our preprocessor in process.
//!
//! mdBook treats most of what can be wrong with a page as a warning in its log, and exits with
//! success. So its log is caught here, and whoever builds decides what a warning is worth.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use mdbook_driver::MDBook;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use super::preprocess::CoursePreprocessor;
use crate::repo::Repo;

/// A book that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltBook {
    /// Where its `index.html` is.
    pub folder: PathBuf,
    /// What mdBook warned about.
    pub warnings: Vec<String>,
}

/// What the built book is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be published or read from the disk: it makes no request.
    Static,
    /// To be served by `cargo course`: its pages ask for events and grades.
    Live,
}

/// Builds the book into the folder that book.toml names.
///
/// # Errors
/// When a page or directive is wrong, or a file cannot be read or written.
pub fn build(repo: &Repo) -> Result<BuiltBook> {
    run(repo, None, Purpose::Static)
}

/// Builds the book into `folder`, which is emptied first.
///
/// # Errors
/// When a page or directive is wrong, or a file cannot be read or written.
pub fn build_into(repo: &Repo, folder: &Path, purpose: Purpose) -> Result<BuiltBook> {
    run(repo, Some(folder), purpose)
}

fn run(repo: &Repo, folder: Option<&Path>, purpose: Purpose) -> Result<BuiltBook> {
    let log = Log::default();
    let folder = tracing::subscriber::with_default(log.clone(), || -> Result<PathBuf> {
        let mut book = MDBook::load(repo.root()).context("the book cannot be loaded")?;
        if let Some(folder) = folder {
            folder.clone_into(&mut book.config.build.build_dir);
        }
        // It takes the place of the command of the same name in book.toml.
        book.with_preprocessor(match purpose {
            Purpose::Static => CoursePreprocessor::default(),
            Purpose::Live => CoursePreprocessor::live(),
        });
        book.build()?;
        Ok(book.build_dir_for("html"))
    })?;
    Ok(BuiltBook {
        folder,
        warnings: log.take(),
    })
}

/// Keeps what mdBook logs as a warning or an error.
///
/// A subscriber of our own, because a whole logging stack is a lot for a list of strings.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = MessageField(String::new());
        event.record(&mut message);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct MessageField(String);

impl Visit for MessageField {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
