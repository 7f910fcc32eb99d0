//! The wire: messages as bytes, and bytes as messages.
//!
//! A stream has no messages. It delivers bytes in order and in whatever pieces it likes: half a
//! frame, three frames and a bit, one byte. So every message says first how long it is:
//!
//! ```text
//!   0        4                 12     13
//!   +--------+-----------------+------+---------------
//!   | length | id              | kind | payload ...
//!   | u32    | u64             | u8   |
//!   +--------+-----------------+------+---------------
//!            |<-- length counts these bytes ---------->|
//! ```
//!
//! Integers are big-endian. The length comes from the other side, and so it is a claim and not a
//! fact: it is checked before anything is done with it, and memory follows the bytes that have
//! arrived, never the bytes that were announced.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;

/// Bytes of the length that every frame starts with.
pub const LENGTH_BYTES: usize = 4;

/// Bytes of id and kind, which every frame has: the smallest length that can be true.
pub const HEAD_BYTES: usize = 9;

/// The largest length that a frame may announce: 1 MiB. It bounds what one peer can make the other
/// hold, and is some fifty times what the platform's largest batch needs.
pub const MAX_LENGTH: usize = 1 << 20;

/// The most that one frame can carry.
pub const MAX_PAYLOAD_BYTES: usize = MAX_LENGTH - HEAD_BYTES;

// ANCHOR: types
/// Which call a frame belongs to. The client makes it, and never the same twice on a connection; the
/// server gives it back.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CallId(pub u64);

/// What a frame is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Kind {
    /// A client asks.
    Request = 0,
    /// The server answers.
    Reply = 1,
    /// The server says that it could not answer. The payload is empty.
    Failure = 2,
}

/// One message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// The call that this is a part of.
    pub id: CallId,
    /// Whether it asks, answers or gives up.
    pub kind: Kind,
    /// What it carries; this layer does not look inside.
    pub payload: Bytes,
}

/// Why bytes are not a frame, or a frame cannot become bytes. After the first of these a stream is
/// out of step, and nothing that follows on it can be believed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum FrameError {
    /// The announced length, or a payload to send, is beyond the limit.
    #[error("a frame of {length} bytes is beyond the limit of {MAX_LENGTH}")]
    TooLarge {
        /// What was announced, or what sending the payload would have to announce.
        length: usize,
    },
    /// The announced length has no room for id and kind.
    #[error("a frame of {length} bytes has no room for the {HEAD_BYTES} that every frame has")]
    TooShort {
        /// What was announced.
        length: usize,
    },
    /// The kind is none of [`Kind`].
    #[error("there is no frame of kind {kind}")]
    UnknownKind {
        /// What stood in its place.
        kind: u8,
    },
    /// The stream ended within a frame.
    #[error("the stream ended within a frame, {bytes} bytes into it")]
    Torn {
        /// How much of the frame had arrived.
        bytes: usize,
    },
}
// ANCHOR_END: types

impl TryFrom<u8> for Kind {
    type Error = FrameError;

    fn try_from(kind: u8) -> Result<Self, FrameError> {
        match kind {
            0 => Ok(Self::Request),
            1 => Ok(Self::Reply),
            2 => Ok(Self::Failure),
            kind => Err(FrameError::UnknownKind { kind }),
        }
    }
}

// ANCHOR: encode
/// Appends `frame` to `out`, length first.
///
/// # Errors
/// [`FrameError::TooLarge`] when the payload exceeds [`MAX_PAYLOAD_BYTES`]; `out` is then unchanged.
pub fn encode(frame: &Frame, out: &mut BytesMut) -> Result<(), FrameError> {
    let length = HEAD_BYTES + frame.payload.len();
    let announced = match u32::try_from(length) {
        Ok(announced) if length <= MAX_LENGTH => announced,
        _ => return Err(FrameError::TooLarge { length }),
    };
    out.put_u32(announced);
    out.put_u64(frame.id.0);
    out.put_u8(frame.kind as u8);
    out.put_slice(&frame.payload);
    Ok(())
}
// ANCHOR_END: encode

// ANCHOR: decode
/// Takes the first frame off the front of `received`, if all of it has arrived.
///
/// `Ok(None)` means that more bytes are needed; `received` is then unchanged.
///
/// The length is judged as soon as it is there, long before the frame is, and nothing is reserved
/// on its word: `received` grows with what the stream delivers, in its caller's hands. The
/// alternative, a state that remembers "length read, body due", saves looking at four bytes again
/// for each piece of a large frame, and costs a type that can be in a wrong state.
///
/// # Errors
/// [`FrameError::TooLarge`], [`FrameError::TooShort`] or [`FrameError::UnknownKind`].
pub fn decode(received: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    let Some(prefix) = received.first_chunk::<LENGTH_BYTES>() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
    if length > MAX_LENGTH {
        return Err(FrameError::TooLarge { length });
    }
    if length < HEAD_BYTES {
        return Err(FrameError::TooShort { length });
    }
    if received.len() < LENGTH_BYTES + length {
        return Ok(None);
    }
    received.advance(LENGTH_BYTES);
    let mut body = received.split_to(length);
    let id = CallId(body.get_u64());
    let kind = Kind::try_from(body.get_u8())?;
    Ok(Some(Frame {
        id,
        kind,
        payload: body.freeze(),
    }))
}
// ANCHOR_END: decode

// ANCHOR: finish
/// Judges what is left in `received` once the stream has ended and [`decode`] wants more.
///
/// # Errors
/// [`FrameError::Torn`] when the stream ended within a frame. Its end between two frames is how a
/// connection closes, and no error.
pub fn finish(received: &BytesMut) -> Result<(), FrameError> {
    match received.len() {
        0 => Ok(()),
        bytes => Err(FrameError::Torn { bytes }),
    }
}
// ANCHOR_END: finish
