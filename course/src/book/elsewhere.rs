//! Figures that others published, for the column beside a reader's own.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::measured::Measured;

/// Figures that others published, each with what exactly was measured, on what, and when.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    #[serde(rename = "figure", default)]
    /// In the order of the file.
    pub figures: Vec<Published>,
}

/// One published figure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The rung beside which it is shown.
    pub rung: String,
    /// The figure as published: `6 µs`, `12–58 µs`.
    pub shown: String,
    /// What exactly was measured.
    pub what: String,
    /// On which machine, if that is known.
    #[serde(default)]
    pub on: String,
    /// When: a year or a day.
    pub date: String,
    /// The fragment of its entry in the bibliography.
    pub source: String,
}

impl Elsewhere {
    /// Reads the file; a missing one counts as empty.
    ///
    /// # Errors
    /// When it is there but not as expected.
    pub fn read(path: &Path) -> Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .with_context(|| format!("{} is not as expected", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// What was published for a rung.
    pub fn of<'e>(&'e self, rung: &'e str) -> impl Iterator<Item = &'e Published> {
        self.figures
            .iter()
            .filter(move |figure| figure.rung == rung)
    }

    /// A figure beside a rung that nothing measures would never be seen.
    ///
    /// # Errors
    /// Names the rung.
    pub fn check(&self, reference: &Measured) -> Result<()> {
        for published in &self.figures {
            ensure!(
                reference.with_rung(&published.rung).is_some(),
                "course/reference/elsewhere.toml has a figure for `{}`, which nothing measures",
                published.rung
            );
        }
        Ok(())
    }
}
