//! A page of the book, as directives see it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The page that a directive stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Relative to the book's `src/`, with forward slashes: `scope/measure.md`.
    path: String,
}

impl Page {
    /// The page at `path`, relative to the book's `src/`.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_string_lossy().replace('\\', "/"),
        }
    }

    /// `scope/measure.md`
    pub fn path(&self) -> &str {
        &self.path
    }

    /// `scope/measure`: the name under which a reader's answers are remembered.
    pub fn key(&self) -> &str {
        self.path.strip_suffix(".md").unwrap_or(&self.path)
    }

    /// `scope-measure`: the part of an id that makes it unique in the whole book. The print page
    /// joins all pages, and mdBook renames ids that clash there, but not the labels that name them.
    pub fn slug(&self) -> String {
        slug(self.key())
    }

    /// The file `measure.KIND.toml` beside the page, below `src`.
    pub fn sidecar(&self, src: &Path, kind: &str) -> PathBuf {
        src.join(format!("{}.{kind}.toml", self.key()))
    }

    /// A link from this page to `target`, which is relative to `src/` as well: `scope/measure.md#frames`.
    pub fn link_to(&self, target: &str) -> String {
        let (page, fragment) = match target.split_once('#') {
            Some((page, fragment)) => (page, format!("#{fragment}")),
            None => (target, String::new()),
        };
        if page == self.path && !fragment.is_empty() {
            return fragment;
        }
        let up = "../".repeat(self.path.matches('/').count());
        format!("{up}{page}{fragment}")
    }
}

/// Every markdown file below `src` but the summary, in the order of their paths.
///
/// # Errors
/// When a folder cannot be listed.
pub fn all(src: &Path) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for path in files(src)? {
        let relative = path.strip_prefix(src).unwrap_or(&path);
        let markdown = relative
            .extension()
            .is_some_and(|extension| extension == "md");
        if markdown && relative != Path::new("SUMMARY.md") {
            pages.push(Page::new(relative));
        }
    }
    Ok(pages)
}

/// Every file below `folder`, in the order of their paths; links to folders are not followed.
///
/// # Errors
/// When a folder cannot be listed.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// `text` with everything but letters, digits, `_` and `-` replaced by `-`.
pub fn slug(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect()
}

/// Reads a file beside a page, and parses it.
///
/// # Errors
/// When the file is missing, or `parse` refuses it; both name the file.
pub fn read<T>(path: &Path, parse: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    let name = file_name(path);
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    parse(&text).with_context(|| format!("{name} is not as expected"))
}

/// Refuses an id that such a file has twice.
///
/// # Errors
/// Names the id, and `what` has it.
pub fn once<'a>(what: &str, ids: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for id in ids {
        ensure!(seen.insert(id), "it has the {what} `{id}` twice");
    }
    Ok(())
}

/// A file's own name, for a message.
pub fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_from_any_depth() {
        let deep = Page::new(Path::new("scope/measure.md"));
        assert_eq!(deep.link_to("scope/measure.md#frames"), "#frames");
        assert_eq!(deep.link_to("numbers.md"), "../numbers.md");
        assert_eq!(
            Page::new(Path::new("numbers.md")).link_to("scope/index.md#a"),
            "scope/index.md#a"
        );
        assert_eq!(deep.slug(), "scope-measure");
    }
}
