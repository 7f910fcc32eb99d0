//! YAML, as a value with the line on which each document begins.

use serde_json::Value;
use serde_saphyr::budget::Budget;

/// The most bytes of YAML that are read: 2 MiB, twenty times the largest description that we met. The
/// parser needs some hundred bytes of memory for each.
pub const MAX_YAML_BYTES: usize = 1 << 21;

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it says.
    pub value: Value,
    /// The line on which it begins, from 1.
    pub line: usize,
}

/// The documents of a file. Keys that nobody knows are kept, and anchors are followed, within a budget
/// that stops a bomb.
pub fn documents(file: &str, text: &str) -> Result<Vec<Document>, String> {
    if text.len() > MAX_YAML_BYTES {
        return Err(format!(
            "{file}:1: {} bytes of YAML; more than {MAX_YAML_BYTES} are not read",
            text.len()
        ));
    }
    // Real files have many aliases of few anchors; the budget of nodes is what stops a bomb.
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

/// The lines on which documents begin that have anything in them.
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

/// The line from `after` on that has this word in it, as far as one can tell without a position: values
/// have none.
pub fn line_of(text: &str, after: usize, word: &str) -> usize {
    let lines = text.lines().enumerate().skip(after.saturating_sub(1));
    let mut found = lines.filter(|(_, line)| line.contains(word));
    found.next().map_or(after, |(at, _)| at + 1)
}

/// The line from `after` on that begins with this key.
pub fn line_of_key(text: &str, after: usize, key: &str) -> usize {
    let bare = format!("{key}:");
    let mut lines = text.lines().enumerate().skip(after.saturating_sub(1));
    let is_key = |line: &str| {
        let line = line.trim_start().replace(['"', '\''], "");
        line.starts_with(&bare)
    };
    let found = lines.find(|(_, line)| is_key(line));
    found.map_or(after, |(at, _)| at + 1)
}
