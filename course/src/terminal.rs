//! How the tool writes: marks, colours, and lines that fit.
//!
//! Colours go through `anstream`, which drops them when nobody would see them (`NO_COLOR`, a pipe).

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};

/// What the output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// Marks beyond ASCII.
    pub unicode: bool,
    /// Columns to fill.
    pub width: usize,
}

/// Below this, words and commands have to be broken anyway.
const NARROWEST: usize = 40;

/// Above this, a line is hard to follow to its end.
const WIDEST: usize = 100;

/// How wide the terminal is; none where standard output is none.
#[cfg(unix)]
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn columns() -> Option<usize> {
    None
}

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const OPEN: Style = AnsiColor::Yellow.on_default();
pub(crate) const HEADING: Style = Style::new().bold();
pub(crate) const QUIET: Style = Style::new().dimmed();

impl Terminal {
    /// What standard output can show.
    pub fn of_stdout() -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty());
        let utf8 = match locale {
            Some(locale) => locale.to_lowercase().replace('-', "").contains("utf8"),
            // Today's Windows terminals use UTF-8 and set no such variable.
            None => cfg!(windows),
        };
        Self {
            unicode: utf8 && std::io::stdout().is_terminal(),
            width: columns().map_or(80, |columns| columns.clamp(NARROWEST, WIDEST)),
        }
    }

    /// A mark and its colour.
    pub fn good(self) -> String {
        painted(GOOD, if self.unicode { "✓" } else { "ok" })
    }

    pub fn bad(self) -> String {
        painted(BAD, if self.unicode { "✗" } else { "no" })
    }

    /// Not built yet.
    pub fn open(self) -> String {
        painted(OPEN, if self.unicode { "○" } else { "--" })
    }

    /// Wraps `text` at the width; every line starts with `indent`, the first with `first` instead.
    pub fn wrapped(self, first: &str, indent: &str, text: &str) -> String {
        let mut out = String::new();
        let mut prefix = first;
        for paragraph in text.split('\n') {
            let own = paragraph.len() - paragraph.trim_start().len();
            let mut line = format!("{prefix}{}", &paragraph[..own]);
            let mut empty = true;
            for word in words(paragraph) {
                if !empty && visible(&line) + 1 + word.chars().count() > self.width {
                    let _ = writeln!(out, "{line}");
                    line = format!("{indent}{}", &paragraph[..own]);
                    empty = true;
                }
                if !empty {
                    line.push(' ');
                }
                line.push_str(&word);
                empty = false;
            }
            let _ = writeln!(out, "{}", line.trim_end());
            prefix = indent;
        }
        out
    }
}

/// The words of a text; what stands in backticks is one, so that a command can be copied whole.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut quoted = false;
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(open) if quoted => {
                open.push(' ');
                open.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        quoted ^= word.matches('`').count() % 2 == 1;
    }
    words
}

pub(crate) fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// How many columns `text` takes, escapes left out.
fn visible(text: &str) -> usize {
    anstream::adapter::strip_str(text)
        .to_string()
        .chars()
        .count()
}

/// `1 test`, `2 tests`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::{BAD, Terminal, painted};

    #[test]
    fn wraps_at_the_width_and_counts_no_escapes() {
        let terminal = Terminal {
            unicode: true,
            width: 16,
        };
        let first = format!("{} ", painted(BAD, "x"));
        let text = terminal.wrapped(&first, "  ", "one two three four\n  five six seven");
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(plain, "x one two three\n  four\n    five six\n    seven\n");
    }
}
