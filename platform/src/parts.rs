//! The parts, as the stage knows them: what each does for the others, and nothing about how.
//!
//! An assembly puts real parts behind these traits: the course's own, a reader's, or doubles in memory.
//! Every trait can be made into an object, because it is decided only when the platform starts, and anew
//! in each test, which part stands where.

use bytes::Bytes;
use domain::{EventId, LearnerId, LessonId, LessonKey, Progress, Version};
use hyper::{HeaderMap, Request, Response};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::pin::Pin;
use thiserror::Error;

/// A future in a box, as trait objects need it.
pub type Fut<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where something can stand on the path of a request.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The shared HTTP cache in front of the API.
    Edge,
    /// The API: it answers requests and decides nothing.
    Api,
    /// The copy in the API's process.
    Cache,
    /// Where progress is decided.
    Authority,
    /// Outbox, relay and stream: how others learn of changes, later.
    Stream,
    /// Who acts on what they receive.
    Workers,
    /// The dashboard, derived from the events.
    View,
}

impl Place {
    /// All, in the order of the path.
    pub const ALL: [Self; 7] = [
        Self::Edge,
        Self::Api,
        Self::Cache,
        Self::Authority,
        Self::Stream,
        Self::Workers,
        Self::View,
    ];

    /// As it stands in addresses and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Api => "api",
            Self::Cache => "cache",
            Self::Authority => "authority",
            Self::Stream => "stream",
            Self::Workers => "workers",
            Self::View => "view",
        }
    }

    /// The place of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.name() == name)
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that can be taken down and brought up again, for real.
pub trait Part: Send + Sync {
    /// Takes it down: what is in its memory is gone, and what it had promised to keep is not.
    fn stop(&self) -> Fut<'_, ()> {
        Box::pin(async {})
    }

    /// Brings it up from what it kept.
    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        Box::pin(async { Ok(()) })
    }
}

/// Why a part is not up.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct NotStarted(pub String);

/// What a caller wants to become true.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Command {
    /// Which learner, in which lesson.
    pub key: LessonKey,
    /// The version that the caller wants to replace; `None` if it has seen none.
    pub expected: Option<Version>,
    /// Steps of the lesson that are done.
    pub steps_done: u32,
    /// What the learner wrote into the margin.
    pub note: String,
    /// The same on each retry, and on no other command.
    pub idempotency_key: String,
}

impl Command {
    /// The fact that it makes, as `version`.
    pub(crate) fn fact(&self, version: Version) -> Fact {
        Fact {
            progress: Progress {
                key: self.key,
                version,
                steps_done: self.steps_done,
                completed: true,
            },
            note: self.note.clone(),
        }
    }
}

/// Why a command has no receipt. Each variant says what is true of it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum NotWritten {
    /// It can never be written. Not done.
    #[error("{0}")]
    Invalid(String),
    /// Somebody else has written since the caller looked. Not done.
    #[error("the current version is another one")]
    Stale {
        /// The current version.
        current: Option<Version>,
    },
    /// The idempotency key belongs to another command. Not done.
    #[error("the idempotency key has been used for another command")]
    Conflict,
    /// Nobody took it. Not done.
    #[error("the authority does not answer; the command was not done")]
    NotDone,
    /// It may have been done.
    #[error("whether the command was done is unknown")]
    Unknown,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum NoAnswer {
    /// The question reached nobody.
    #[error("nobody there")]
    Absent,
    /// It was asked, and no answer came: it may have been acted upon.
    #[error("no answer came")]
    Lost,
    /// It was turned away, because there is too much to do.
    #[error("turned away")]
    Shed,
}

/// A fact, as the authority returns it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fact {
    /// How far the learner is.
    pub progress: Progress,
    /// What the learner wrote into the margin.
    pub note: String,
}

/// Whose reads and writes belong together: a learner on one of their devices.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SessionId(pub u64);

impl SessionId {
    /// How many devices of one learner are distinguished.
    const DEVICES: u64 = 8;

    /// The session of `learner` on the device that the header `Device` names by a small number.
    pub(crate) fn of(headers: &HeaderMap, learner: LearnerId) -> Self {
        let device = headers
            .get("device")
            .and_then(|device| device.to_str().ok());
        let device: u64 = device.and_then(|device| device.parse().ok()).unwrap_or(0);
        Self(learner.0 * Self::DEVICES + device % Self::DEVICES)
    }
}

/// Where progress is decided.
pub trait Authority: Part {
    /// Decides, and answers once no crash can take the decision back.
    fn write(&self, command: Command) -> Fut<'_, Result<Version, NotWritten>>;
    /// What was decided, as of some moment during the call.
    fn read(&self, key: LessonKey) -> Fut<'_, Result<Option<Fact>, NoAnswer>>;
}

/// A copy that may vanish.
pub trait Cache: Part {
    /// Reads through it.
    fn read(
        &self,
        key: LessonKey,
        session: SessionId,
    ) -> Fut<'_, Result<Option<Progress>, NoAnswer>>;
    /// Accompanies a write, so that nothing older is served afterwards. Hands on what the write said.
    fn write<'a>(
        &'a self,
        key: LessonKey,
        session: SessionId,
        write: Fut<'a, Result<Version, NotWritten>>,
    ) -> Fut<'a, Result<Version, NotWritten>>;
    /// Remembers the version that a session received from a write that did not pass through the cache.
    fn told(&self, key: LessonKey, session: SessionId, version: Version);
    /// How many entries it holds.
    fn entries(&self) -> u64;
}

/// Outbox, relay and stream.
pub trait Stream: Part {
    /// Events that are committed and not yet published.
    fn waiting(&self) -> u64;
    /// Events that have been published, ever.
    fn published(&self) -> u64;
}

/// What one consumer has in hand.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Account {
    /// Which consumer.
    pub consumer: &'static str,
    /// Published, and neither done, dead nor shed.
    pub queued: u64,
    /// Given up after as many tries as are allowed.
    pub dead: Vec<EventId>,
    /// Turned away for lack of room.
    pub shed: Vec<EventId>,
}

/// Who acts on events.
pub trait Workers: Part {
    /// An account for each consumer.
    fn accounts(&self) -> Vec<Account>;
}

/// The world on which workers act: mail that goes out, figures that move. It stands outside the
/// platform; the observer counts here.
pub trait Effects: Send + Sync {
    /// Does, for `consumer`, what `event` asks for.
    fn apply(&self, consumer: &'static str, event: domain::Event) -> Fut<'_, Result<(), NoAnswer>>;
}

/// What the dashboard shows.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Dashboard {
    /// How many of the stream's events are in it.
    pub watermark: u64,
    /// Lessons that somebody completed.
    pub completed: u64,
    /// The lessons completed most often.
    pub top: Vec<(LessonId, u64)>,
    /// Whether it says of itself that it is older than it should be.
    pub stale: bool,
}

/// A view derived from the events.
pub trait View: Part {
    /// What it shows now.
    fn look(&self) -> Fut<'_, Result<Dashboard, NoAnswer>>;
    /// Makes it anew from the events.
    fn rebuild(&self) -> Fut<'_, Result<(), NoAnswer>>;
    /// How many of the stream's events are in it, as far as it says.
    fn watermark(&self) -> u64;
}

/// One who answers requests.
pub trait Http: Send + Sync {
    /// Asks, and waits for the whole answer.
    fn call(&self, request: Request<Bytes>) -> Fut<'_, Result<Response<Bytes>, NoAnswer>>;
}

/// The shared cache in front of the API.
pub trait Edge: Part + Http {}
impl<T: Part + Http> Edge for T {}
