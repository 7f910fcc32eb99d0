//! Hints that escalate: `## topic`, then a numbered list with a question, a pointer, the shape of
//! the answer.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::Stub;

/// The hints about one stub or topic, from the vaguest to the clearest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HintSection {
    /// The heading, markdown left in.
    pub title: String,
    /// Each hint's markdown.
    pub hints: Vec<String>,
}

impl HintSection {
    /// Whether the heading names `word`, as a whole word.
    pub fn mentions(&self, word: &str) -> bool {
        self.title
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|part| part == word)
    }

    /// The heading without markdown's code marks: what `cargo course hint LAB` takes for a topic.
    pub fn topic(&self) -> String {
        self.title.replace('`', "")
    }
}

/// Which of these is about a stub. A heading is its name, `Type::function`; or `file::function` where
/// several files have one of that name; or a sentence that mentions the function.
pub fn about(sections: &[HintSection], stub: &Stub) -> Option<usize> {
    let file = stub.file.file_stem().unwrap_or_default().to_string_lossy();
    let named = [stub.name(), format!("{file}::{}", stub.function)];
    let is_named = |section: &HintSection| named.contains(&section.topic());
    let mentions = |section: &HintSection| {
        let owner = stub.owner.as_deref();
        section.mentions(&stub.function) && owner.is_none_or(|owner| section.mentions(owner))
    };
    let exact = sections.iter().position(is_named);
    exact.or_else(|| sections.iter().position(mentions))
}

pub(super) fn read(path: &Path) -> Result<Vec<HintSection>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(parse(&text))
}

fn parse(text: &str) -> Vec<HintSection> {
    let mut sections: Vec<HintSection> = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if let (false, Some(title)) = (fenced, line.strip_prefix("## ")) {
            sections.push(HintSection {
                title: title.trim().to_owned(),
                hints: Vec::new(),
            });
            continue;
        }
        let Some(section) = sections.last_mut() else {
            continue;
        };
        match (fenced, list_item(line)) {
            (false, Some(item)) => section.hints.push(item.to_owned()),
            _ => {
                if let Some(hint) = section.hints.last_mut() {
                    hint.push('\n');
                    hint.push_str(unindented(line));
                }
            }
        }
    }
    for hint in sections.iter_mut().flat_map(|section| &mut section.hints) {
        hint.truncate(hint.trim_end().len());
    }
    sections
}

/// The text after `1. `, at the left margin only: a deeper list belongs to its hint.
fn list_item(line: &str) -> Option<&str> {
    let (number, text) = line.split_once(". ")?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// A list item's further lines are indented by three spaces, which are not part of the hint.
fn unindented(line: &str) -> &str {
    let spaces = line.len() - line.trim_start_matches(' ').len();
    &line[spaces.min(3)..]
}

#[cfg(test)]
mod tests {
    use super::{about, parse};
    use crate::lab::Stub;

    #[test]
    fn a_hint_keeps_its_paragraphs_and_its_code() {
        let text = "# Hints\n\n## `Encoder::encode`\n\n1. Who asks?\n   And why?\n\n2. See:\n   ```rust\n   ## not a heading\n   1. not a hint\n   ```\n## Next\n1. One.\n";
        let sections = parse(text);
        assert_eq!(sections.len(), 2);
        assert_eq!(sections[0].hints[0], "Who asks?\nAnd why?");
        assert_eq!(
            sections[0].hints[1],
            "See:\n```rust\n## not a heading\n1. not a hint\n```"
        );
        assert!(sections[0].mentions("encode") && !sections[0].mentions("code"));
        assert_eq!(sections[1].hints, ["One."]);
    }

    #[test]
    fn a_stub_finds_its_hints_also_where_names_repeat() {
        let sections =
            parse("## `one::run`\n\n## `two::run`\n\n## `Pen::new`\n\n## How to `stop` it\n");
        let stub = |file: &str, owner: Option<&str>, function: &str| Stub {
            function: function.to_owned(),
            owner: owner.map(str::to_owned),
            message: String::new(),
            file: file.into(),
            line: 1,
        };
        let found = [
            stub("src/one.rs", None, "run"),
            stub("src/two.rs", None, "run"),
            stub("src/two.rs", Some("Pen"), "new"),
            stub("src/two.rs", None, "stop"),
            stub("src/two.rs", Some("Ink"), "new"),
        ];
        let found = found.map(|stub| about(&sections, &stub));
        assert_eq!(found, [Some(0), Some(1), Some(2), Some(3), None]);
    }
}
