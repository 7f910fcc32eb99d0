//! Known findings, kept by rule and names. Lines move, but names stay.

use crate::source::{self, SourceError};
use ledger::form::line_at;
use serde::Deserialize;
use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::path::Path;

/// The baseline's file name, next to the ledger.
pub const FILE_NAME: &str = "boundaries.baseline.toml";

/// The findings that were there when it was written.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    entries: BTreeSet<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u32,
    #[serde(default)]
    finding: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    at: String,
}

impl Baseline {
    /// A baseline of these.
    pub fn of(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            entries: entries.into_iter().collect(),
        }
    }

    /// Reads the baseline next to a ledger; `None` if there is none.
    ///
    /// # Errors
    /// [`SourceError`] if the file is there but is not a baseline.
    pub fn read(file: &Path) -> Result<Option<Self>, SourceError> {
        if !file.exists() {
            return Ok(None);
        }
        let text = source::text(file)?;
        let wrong = |line, message: String| SourceError::Form {
            file: file.display().to_string(),
            line,
            message,
        };
        let form: Form = toml::from_str(&text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            wrong(line_at(&text, at), error.message().to_owned())
        })?;
        if form.version != 1 {
            let message = format!("a baseline of version {}; this reads 1", form.version);
            return Err(wrong(1, message));
        }
        let entries = form.finding.into_iter();
        Ok(Some(Self::of(entries.map(|it| (it.rule, it.at)))))
    }

    /// Whether it has a finding of this rule about these names.
    pub fn has(&self, rule: &str, at: &str) -> bool {
        self.entries.contains(&(rule.to_owned(), at.to_owned()))
    }

    /// The entries that are not among these.
    pub fn gone(&self, found: &HashSet<(String, String)>) -> Vec<(String, String)> {
        let gone = self.entries.iter().filter(|entry| !found.contains(*entry));
        gone.cloned().collect()
    }

    /// The baseline without the entries that are not among these.
    #[must_use]
    pub fn pruned(&self, found: &HashSet<(String, String)>) -> Self {
        let kept = self.entries.iter().filter(|entry| found.contains(*entry));
        Self::of(kept.cloned())
    }

    /// How many findings it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The file's text: sorted, so that two branches that both shrink it merge.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# Findings that were there when this was written. An entry whose finding is gone fails \
             the\n# lint until `boundaries baseline prune` has removed it: the list can only get \
             shorter.\nversion = 1\n",
        );
        for (rule, at) in &self.entries {
            let at = toml_text(at);
            let _ = write!(text, "\n[[finding]]\nrule = \"{rule}\"\nat = {at}\n");
        }
        text
    }
}

/// A text as a TOML string.
pub fn toml_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            '\r' => quoted += "\\r",
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
