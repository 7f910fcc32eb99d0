//! What a rule returns when it has found something.

use crate::form::Ledger;
use std::fmt;
use std::ops::Range;
use toml::Spanned;

/// A rule, as its findings show it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rule {
    /// `B101`. An id is never reused for another rule.
    pub id: &'static str,
    /// `double-authority`.
    pub name: &'static str,
    /// What it finds, in one sentence.
    pub finds: &'static str,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Worth knowing; shown when asked for.
    Note,
    /// Should be looked at.
    Warning,
    /// Has to be fixed.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that a rule has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// The bytes of the ledger that it points at: the value that is wrong, or where a key is missing
    /// the name of the entry that lacks it.
    pub at: Range<usize>,
    /// What it is about, by names. Lines move and names stay, so a baseline keeps this.
    pub names: Vec<String>,
    /// What is wrong, and what to do about it, in a sentence or two.
    pub message: String,
    /// The number that it found, if it found one.
    pub figure: Option<f64>,
    /// Other places that are needed to understand it, and what they show.
    pub also: Vec<(Range<usize>, String)>,
}

impl Finding {
    /// A finding that points at a value.
    pub fn at<T>(rule: Rule, severity: Severity, place: &Spanned<T>) -> Self {
        Self {
            rule,
            severity,
            at: place.span(),
            names: Vec::new(),
            message: String::new(),
            figure: None,
            also: Vec::new(),
        }
    }

    /// …that is about these.
    #[must_use]
    pub fn about<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.names = names.into_iter().map(str::to_owned).collect();
        self
    }

    /// …and says this.
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// …with this number.
    #[must_use]
    pub fn with_figure(mut self, figure: f64) -> Self {
        self.figure = Some(figure);
        self
    }

    /// …and points at a second place.
    #[must_use]
    pub fn see<T>(mut self, place: &Spanned<T>, what: impl Into<String>) -> Self {
        self.also.push((place.span(), what.into()));
        self
    }

    /// What it is about, as it is printed, waived and kept in a baseline.
    pub fn key(&self) -> String {
        self.names.join(" -> ")
    }

    /// The text that it points at.
    pub fn text<'a>(&self, ledger: &'a Ledger) -> &'a str {
        ledger.text().get(self.at.clone()).unwrap_or("")
    }
}
