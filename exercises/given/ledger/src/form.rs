//! The form of the file, as types: what does not fit them is refused, with its line.
//!
//! Unknown fields are refused as well. A misspelt `when_abzent` that is silently ignored would be an
//! unanswered question that nobody sees.
//!
//! Nearly every field may be missing: an unanswered question is a missing key, and the rules ask for it.
//! Values that a finding may point at are [`Spanned`]. The structs are flat because a span does not
//! survive `#[serde(flatten)]` or an untagged enum.

use crate::value::{Amount, Date, Figure, Names, Share, Time, Times};
use serde::Deserialize;
use std::collections::HashMap;
use std::ops::Range;
use thiserror::Error;
use toml::Spanned;

/// The most bytes that a ledger may have: 16 MiB, about thirty thousand answered boundaries.
pub const MAX_LEDGER_BYTES: usize = 1 << 24;

/// Why a text is not a ledger.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum LedgerError {
    /// It is larger than a ledger may be.
    #[error("line 1: a ledger of {bytes} bytes is beyond the limit of {MAX_LEDGER_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is not TOML, or not of this form.
    #[error("line {line}: {message}")]
    Form {
        /// Where, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
        /// Where, in bytes.
        at: Range<usize>,
    },
}

/// A system: its parts, what they decide and copy, the lines between them, what people ask of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The parts.
    #[serde(default, rename = "component")]
    pub components: Vec<Component>,
    /// What is true or false, and who decides it.
    #[serde(default, rename = "fact")]
    pub facts: Vec<Fact>,
    /// Where a fact is kept a second time.
    #[serde(default, rename = "copy")]
    pub copies: Vec<Copy>,
    /// The lines between the parts.
    #[serde(default, rename = "boundary")]
    pub boundaries: Vec<Boundary>,
    /// What users ask of the system, step by step.
    #[serde(default, rename = "flow")]
    pub flows: Vec<Flow>,
    /// Known faults, accepted until a date.
    #[serde(default, rename = "waiver")]
    pub waivers: Vec<Waiver>,
    /// Thresholds that differ in this ledger.
    #[serde(default)]
    pub limits: Limits,
    /// The text that it was read from, for line numbers.
    #[serde(skip)]
    text: String,
    /// The component of each name.
    #[serde(skip)]
    named: HashMap<String, usize>,
    /// The fact of each name; the first, if there are several.
    #[serde(skip)]
    told: HashMap<String, usize>,
    /// The boundary between each two ends.
    #[serde(skip)]
    between: HashMap<String, HashMap<String, usize>>,
}

/// Thresholds. Ours are judgement, not law, so they can be changed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// More tries than this for one action are a warning.
    pub tries_warning: f64,
    /// More tries than this for one action are an error.
    pub tries_error: f64,
    /// Which share of the narrower alternative's capacity may be used before it is too narrow.
    pub headroom: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tries_warning: 4.0,
            tries_error: 9.0,
            headroom: 0.7,
        }
    }
}

/// One part of the system.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Its name in the boundaries.
    pub name: Spanned<String>,
    /// What it is to the facts that pass through it. Exactly one.
    pub role: Role,
    /// How far away its state is.
    pub scope: Scope,
    /// The team that is responsible for it.
    pub owner: Option<Spanned<String>>,
    /// What it is released with; its own name if it is not stated.
    pub release: Option<Spanned<String>>,
    /// Which share of all requests it promises to answer.
    pub objective: Option<Spanned<Share>>,
    /// How many requests a second it was measured to carry.
    pub capacity: Option<Spanned<Amount>>,
    /// How many reads a second it gets at peak.
    pub peak: Option<Spanned<Amount>>,
    /// Which share of those it answers from what it holds.
    pub hit: Option<Spanned<Share>>,
    /// How many loads a second it lets through before it sheds.
    pub shed_at: Option<Spanned<Amount>>,
    /// Whether concurrent misses of one key are one load.
    #[serde(default)]
    pub coalesces: bool,
    /// `false` while an importer has written it and nobody has confirmed it.
    pub confirmed: Option<Spanned<bool>>,
    /// The file that an importer read it from.
    pub origin: Option<String>,
}

/// What a component is to the facts that it holds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Decides facts.
    Authority,
    /// Holds copies that may vanish at any moment.
    Cache,
    /// Holds what a replay of the log can rebuild.
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

/// Something that is true or false about the world, and who decides it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What it is called.
    pub name: Spanned<String>,
    /// The one component that decides it; `"nobody"` for an opinion.
    pub decided_by: Option<Spanned<Names>>,
    /// What it is split by on purpose, so that each part has one authority.
    pub partition_by: Option<Spanned<String>>,
    /// How two decisions become one, where several may decide on purpose.
    pub merge: Option<Spanned<String>>,
    /// Whom it is for.
    pub audience: Option<Spanned<Audience>>,
    /// Why nobody decides it.
    pub reason: Option<Spanned<String>>,
}

