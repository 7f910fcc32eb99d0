//! Reads the lab's `boundaries.toml`, in the lab's own simple form: headers, and one `key = "text"` per
//! line.
//!
//! The course has a proper reader, in `given/ledger`. It brings a TOML parser and a derive macro, which
//! take longer to compile than everything else in this lab; from lab 3 on that does not matter.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The file's name in stories.
pub const NAME: &str = "exercises/00-split/boundaries.toml";

/// One `[[component]]` or `[[boundary]]`.
pub struct Entry {
    kind: String,
    line: usize,
    fields: HashMap<String, String>,
}

impl Entry {
    /// A field's text; empty if there is none.
    pub fn get(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", |text| text.trim())
    }

    /// The entry's line and its two ends.
    pub fn place(&self) -> String {
        format!(
            "{NAME}, line {}, {} → {}",
            self.line,
            self.get("from"),
            self.get("to")
        )
    }
}

pub struct Ledger(Vec<Entry>);

impl Ledger {
    pub fn read() -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        // A solution with a different design, in a folder below ours, shares our ledger.
        let lab = |folder: &&Path| folder.ends_with("00-split");
        let folder = package.ancestors().find(lab).unwrap_or(package);
        match fs::read_to_string(folder.join("boundaries.toml")) {
            Ok(text) => Self::parse(&text),
            Err(error) => {
                panic!("{NAME} cannot be read: {error}. `git checkout -- {NAME}` brings it back.")
            }
        }
    }

    fn parse(text: &str) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut table = String::new();
        for (line, said) in (1..).zip(text.lines()) {
            let said = said.trim();
            if said.is_empty() || said.starts_with('#') {
                continue;
            }
            if let Some(header) = said.strip_prefix("[[") {
                let kind = header.split("]]").next().unwrap_or_default();
                entries.push(Entry {
                    kind: kind.trim().to_owned(),
                    line,
                    fields: HashMap::new(),
                });
                table.clear();
            } else if let Some(header) = said.strip_prefix('[') {
                let name = header.split(']').next().unwrap_or_default();
                let name = name.trim().split_once('.').map_or("", |(_, name)| name);
                table = format!("{}.", name.trim());
            } else {
                let field = said.split_once('=').and_then(|(key, value)| {
                    let key = key.split('.').map(str::trim).collect::<Vec<_>>().join(".");
                    Some((format!("{table}{key}"), unquote(value.trim())?))
                });
                let Some((key, value)) = field else {
                    panic!(
                        "{NAME}, line {line}, cannot be read: `{said}`. This lab's test \
                         reads one `key = \"text\"` per line."
                    );
                };
                if let Some(entry) = entries.last_mut() {
                    entry.fields.insert(key, value);
                }
            }
        }
        Self(entries)
    }

    pub fn boundaries(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|entry| entry.kind == "boundary")
    }

    pub fn boundary(&self, from: &str, to: &str) -> Option<&Entry> {
        self.boundaries()
            .find(|entry| entry.get("from") == from && entry.get("to") == to)
    }

    pub fn component(&self, name: &str) -> Option<&Entry> {
        let mut components = self.0.iter().filter(|entry| entry.kind == "component");
        components.find(|entry| entry.get("name") == name)
    }
}

/// The text between the quotes; a comment or nothing may follow.
fn unquote(value: &str) -> Option<String> {
    let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let mut text = String::new();
    let mut rest = value[1..].chars();
    loop {
        match rest.next()? {
            '\\' if quote == '"' => text.push(rest.next()?),
            c if c == quote => break,
            c => text.push(c),
        }
    }
    let after = rest.as_str().trim();
    (after.is_empty() || after.starts_with('#')).then_some(text)
}
