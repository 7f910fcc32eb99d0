//! What has happened, as it is passed on to others.

use crate::{LessonKey, Progress, Version};
#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};
use std::fmt;

/// One change of one fact, as the authority decided it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Event {
    /// The fact after the change. Its version is also the event's place among the events of its key.
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

/// An event's place in a stream's log; the first is at 0.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Offset(pub u64);

/// The number in front of an event's bytes that says how to read the rest.
pub const EVENT_SCHEMA: u8 = 1;

/// How many bytes an event takes in a row, in a log and on the wire.
pub const EVENT_BYTES: usize = 38;

/// Why bytes are not an event that this program can read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EventError {
    /// They were written under another schema, perhaps by a newer program. They may well be an event:
    /// keep them for a program that knows the schema. To guess would be to act on something that never
    /// happened.
    UnknownSchema(u8),
    /// They name this schema, but have the wrong length or a value that the schema does not have.
    Malformed,
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSchema(schema) => write!(f, "an event of the unknown schema {schema}"),
            Self::Malformed => f.write_str("bytes that are not an event"),
        }
    }
}

impl std::error::Error for EventError {}

impl Event {
    /// Which change this is.
    pub const fn id(&self) -> EventId {
        EventId {
            key: self.progress.key,
            version: self.progress.version,
        }
    }

    /// The event as bytes: the schema, then the fields in their order, little-endian.
    pub fn to_bytes(&self) -> [u8; EVENT_BYTES] {
        let Progress {
            key,
            version,
            steps_done,
            completed,
        } = self.progress;
        let mut bytes = [0; EVENT_BYTES];
        bytes[0] = EVENT_SCHEMA;
        bytes[1..9].copy_from_slice(&key.learner.0.to_le_bytes());
        bytes[9..17].copy_from_slice(&key.lesson.0.to_le_bytes());
        bytes[17..25].copy_from_slice(&version.0.to_le_bytes());
        bytes[25..29].copy_from_slice(&steps_done.to_le_bytes());
        bytes[29] = u8::from(completed);
        bytes[30..].copy_from_slice(&self.committed_at_ms.to_le_bytes());
        bytes
    }

    /// Reads an event from bytes, which need not be trusted.
    ///
    /// # Errors
    /// [`EventError`] when this program cannot read them. They are never half read.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EventError> {
        let Some(&schema) = bytes.first() else {
            return Err(EventError::Malformed);
        };
        if schema != EVENT_SCHEMA {
            return Err(EventError::UnknownSchema(schema));
        }
        let bytes: &[u8; EVENT_BYTES] = bytes.try_into().map_err(|_| EventError::Malformed)?;
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        Ok(Self {
            progress: Progress {
                key: LessonKey::new(number(1), number(9)),
                version: Version(number(17)),
                steps_done: u32::from_le_bytes(std::array::from_fn(|i| bytes[25 + i])),
                completed: match bytes[29] {
                    0 => false,
                    1 => true,
                    _ => return Err(EventError::Malformed),
                },
            },
            committed_at_ms: number(30),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: Event = Event {
        progress: Progress {
            key: LessonKey::new(1, u64::MAX),
            version: Version(3),
            steps_done: 12,
            completed: true,
        },
        committed_at_ms: 1_764_000_000_000,
    };

    #[test]
    fn an_event_is_what_its_bytes_say() {
        assert_eq!(Event::from_bytes(&EVENT.to_bytes()), Ok(EVENT));
    }

    #[test]
    fn bytes_of_another_schema_or_shape_are_refused() {
        let mut newer = EVENT.to_bytes();
        newer[0] = 2;
        assert_eq!(Event::from_bytes(&newer), Err(EventError::UnknownSchema(2)));
        let mut neither = EVENT.to_bytes();
        neither[29] = 2;
        let whole = EVENT.to_bytes();
        let longer = [&whole[..], &[0]].concat();
        for bytes in [&[][..], &whole[..EVENT_BYTES - 1], &longer, &neither] {
            assert_eq!(Event::from_bytes(bytes), Err(EventError::Malformed));
        }
    }
}
