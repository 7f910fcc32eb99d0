//! One thing that is wrong, and where.

use std::fmt;

/// Something wrong with the book.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the repository; empty if it is the book as a whole.
    pub file: String,
    /// Its line, counted from one, where that is known.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(
        file: impl Into<String>,
        line: Option<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.as_str(), self.line) {
            ("", _) => formatter.write_str(&self.message),
            (file, None) => write!(formatter, "{file}: {}", self.message),
            (file, Some(line)) => write!(formatter, "{file}:{line}: {}", self.message),
        }
    }
}
