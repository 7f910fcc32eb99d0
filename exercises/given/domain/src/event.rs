//! What has happened, as it is passed on.

use crate::{LessonKey, Progress, Version};
#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

/// One change of one fact, as the authority decided it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Event {
    /// The fact after the change. Its version is also the event's place among those of its key.
    pub progress: Progress,
    /// When it was committed, in milliseconds since 1970. For people and for measuring lag; clocks
    /// step back, so nothing is ever ordered by it.
    pub committed_at_ms: u64,
}

/// Which change it is: no two events share a key and a version, because only the authority makes
/// versions. A copy that is delivered again has the same id.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct EventId {
    /// Which fact changed.
    pub key: LessonKey,
    /// Which of its changes this is, from 1.
    pub version: Version,
}

/// Where an event stands in a stream's log; the first is at 0.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Offset(pub u64);

impl Event {
    /// Which change this is.
    pub const fn id(&self) -> EventId {
        EventId {
            key: self.progress.key,
            version: self.progress.version,
        }
    }
}
