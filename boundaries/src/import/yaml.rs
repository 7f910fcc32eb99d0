//! YAML, as a value with the line on which each document begins.

use serde_json::Value;
use serde_saphyr::budget::Budget;
use std::collections::HashMap;
use std::ops::Range;

/// The most bytes of YAML that are read: 2 MiB, twenty times the largest description that we have seen.
/// The parser needs about a hundred bytes of memory for each.
pub const MAX_YAML_BYTES: usize = 1 << 21;

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it says.
    pub value: Value,
    /// The line on which it begins, from 1.
    pub line: usize,
}

/// The documents of a file. Unknown keys are kept, and anchors are followed, within a budget that stops
/// a bomb.
pub fn documents(file: &str, text: &str) -> Result<Vec<Document>, String> {
    if text.len() > MAX_YAML_BYTES {
        return Err(format!(
            "{file}:1: {} bytes of YAML; more than {MAX_YAML_BYTES} are not read",
            text.len()
        ));
    }
    // Real files have many aliases of few anchors; the budget of nodes stops a bomb.
    let mut budget = Budget::default();
    budget.enforce_alias_anchor_ratio = false;
    let options = serde_saphyr::options! {
        budget: Some(budget),
        with_snippet: false,
    };
    let values: Vec<Value> =
        serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
            let line = error.location().map_or(1, |at| at.line());
            let said = error.to_string();
            let said = said.lines().next().unwrap_or("no YAML");
            format!("{file}:{line}: {said}")
        })?;
    let starts = starts(text);
    // A file with an empty document in it has fewer values than parts: then lines are counted from 1.
    let lines = if starts.len() == values.len() {
        starts
    } else {
        vec![1; values.len()]
    };
    let documents = values.into_iter().zip(lines);
    Ok(documents
        .map(|(value, line)| Document { value, line })
        .collect())
}

/// The lines on which non-empty documents begin.
fn starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut begun = false;
    for (at, line) in text.lines().enumerate() {
        if line == "---" || line.starts_with("--- ") {
            begun = false;
        } else if !begun && !line.trim().is_empty() && !line.trim_start().starts_with('#') {
            begun = true;
            starts.push(at + 1);
        }
    }
    starts
}

/// The line from `after` on that contains this word: an estimate, because values have no positions.
pub fn line_of(text: &str, after: usize, word: &str) -> usize {
    let lines = text.lines().enumerate().skip(after.saturating_sub(1));
    let mut found = lines.filter(|(_, line)| line.contains(word));
    found.next().map_or(after, |(at, _)| at + 1)
}

/// The entries of a map, by their lines; found by their indentation, as values have no positions.
pub struct Blocks<'a> {
    lines: Vec<&'a str>,
    /// From the line of an entry's key to that after its last one, counted from 0.
    entries: HashMap<&'a str, Range<usize>>,
    /// The line of the map's own key, from 0.
    start: usize,
}

impl<'a> Blocks<'a> {
    /// The entries under a top-level key, in each document of a text.
    pub fn under(key: &str, text: &'a str) -> Self {
        let lines: Vec<_> = text.lines().collect();
        let json = text.trim_start().starts_with('{');
        let is_start = |line: &str| key_of(line) == Some(key) && (json || indent(line) == 0);
        let start = lines.iter().position(|line| is_start(line)).unwrap_or(0);
        let mut entries = HashMap::new();
        // The indentation of the map and of its entries, while inside it.
        let mut inside: Option<(usize, Option<usize>)> = None;
        let mut open: Option<(&str, usize)> = None;
        for (at, line) in lines.iter().enumerate() {
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            let depth = indent(line);
            let ends = |(map, entry): (usize, Option<usize>)| {
                depth <= map || entry.is_some_and(|it| depth <= it)
            };
            if inside.is_some_and(ends)
                && let Some((name, from)) = open.take()
            {
                entries.entry(name).or_insert(from..at);
            }
            if inside.is_some_and(|(map, _)| depth <= map) {
                inside = None;
            }
            if let Some((_, entry)) = &mut inside {
                if depth == *entry.get_or_insert(depth) {
                    open = key_of(line).map(|name| (name, at));
                }
            } else if is_start(line) {
                inside = Some((depth, None));
            }
        }
        if let Some((name, from)) = open {
            entries.entry(name).or_insert(from..lines.len());
        }
        Self {
            lines,
            entries,
            start,
        }
    }

    /// The line of an entry, from 1; that of the map, if the entry is not on a line of its own.
    pub fn line(&self, entry: &str) -> usize {
        self.entries.get(entry).map_or(self.start, |it| it.start) + 1
    }

    /// The first line of an entry with the last of these words, at or after a line with each of the
    /// words before it; the entry's own line if there is none, as with an anchor.
    pub fn line_with(&self, entry: &str, words: &[&str]) -> usize {
        let Some(range) = self.entries.get(entry) else {
            return self.line(entry);
        };
        let mut at = range.start;
        for word in words {
            let found = (at..range.end).find(|at| has_word(self.lines[*at], word));
            let Some(found) = found else {
                return self.line(entry);
            };
            at = found;
        }
        at + 1
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The key that a line begins with.
fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.trim_start().split_once(':')?;
    Some(key.trim().trim_matches(['"', '\'']))
}

/// Whether a word is in a line, not only as part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || "-_".contains(c);
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}
