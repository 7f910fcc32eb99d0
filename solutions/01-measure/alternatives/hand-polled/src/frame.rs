//! The wire: a length that is peeked at, and a frame that is copied out.

pub use ours::frame::{
    CallId, Frame, FrameError, HEAD_BYTES, Kind, LENGTH_BYTES, MAX_LENGTH, MAX_PAYLOAD_BYTES,
};

use bytes::{Buf, Bytes, BytesMut};

/// Head and payload, in two steps.
///
/// # Errors
/// [`FrameError::TooLarge`], as the lab says.
pub fn encode(frame: &Frame, out: &mut BytesMut) -> Result<(), FrameError> {
    let length = HEAD_BYTES + frame.payload.len();
    match u32::try_from(length) {
        Ok(announced) if length <= MAX_LENGTH => {
            let mut head = [0; LENGTH_BYTES + HEAD_BYTES];
            head[..4].copy_from_slice(&announced.to_be_bytes());
            head[4..12].copy_from_slice(&frame.id.0.to_be_bytes());
            head[12] = frame.kind as u8;
            out.extend_from_slice(&head);
            out.extend_from_slice(&frame.payload);
            Ok(())
        }
        _ => Err(FrameError::TooLarge { length }),
    }
}

/// Judges each part of the head as soon as it is there.
///
/// # Errors
/// As the lab says.
pub fn decode(received: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    if received.len() < LENGTH_BYTES {
        return Ok(None);
    }
    let length = (&received[..]).get_u32() as usize;
    if length > MAX_LENGTH {
        return Err(FrameError::TooLarge { length });
    }
    if length < HEAD_BYTES {
        return Err(FrameError::TooShort { length });
    }
    let kind = match received.get(12) {
        Some(kind) => Kind::try_from(*kind)?,
        None => return Ok(None),
    };
    if received.len() < LENGTH_BYTES + length {
        return Ok(None);
    }
    let whole = received.split_to(LENGTH_BYTES + length);
    Ok(Some(Frame {
        id: CallId((&whole[4..12]).get_u64()),
        kind,
        payload: Bytes::copy_from_slice(&whole[13..]),
    }))
}

/// Judges the end of the stream.
///
/// # Errors
/// [`FrameError::Torn`], as the lab says.
pub fn finish(received: &BytesMut) -> Result<(), FrameError> {
    let bytes = received.len();
    if bytes == 0 {
        Ok(())
    } else {
        Err(FrameError::Torn { bytes })
    }
}
