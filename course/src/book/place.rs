//! Pieces of work to be placed, from `<page>.place.toml` beside a page.
//!
//! For each piece, a reader says how far it has to reach and which pressure decides that. There is one
//! answer to each, and every other scope has a reason why it tempts.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::page::{self, once};

/// All pieces of one page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placing {
    /// Where work can be, from narrow to wide.
    #[serde(rename = "scope", default)]
    pub scopes: Vec<Word>,
    /// What can decide it, and what it looks like where it is only a word.
    #[serde(rename = "pressure", default)]
    pub pressures: Vec<Word>,
    /// In the order in which they are asked.
    #[serde(rename = "piece", default)]
    pub pieces: Vec<Piece>,
}

/// A scope or a pressure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// Named by pieces.
    pub id: String,
    /// As a reader sees it.
    pub text: String,
    /// What would show a pressure; shown to a reader who chose it where nothing does. None for a scope.
    #[serde(default)]
    pub shows: String,
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Unique on the page.
    pub id: String,
    /// A few words for it.
    pub title: String,
    /// What is known of it. Markdown.
    pub prompt: String,
    /// The narrowest scope that suffices.
    pub scope: String,
    /// What decides that.
    pub pressure: String,
    /// Why. Markdown.
    pub why: String,
    /// Every other scope, and why it tempts.
    #[serde(rename = "tempts", default)]
    pub tempts: Vec<Tempting>,
}

/// A wrong scope.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tempting {
    /// Which.
    pub scope: String,
    /// Why it tempts, and what it would cost. Markdown.
    pub why: String,
}

impl Placing {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When the file is missing, or something lacks its counterpart.
    pub fn read(path: &Path) -> Result<Self> {
        page::read(path, Self::parse)
    }

    fn parse(text: &str) -> Result<Self> {
        let placing: Self = toml::from_str(text)?;
        ensure!(placing.scopes.len() >= 2, "it needs at least two [[scope]]");
        ensure!(
            placing.pressures.len() >= 2,
            "it needs at least two [[pressure]]"
        );
        ensure!(!placing.pieces.is_empty(), "it has no [[piece]]");
        once("scope", placing.scopes.iter().map(|word| &word.id))?;
        once("pressure", placing.pressures.iter().map(|word| &word.id))?;
        once("piece", placing.pieces.iter().map(|piece| &piece.id))?;
        for pressure in &placing.pressures {
            ensure!(
                !pressure.shows.trim().is_empty(),
                "the pressure `{}` does not say what `shows` it",
                pressure.id
            );
        }
        for piece in &placing.pieces {
            placing
                .check(piece)
                .with_context(|| format!("piece `{}`", piece.id))?;
        }
        Ok(placing)
    }

    fn check(&self, piece: &Piece) -> Result<()> {
        let known = |words: &[Word], id: &str| words.iter().any(|word| word.id == id);
        for (what, text) in [("prompt", &piece.prompt), ("why", &piece.why)] {
            ensure!(!text.trim().is_empty(), "has no {what}");
        }
        ensure!(
            known(&self.scopes, &piece.scope),
            "belongs to `{}`, which is no [[scope]]",
            piece.scope
        );
        ensure!(
            known(&self.pressures, &piece.pressure),
            "is decided by `{}`, which is no [[pressure]]",
            piece.pressure
        );
        once("tempting scope", piece.tempts.iter().map(|t| &t.scope))?;
        for tempting in &piece.tempts {
            ensure!(
                known(&self.scopes, &tempting.scope) && tempting.scope != piece.scope,
                "is tempted by `{}`, which is no other [[scope]]",
                tempting.scope
            );
            ensure!(
                !tempting.why.trim().is_empty(),
                "does not say why `{}` tempts",
                tempting.scope
            );
        }
        for scope in &self.scopes {
            ensure!(
                scope.id == piece.scope || piece.tempts.iter().any(|t| t.scope == scope.id),
                "does not say why `{}` tempts",
                scope.id
            );
        }
        Ok(())
    }

    /// The number of a scope.
    pub fn scope(&self, id: &str) -> Option<usize> {
        self.scopes.iter().position(|scope| scope.id == id)
    }

    /// The number of a pressure.
    pub fn pressure(&self, id: &str) -> Option<usize> {
        self.pressures.iter().position(|pressure| pressure.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::Placing;

    const GOOD: &str = "[[scope]]\nid = \"in\"\ntext = \"inside\"\n[[scope]]\nid = \"out\"\ntext = \"outside\"\n\
        [[pressure]]\nid = \"load\"\ntext = \"load\"\nshows = \"a demand\"\n[[pressure]]\nid = \"none\"\ntext = \"none\"\nshows = \"nothing\"\n\
        [[piece]]\nid = \"p\"\ntitle = \"T\"\nprompt = \"P\"\nscope = \"in\"\npressure = \"none\"\nwhy = \"w\"\n\
        [[piece.tempts]]\nscope = \"out\"\nwhy = \"t\"\n";

    #[test]
    fn what_a_piece_lacks_is_said() {
        assert_eq!(Placing::parse(GOOD).unwrap().pieces.len(), 1);
        let said = |from: &str, to: &str| {
            assert!(GOOD.contains(from), "{from}");
            format!(
                "{:#}",
                Placing::parse(&GOOD.replacen(from, to, 1)).unwrap_err()
            )
        };
        assert!(
            said("scope = \"in\"", "scope = \"cloud\"").contains("`cloud`, which is no [[scope]]")
        );
        assert!(said("pressure = \"none\"", "pressure = \"fashion\"").contains("`fashion`"));
        assert!(
            said("[[piece.tempts]]\nscope = \"out\"\nwhy = \"t\"\n", "")
                .contains("piece `p`: does not say why `out` tempts")
        );
        assert!(said("scope = \"out\"", "scope = \"in\"").contains("no other [[scope]]"));
        assert!(said("why = \"t\"", "why = \" \"").contains("why `out` tempts"));
        assert!(said("shows = \"a demand\"", "shows = \"\"").contains("`load` does not say"));
        assert!(said("id = \"out\"", "id = \"in\"").contains("scope `in` twice"));
        assert!(said("why = \"w\"", "why = \"\"").contains("has no why"));
        assert!(Placing::parse("").is_err());
    }
}
