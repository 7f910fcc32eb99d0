//! The board: what must hold, and what must sometimes happen.

use serde::Serialize;

/// A promise that must hold at all times.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    /// What was acknowledged is durable.
    Durable,
    /// No copy is ahead of the authority.
    NotAhead,
    /// No answer is older than the cache's bound.
    Fresh,
    /// A session never reads an older version than it was given.
    Session,
    /// Commands are refused by the authority alone.
    Decides,
    /// A command that was reported as failed was not done.
    Unknown,
    /// Nobody in between multiplies attempts.
    Attempts,
    /// Nothing is announced that was not decided.
    Announced,
    /// Accepted is done, queued, dead and shed.
    Accounts,
    /// At most one effect for an event and a consumer.
    OneEffect,
    /// In the order of the versions, for each key.
    Order,
    /// The view goes forward, and says when it is late.
    View,
    /// No private body reaches a second identity.
    Private,
    /// The edge serves nothing older than it may, and what is named by content has that content.
    Edge,
}

impl Row {
    /// All, in the order of the board.
    pub const ALL: [Self; 14] = [
        Self::Durable,
        Self::NotAhead,
        Self::Fresh,
        Self::Session,
        Self::Decides,
        Self::Unknown,
        Self::Attempts,
        Self::Announced,
        Self::Accounts,
        Self::OneEffect,
        Self::Order,
        Self::View,
        Self::Private,
        Self::Edge,
    ];

    /// Its name on the board and in metrics.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::NotAhead => "not-ahead",
            Self::Fresh => "fresh",
            Self::Session => "session",
            Self::Decides => "decides",
            Self::Unknown => "unknown",
            Self::Attempts => "attempts",
            Self::Announced => "announced",
            Self::Accounts => "accounts",
            Self::OneEffect => "one-effect",
            Self::Order => "order",
            Self::View => "view",
            Self::Private => "private",
            Self::Edge => "edge",
        }
    }

    /// What is promised.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Durable => "What was acknowledged is durable, also after the authority went down",
            Self::NotAhead => "No copy is ahead of the authority",
            Self::Fresh => "No answer is older than the cache's bound",
            Self::Session => "A session never reads below what it was told",
            Self::Decides => "Only the authority refuses a command",
            Self::Unknown => "What was told as failed was not done",
            Self::Attempts => "Nobody in between multiplies attempts",
            Self::Announced => "Nothing is announced that was not decided",
            Self::Accounts => "Accepted events = done + queued + dead + shed",
            Self::OneEffect => "At most one effect for each event and consumer",
            Self::Order => "Effects keep the order of each key's versions",
            Self::View => "The dashboard never goes back, and says when it is late",
            Self::Private => "No private answer reaches a second identity",
            Self::Edge => "The edge serves nothing older than it may",
        }
    }

    /// The place that owes it.
    pub const fn place(self) -> &'static str {
        match self {
            Self::Durable | Self::Decides | Self::Unknown => "authority",
            Self::NotAhead | Self::Fresh | Self::Session => "cache",
            Self::Attempts => "api",
            Self::Announced | Self::Accounts => "stream",
            Self::OneEffect | Self::Order => "workers",
            Self::View => "view",
            Self::Private | Self::Edge => "edge",
        }
    }
}

/// What must happen now and then, or the board is green because nothing was tried.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sometimes {
    /// A retry found that its first attempt had been done.
    RetryMetFirst,
    /// The authority refused a command that had seen an older version.
    Refused,
    /// A copy served something older than the truth, within its bound.
    OldWithinBound,
    /// An acknowledged fact was found again after the authority went down.
    Survived,
    /// A command was answered while the workers did nothing.
    WithoutWorkers,
    /// A read or command was answered while the cache was gone.
    WithoutCache,
    /// The edge answered while there was no API.
    WithoutApi,
    /// An event was delivered again.
    Redelivered,
    /// The dashboard said that it was late.
    Labelled,
    /// Whether a command was done was unknown.
    Unknown,
}

impl Sometimes {
    /// All, in the order of the board.
    pub const ALL: [Self; 10] = [
        Self::RetryMetFirst,
        Self::Refused,
        Self::OldWithinBound,
        Self::Survived,
        Self::WithoutWorkers,
        Self::WithoutCache,
        Self::WithoutApi,
        Self::Redelivered,
        Self::Labelled,
        Self::Unknown,
    ];

    /// What happened.
    pub const fn says(self) -> &'static str {
        match self {
            Self::RetryMetFirst => "A retry met its first attempt",
            Self::Refused => "A stale command was refused",
            Self::OldWithinBound => "A copy answered with an older value, within its bound",
            Self::Survived => "An acknowledged fact was found after a restart",
            Self::WithoutWorkers => "A command was answered while no worker worked",
            Self::WithoutCache => "Somebody was answered while the cache was away",
            Self::WithoutApi => "The edge answered while the API did not",
            Self::Redelivered => "An event was delivered again",
            Self::Labelled => "The dashboard said that it was late",
            Self::Unknown => "Somebody was told that the outcome is unknown",
        }
    }
}

/// One line of what led to a broken row.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Step {
    /// When, in milliseconds since the platform began.
    pub at_ms: u64,
    /// What.
    pub what: String,
}

/// How a row stands.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Standing {
    /// How often it was checked.
    pub checked: u64,
    /// How often it did not hold.
    pub broken: u64,
    /// What led to the first time that it did not: these steps and no others.
    pub steps: Vec<Step>,
}

/// The whole board.
#[derive(Clone, Debug, Serialize)]
pub struct Board {
    /// Each promise.
    pub rows: Vec<BoardRow>,
    /// Each thing that has to happen now and then.
    pub sometimes: Vec<SometimesRow>,
}

/// A promise, and how it stands.
#[derive(Clone, Debug, Serialize)]
pub struct BoardRow {
    /// Its name.
    pub id: &'static str,
    /// What is promised.
    pub says: &'static str,
    /// The place that owes it.
    pub place: &'static str,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
}

/// What must happen now and then, and how often it did.
#[derive(Clone, Debug, Serialize)]
pub struct SometimesRow {
    /// What.
    pub says: &'static str,
    /// How often.
    pub seen: u64,
}
