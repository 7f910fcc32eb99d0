//! Starting a ledger from descriptions that a team already has.
//!
//! None of them says what a boundary is for. A `depends_on` is a start order, an address is a
//! permission, and only a trace is a call; so each entry names the line that it comes from and is not
//! confirmed. What no file says is left out, because a placeholder would look like an answer, and the
//! questions are printed.

mod backstage;
mod compose;
mod istio;
mod kubernetes;
mod technology;
mod yaml;
mod zipkin;

use crate::baseline::toml_text;
use crate::gaps;
use clap::ValueEnum;
use ledger::Ledger;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

pub use yaml::MAX_YAML_BYTES;

/// An empty ledger, with examples of what may be in it.
pub const EMPTY: &str = include_str!("empty.toml");

/// What a file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Kind {
    /// A Compose file
    Compose,
    /// Kubernetes manifests
    Kubernetes,
    /// Istio virtual services or Gateway API routes
    Istio,
    /// Backstage catalog entities
    Backstage,
    /// Dependency links of Zipkin or Jaeger, as JSON
    Zipkin,
}

/// A component that was found.
#[derive(Clone, Debug, Default)]
struct Part {
    role: Option<&'static str>,
    scope: Option<&'static str>,
    owner: Option<String>,
    origin: String,
    notes: BTreeSet<String>,
}

/// A boundary that was found.
#[derive(Clone, Debug, Default)]
struct Line {
    mode: Option<&'static str>,
    origins: Vec<String>,
    values: BTreeMap<&'static str, String>,
    notes: BTreeSet<String>,
}

/// What an import has found.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    parts: BTreeMap<String, Part>,
    lines: BTreeMap<(String, String), Line>,
    /// What a mesh does with calls to a host, from any caller.
    routes: Vec<istio::Route>,
    notes: Vec<String>,
    files: Vec<String>,
}

/// Reads the files.
///
/// # Errors
/// The file that does not have this format, and the line.
pub fn import(kind: Option<Kind>, sources: &[(String, String)]) -> Result<Imported, String> {
    let mut found = Imported::default();
    for (file, text) in sources {
        let trimmed = text.trim_start();
        let json = trimmed.starts_with('[') || trimmed.starts_with('{');
        if kind == Some(Kind::Zipkin) || (kind.is_none() && json) {
            zipkin::read(file, text, &mut found)?;
        } else {
            let documents = yaml::documents(file, text)?;
            let kind = kind.or_else(|| guess(&documents)).ok_or_else(|| {
                format!(
                    "{file}: neither Compose, Kubernetes, Istio nor Backstage; say which by --from"
                )
            })?;
            match kind {
                Kind::Compose => compose::read(file, text, &documents, &mut found),
                Kind::Backstage => backstage::read(file, text, &documents, &mut found),
                // Routes and workloads are often in one file.
                Kind::Kubernetes | Kind::Istio => {
                    kubernetes::read(file, text, &documents, &mut found);
                    istio::read(file, text, &documents, &mut found);
                }
                Kind::Zipkin => {}
            }
        }
        found.files.push(file.clone());
    }
    istio::apply(&mut found);
    if found.parts.is_empty() {
        return Err(format!(
            "{}: no component was found",
            found.files.join(", ")
        ));
    }
    Ok(found)
}

fn guess(documents: &[yaml::Document]) -> Option<Kind> {
    documents.iter().find_map(|document| {
        let value = &document.value;
        let version = value["apiVersion"].as_str().unwrap_or("");
        if version.starts_with("backstage.io/") {
            Some(Kind::Backstage)
        } else if !version.is_empty() && value["kind"].is_string() {
            Some(Kind::Kubernetes)
        } else if value["services"].is_object() {
            Some(Kind::Compose)
        } else {
            None
        }
    })
}

