//! What travels.
//!
//! A message is an envelope and a payload. The envelope says which change this is, so that a payload
//! which no program here can read still belongs to a key, and is recognised when it comes again.

use domain::{Event, EventError, EventId, LessonKey, Offset, Version};

/// The most bytes that a payload may have. An event has 38; the rest is room for later schemas.
pub const MAX_PAYLOAD_BYTES: usize = 4096;

/// The length of a message in bytes, without its payload.
const ENVELOPE_BYTES: usize = 24;

/// An event in transit, as bytes that may be of any schema.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Which change it is about.
    pub id: EventId,
    /// The event, as [`Event::to_bytes`] or a newer program writes it.
    pub payload: Vec<u8>,
}

/// A message at its place in the stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// The place.
    pub offset: Offset,
    /// The message.
    pub message: Message,
}

impl Message {
    /// The event inside.
    ///
    /// # Errors
    /// [`EventError`] when this program cannot read it, or when it is a different event from the one on
    /// the envelope. Trying again gives the same error.
    pub fn event(&self) -> Result<Event, EventError> {
        let event = Event::from_bytes(&self.payload)?;
        if event.id() == self.id {
            Ok(event)
        } else {
            Err(EventError::Malformed)
        }
    }

    /// The message as bytes, for a row or a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(ENVELOPE_BYTES + self.payload.len());
        let EventId { key, version } = self.id;
        for number in [key.learner.0, key.lesson.0, version.0] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.payload);
        bytes
    }

    /// Reads a message from bytes; `None` when they are too few for an envelope.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (envelope, payload) = bytes.split_at_checked(ENVELOPE_BYTES)?;
        let mut numbers = envelope.as_chunks::<8>().0.iter().copied();
        let mut number = || numbers.next().map(u64::from_le_bytes);
        Some(Self {
            id: EventId {
                key: LessonKey::new(number()?, number()?),
                version: Version(number()?),
            },
            payload: payload.to_vec(),
        })
    }
}

impl From<&Event> for Message {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id(),
            payload: event.to_bytes().to_vec(),
        }
    }
}