/// Whom a fact is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Anybody.
    Public,
    /// One customer's people.
    Tenant,
    /// One person.
    User,
}

/// A fact that is kept a second time somewhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// The fact.
    pub of: Spanned<String>,
    /// The component that holds the copy.
    pub at: Spanned<String>,
    /// How old it may be.
    pub stale_at_most: Option<Spanned<Time>>,
    /// Whether its name changes with its content, so that it cannot be stale.
    #[serde(default)]
    pub named_by_content: bool,
    /// The component that it can be rebuilt from.
    pub rebuilt_from: Option<Spanned<String>>,
    /// What it is looked up by.
    pub keyed_by: Option<Spanned<Names>>,
    /// Whether it is held for only one identity.
    #[serde(default)]
    pub private: bool,
}

/// One line between two components, and the answers to the four questions about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boundary {
    /// The component that asks.
    pub from: Spanned<String>,
    /// The component that is asked.
    pub to: Spanned<String>,
    /// How one reaches the other.
    pub mode: Mode,
    /// Whether the caller changes what the other side holds.
    pub access: Option<Spanned<Access>>,
    /// The facts that cross.
    pub carries: Option<Spanned<Names>>,
    /// How many calls one request makes, one after another; 1 if it is not stated.
    pub calls: Option<Spanned<Times>>,
    /// How long the caller waits in all, retries included.
    pub timeout: Option<Spanned<Time>>,
    /// How often it tries, the first call included; 1 if it is not stated.
    pub tries: Option<Spanned<Times>>,
    /// How long it waits for one try.
    pub per_try: Option<Spanned<Time>>,
    /// How long it pauses between all its tries together.
    pub backoff: Option<Spanned<Time>>,
    /// What it retries on; on anything, if it is not stated.
    pub retry_on: Option<Spanned<Vec<RetryOn>>>,
    /// Retries for each first call that the budget allows: 0.2 is one in five.
    pub retry_budget: Option<Spanned<Amount>>,
    /// Whether the caller's deadline travels with the call.
    pub deadline: Option<Spanned<Deadline>>,
    /// Half of the calls take at most this long.
    pub p50: Option<Spanned<Time>>,
    /// 99 of 100 calls take at most this long.
    pub p99: Option<Spanned<Time>>,
    /// Which pressure does it relieve?
    pub pressure: Option<Pressure>,
    /// Which narrower design was considered.
    pub alternative: Option<Spanned<String>>,
    /// Which new latency or failure mode appears?
    pub cost: Option<Cost>,
    /// Who owns correctness now?
    pub correctness: Option<Correctness>,
    /// What happens when this layer is slow, and when it is absent?
    pub fallback: Option<Fallback>,
    /// The tests or drills that show the bad days.
    pub proven_by: Option<Spanned<Names>>,
    /// When somebody has to review it.
    pub review_by: Option<Spanned<Date>>,
    /// `false` while an importer has written it and nobody has confirmed it.
    pub confirmed: Option<Spanned<bool>>,
    /// The line of a file that an importer read it from.
    pub origin: Option<String>,
}

/// How one component reaches another.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// By a function call.
    InProcess,
    /// By a call that leaves the process but not the machine.
    SameMachine,
    /// By a call over a network.
    Network,
    /// By a message that no caller waits for.
    Asynchronous,
}

impl Mode {
    /// Whether the caller waits for the answer of another process.
    pub fn is_remote_call(self) -> bool {
        matches!(self, Self::SameMachine | Self::Network)
    }
}

/// What a caller may do to what the other side holds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Looks.
    Read,
    /// Changes.
    Write,
}

/// What a caller retries on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum RetryOn {
    /// No connection: the other side is absent.
    Connect,
    /// An error as an answer: the other side is there, and refuses.
    Error,
    /// No answer in time: the other side is slow, or absent.
    Timeout,
}

/// How a deadline reaches the other side.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Deadline {
    /// It travels with the request, and the time that is left bounds the call.
    Propagated,
}

/// The pressure that a boundary relieves, with what shows that it is there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pressure {
    /// Which of the five.
    pub kind: PressureKind,
    /// What is measured.
    pub metric: Option<Spanned<String>>,
    /// What was measured.
    pub value: Option<Spanned<Figure>>,
    /// What the value counts, if the value does not say so itself.
    pub unit: Option<Spanned<String>>,
    /// Where the measurement is recorded.
    pub evidence: Option<Spanned<String>>,
    /// When it was made.
    pub measured: Option<Spanned<Date>>,
    /// What the narrower alternative was measured to carry, in the same unit.
    pub alternative_carries: Option<Spanned<Amount>>,
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

/// What a boundary costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The latency, failure or uncertainty that the boundary adds.
    pub adds: Option<Spanned<String>>,
}

