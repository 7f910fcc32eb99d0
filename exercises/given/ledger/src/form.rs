//! The form of the file, as types: what does not fit them is refused with its line.
//!
//! Unknown fields are refused as well. A misspelt `when_abzent` that is quietly ignored would be an
//! unanswered question that nobody sees.

use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

/// The most bytes that a ledger may have: 1 MiB, some thousand boundaries.
pub const MAX_LEDGER_BYTES: usize = 1 << 20;

/// Why a text is no ledger.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum LedgerError {
    /// It is larger than any ledger.
    #[error("a ledger of {bytes} bytes is beyond the limit of {MAX_LEDGER_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is no TOML, or not of this form.
    #[error("line {line}: {message}")]
    Form {
        /// Where, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
}

/// A system's components and the boundaries between them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The parts.
    #[serde(default, rename = "component")]
    pub components: Vec<Component>,
    /// The lines between the parts.
    #[serde(default, rename = "boundary")]
    pub boundaries: Vec<Boundary>,
    /// The text that it was read from, for line numbers.
    #[serde(skip)]
    text: String,
}

/// One part of the system.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// What the boundaries call it.
    pub name: Spanned<String>,
    /// What it is to the facts that pass through it. Exactly one.
    pub role: Role,
    /// How far one has to go to reach its state.
    pub scope: Scope,
}

/// What a component is to the facts that it holds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Decides facts.
    Authority,
    /// Holds copies that may vanish at any moment.
    Cache,
    /// Holds what a replay of the log can make again.
    Derived,
    /// Acts later, on what has been decided.
    Worker,
    /// Is close to the user, and holds copies.
    Edge,
    /// Holds no facts beyond a request.
    Service,
    /// Is where requests come from.
    Client,
}

/// The scopes, narrowest first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Inside one process.
    Process,
    /// On one machine.
    Machine,
    /// On several machines.
    Cluster,
    /// Close to the users.
    Edge,
}

/// One line between two components, and the answers to the four questions about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boundary {
    /// The component that asks.
    pub from: Spanned<String>,
    /// The component that is asked.
    pub to: Spanned<String>,
    /// How the one reaches the other.
    pub mode: Mode,
    /// Which pressure does it relieve?
    pub pressure: Pressure,
    /// Which new latency or failure mode appears?
    pub cost: Cost,
    /// Who owns correctness now?
    pub correctness: Correctness,
    /// What happens when this layer is slow, and when it is absent?
    pub fallback: Fallback,
}

/// How one component reaches another.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// By a function call.
    InProcess,
    /// By a call that leaves the process and not the machine.
    SameMachine,
    /// By a call over a network.
    Network,
    /// By a message that nobody waits for.
    Asynchronous,
}

/// The pressure that a boundary relieves, with what shows that it is there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pressure {
    /// Which of the five.
    pub kind: PressureKind,
    /// What is measured.
    pub metric: String,
    /// What was measured, with its unit.
    pub value: String,
}

/// The five pressures.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum PressureKind {
    /// One machine, or one part, cannot carry it.
    Load,
    /// Failures must be kept apart.
    Isolation,
    /// Another team decides and deploys.
    Ownership,
    /// Distance dominates latency.
    Geography,
    /// The caller need not wait.
    Decoupling,
}

/// What a boundary charges.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The latency, failure or doubt that is there because the boundary is.
    pub adds: String,
}

/// Who is right when the two sides differ.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correctness {
    /// A component, by its name.
    pub owner: String,
}

/// What happens on a bad day. Two answers, because slow and absent are two different days.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// The other side answers, and takes its time.
    pub when_slow: String,
    /// The other side does not answer.
    pub when_absent: String,
}

impl Ledger {
    /// Reads a ledger.
    ///
    /// # Errors
    /// [`LedgerError`] when `text` is too large, no TOML, or not of this form.
    pub fn parse(text: &str) -> Result<Self, LedgerError> {
        if text.len() > MAX_LEDGER_BYTES {
            return Err(LedgerError::TooLarge { bytes: text.len() });
        }
        let mut ledger: Self = toml::from_str(text).map_err(|error| LedgerError::Form {
            line: line_at(text, error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        text.clone_into(&mut ledger.text);
        Ok(ledger)
    }

    /// The boundary from `from` to `to`, if the ledger has it.
    pub fn boundary(&self, from: &str, to: &str) -> Option<&Boundary> {
        self.boundaries
            .iter()
            .find(|boundary| boundary.from.get_ref() == from && boundary.to.get_ref() == to)
    }

    /// The component of this name, if the ledger has it.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components
            .iter()
            .find(|component| component.name.get_ref() == name)
    }

    /// The line on which something stands, from 1.
    pub(crate) fn line_of<T>(&self, what: &Spanned<T>) -> usize {
        line_at(&self.text, what.span().start)
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    1 + before.matches('\n').count()
}
