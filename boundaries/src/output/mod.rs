//! Printing a report.

pub mod github;
pub mod json;
pub mod markdown;
pub mod sarif;
pub mod text;

use crate::lint::Report;
use ledger::Severity;
use std::ops::Range;

/// A place in a text, in lines and characters from 1, cut to its first line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The first character.
    pub column: usize,
    /// The character after the last one.
    pub end_column: usize,
}

/// Finds lines fast: a ledger may have ten thousand findings.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// The lines of a text.
    pub fn of(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(ends.map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    /// The place of these bytes.
    pub fn place(&self, at: &Range<usize>) -> Place {
        let line = self.line_at(at.start);
        let (start, text) = self.line(line);
        let chars = |end: usize| {
            let end = end.saturating_sub(start).min(text.len());
            text.get(..end).unwrap_or(text).chars().count()
        };
        let column = 1 + chars(at.start);
        Place {
            line: line + 1,
            column,
            end_column: (1 + chars(at.end)).max(column + 1),
        }
    }

    /// The bytes of the lines around these bytes, and the number of the first, from 1.
    pub fn around(&self, at: &Range<usize>, lines: usize) -> (Range<usize>, usize) {
        let first = self.line_at(at.start).saturating_sub(lines);
        let last = self.line_at(at.end.max(at.start)) + lines;
        let end = self
            .starts
            .get(last + 1)
            .copied()
            .unwrap_or(self.text.len());
        (self.starts[first]..end, first + 1)
    }

    fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }

    fn line(&self, line: usize) -> (usize, &'a str) {
        let start = self.starts[line];
        let end = self
            .starts
            .get(line + 1)
            .map_or(self.text.len(), |end| end - 1);
        (start, self.text.get(start..end).unwrap_or(""))
    }
}

/// `2 errors, 1 warning`.
pub fn counts(report: &Report) -> String {
    let some = |count: usize, what: &str| {
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {what}{plural}"))
    };
    let parts: Vec<_> = [
        some(report.count(Severity::Error), "error"),
        some(report.count(Severity::Warning), "warning"),
        some(report.count(Severity::Note), "note"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "nothing found".to_owned()
    } else {
        parts.join(", ")
    }
}
