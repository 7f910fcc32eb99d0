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

use bytes::{Bytes, BytesMut};
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

/// Appends `frame` to `out`, length first.
///
/// # Errors
/// [`FrameError::TooLarge`] when the payload exceeds [`MAX_PAYLOAD_BYTES`]; `out` is then unchanged.
///
/// Judged by `frames::a_frame_becomes_the_bytes_of_the_format` and
/// `frames::a_frame_at_the_limit_passes_and_one_byte_more_does_not`.
pub fn encode(frame: &Frame, out: &mut BytesMut) -> Result<(), FrameError> {
    let _ = (frame, out);
    todo!(
        "Encode a frame: refuse a payload beyond the limit, then append length, id, kind, payload."
    )
}

/// Takes the first frame off the front of `received`, if all of it has arrived.
///
/// `Ok(None)` means that more bytes are needed; `received` is then unchanged. Call it again with
/// more, in whatever pieces more comes.
///
/// The length is a claim of the other side. It is judged as soon as its four bytes are there, and
/// nothing is allocated on its word.
///
/// # Errors
/// [`FrameError::TooLarge`] or [`FrameError::TooShort`] as soon as the length is there;
/// [`FrameError::UnknownKind`] at the latest when the frame is.
///
/// Judged by the tests in `frames`, and first by `frames::frames_survive_every_chunking`.
pub fn decode(received: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    let _ = received;
    todo!("Decode a frame: judge the length first, wait for the rest, then take exactly one frame.")
}

/// Judges what is left in `received` once the stream has ended and [`decode`] wants more.
///
/// # Errors
/// [`FrameError::Torn`] when the stream ended within a frame. Its end between two frames is how a
/// connection closes, and no error.
///
/// Judged by `frames::a_stream_torn_at_any_byte_is_an_error`.
pub fn finish(received: &BytesMut) -> Result<(), FrameError> {
    let _ = received;
    todo!("Judge the end of the stream: was it between two frames, or within one?")
}