impl Imported {
    /// The component of this name, added if it is new.
    fn part(&mut self, name: &str, origin: String) -> &mut Part {
        self.parts.entry(name.to_owned()).or_insert_with(|| Part {
            origin,
            ..Part::default()
        })
    }

    /// The boundary between two components, added if it is new; `None` from a component to itself.
    fn line(&mut self, from: &str, to: &str, origin: String) -> Option<&mut Line> {
        if from == to {
            return None;
        }
        let line = self.lines.entry((from.to_owned(), to.to_owned()));
        let line = line.or_default();
        if !line.origins.contains(&origin) {
            line.origins.push(origin);
        }
        Some(line)
    }

    /// The ledger's text.
    pub fn ledger(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "# Begun by `boundaries init` from {}.\n#\n# Each entry says where it comes from. Remove \
             `confirmed = false` when you have looked,\n# and the entry if it is no call. Roles are \
             suggested by the name of an image.",
            comment(&self.files.join(", "))
        );
        for note in &self.notes {
            let _ = writeln!(text, "# Note: {}", comment(note));
        }
        for (name, part) in &self.parts {
            text += "\n[[component]]\n";
            let _ = writeln!(text, "name = {}", toml_text(name));
            let _ = writeln!(text, "role = \"{}\"", part.role.unwrap_or("service"));
            let _ = writeln!(text, "scope = \"{}\"", part.scope.unwrap_or("cluster"));
            if let Some(owner) = &part.owner {
                let _ = writeln!(text, "owner = {}", toml_text(owner));
            }
            let _ = writeln!(text, "confirmed = false");
            let _ = writeln!(text, "origin = {}", toml_text(&part.origin));
            for note in &part.notes {
                let _ = writeln!(text, "# {}", comment(note));
            }
        }
        for ((from, to), line) in &self.lines {
            text += "\n[[boundary]]\n";
            let _ = writeln!(text, "from = {}", toml_text(from));
            let _ = writeln!(text, "to = {}", toml_text(to));
            let _ = writeln!(text, "mode = \"{}\"", line.mode.unwrap_or("network"));
            for (key, value) in &line.values {
                let _ = writeln!(text, "{key} = {value}");
            }
            let _ = writeln!(text, "confirmed = false");
            let _ = writeln!(text, "origin = {}", toml_text(&line.origins.join("; ")));
            for note in &line.notes {
                let _ = writeln!(text, "# {}", comment(note));
            }
        }
        text
    }

    /// What was read, and the questions that no file answers, fewest answers first.
    pub fn told(&self) -> String {
        let mut text = format!(
            "Read {} components and {} possible boundaries from {}. None is confirmed.\n",
            self.parts.len(),
            self.lines.len(),
            self.files.join(", ")
        );
        for note in &self.notes {
            let _ = writeln!(text, "Note: {note}");
        }
        text += "\nWhat no file says, and somebody knows:\n";
        let mut questions = vec![
            (
                self.lines.len(),
                "is this line a call at all? (`confirmed`)".to_owned(),
            ),
            (
                self.lines.len(),
                "which pressure does this boundary relieve, with which figure? (`pressure`)"
                    .to_owned(),
            ),
            (
                self.lines.len(),
                "what happens when the other side is slow, and when it is absent? (`fallback`)"
                    .to_owned(),
            ),
            (
                self.lines
                    .values()
                    .filter(|it| !it.values.contains_key("timeout"))
                    .count(),
                "how long does the caller wait? (`timeout`)".to_owned(),
            ),
        ];
        if let Ok(ledger) = Ledger::parse(&self.ledger()) {
            questions.extend(
                gaps::of(&ledger)
                    .into_iter()
                    .map(|it| (it.count, it.question)),
            );
        }
        questions.retain(|(count, _)| *count > 0);
        questions.sort();
        for (count, question) in questions {
            let _ = writeln!(text, "  {count:>4} × {question}");
        }
        text
    }
}

/// A text that cannot leave its comment.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