/// Who is right when the two sides differ.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correctness {
    /// A component, by its name.
    pub owner: Option<Spanned<String>>,
}

/// What happens on a bad day. Two answers, because slow and absent are two different days.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// The other side answers, but slowly.
    pub when_slow: Option<Spanned<String>>,
    /// The other side does not answer.
    pub when_absent: Option<Spanned<String>>,
}

/// Something that a user asks of the system.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// What it is called.
    pub name: Spanned<String>,
    /// The longest that the user waits.
    pub deadline: Option<Spanned<Time>>,
    /// Which share of all requests has to succeed.
    pub objective: Option<Spanned<Share>>,
    /// What happens, in order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
}

/// One crossing of a boundary in a flow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The component that asks.
    pub from: Spanned<String>,
    /// The component that is asked.
    pub to: Spanned<String>,
    /// Whether the flow succeeds without it; `false` if it is not stated.
    pub optional: Option<Spanned<bool>>,
    /// Whether the user has the answer before it happens; `false` if it is not stated.
    #[serde(default)]
    pub after_reply: bool,
    /// Steps of one group happen at the same time.
    pub parallel: Option<Spanned<String>>,
    /// The facts that are changed there.
    pub writes: Option<Spanned<Names>>,
    /// The facts that are decided from what is read there.
    pub decides: Option<Spanned<Names>>,
    /// Writes of one transaction commit together.
    pub transaction: Option<Spanned<String>>,
}

impl Step {
    /// Whether the flow succeeds without it.
    pub fn is_optional(&self) -> bool {
        self.optional.as_ref().is_some_and(|it| *it.get_ref())
    }

    /// Whether it changes a fact.
    pub fn is_write(&self) -> bool {
        let facts = self.writes.as_ref();
        facts.is_some_and(|facts| !facts.get_ref().0.is_empty())
    }
}

/// A finding that is accepted until a date.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The rule, by its id or its name.
    pub rule: Spanned<String>,
    /// The names that the finding is about, as the report prints them.
    pub at: Spanned<String>,
    /// Why it is accepted.
    pub reason: Option<Spanned<String>>,
    /// Who is responsible for that.
    pub owner: Option<Spanned<String>>,
    /// The last day on which it is accepted.
    pub expires: Option<Spanned<Date>>,
}

impl Ledger {
    /// Reads a ledger.
    ///
    /// # Errors
    /// [`LedgerError`] when `text` is too large, not TOML, or not of this form.
    pub fn parse(text: &str) -> Result<Self, LedgerError> {
        if text.len() > MAX_LEDGER_BYTES {
            return Err(LedgerError::TooLarge { bytes: text.len() });
        }
        let mut ledger: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            LedgerError::Form {
                line: line_at(text, at.start),
                message: error.message().to_owned(),
                at,
            }
        })?;
        text.clone_into(&mut ledger.text);
        for (at, component) in ledger.components.iter().enumerate() {
            let name = component.name.get_ref().clone();
            ledger.named.entry(name).or_insert(at);
        }
        for (at, fact) in ledger.facts.iter().enumerate() {
            let name = fact.name.get_ref().clone();
            ledger.told.entry(name).or_insert(at);
        }
        for (at, boundary) in ledger.boundaries.iter().enumerate() {
            let from = boundary.from.get_ref().clone();
            let to = boundary.to.get_ref().clone();
            let from = ledger.between.entry(from).or_default();
            from.entry(to).or_insert(at);
        }
        Ok(ledger)
    }

    /// The boundary from `from` to `to`, if the ledger has it.
    pub fn boundary(&self, from: &str, to: &str) -> Option<&Boundary> {
        let at = self.between.get(from)?.get(to)?;
        self.boundaries.get(*at)
    }

    /// The boundary that a step crosses, if the ledger has it.
    pub fn crossed_by(&self, step: &Step) -> Option<&Boundary> {
        self.boundary(step.from.get_ref(), step.to.get_ref())
    }

    /// The component of this name, if the ledger has it.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.get(self.component_at(name)?)
    }

    /// The index of the component of this name in [`Self::components`].
    pub fn component_at(&self, name: &str) -> Option<usize> {
        self.named.get(name).copied()
    }

    /// The fact of this name, if the ledger has it; the first, if it has several.
    pub fn fact(&self, name: &str) -> Option<&Fact> {
        self.facts.get(*self.told.get(name)?)
    }

    /// The role of the component of this name, if the ledger has it.
    pub fn role(&self, name: &str) -> Option<Role> {
        self.component(name).map(|component| component.role)
    }

    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of a value, from 1.
    pub fn line_of<T>(&self, what: &Spanned<T>) -> usize {
        line_at(&self.text, what.span().start)
    }
}

/// The line of a byte, from 1.
pub fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}
