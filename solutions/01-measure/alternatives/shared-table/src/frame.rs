//! The wire: a frame built apart, and read through a cursor.

pub use ours::frame::{
    CallId, Frame, FrameError, HEAD_BYTES, Kind, LENGTH_BYTES, MAX_LENGTH, MAX_PAYLOAD_BYTES,
};

use bytes::{Buf, BytesMut};

/// Builds the whole frame apart, and appends it in one piece.
///
/// # Errors
/// [`FrameError::TooLarge`], as the lab says.
pub fn encode(frame: &Frame, out: &mut BytesMut) -> Result<(), FrameError> {
    let length = frame.payload.len() + HEAD_BYTES;
    if length > MAX_LENGTH {
        return Err(FrameError::TooLarge { length });
    }
    let announced = u32::try_from(length).map_err(|_| FrameError::TooLarge { length })?;
    let bytes = [
        announced.to_be_bytes().as_slice(),
        frame.id.0.to_be_bytes().as_slice(),
        [frame.kind as u8].as_slice(),
        frame.payload.as_ref(),
    ]
    .concat();
    out.extend_from_slice(&bytes);
    Ok(())
}

/// Reads through a cursor, refuses an unknown kind before the frame is whole, and copies the payload
/// out, so that a small payload does not keep a large buffer alive.
///
/// # Errors
/// As the lab says.
pub fn decode(received: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    let mut cursor = received.as_ref();
    let Ok(length) = cursor.try_get_u32() else {
        return Ok(None);
    };
    let length = length as usize;
    match length {
        0..HEAD_BYTES => return Err(FrameError::TooShort { length }),
        HEAD_BYTES..=MAX_LENGTH => {}
        _ => return Err(FrameError::TooLarge { length }),
    }
    let (Ok(id), Ok(kind)) = (cursor.try_get_u64(), cursor.try_get_u8()) else {
        return Ok(None);
    };
    let kind = Kind::try_from(kind)?;
    let Some(payload) = cursor.get(..length - HEAD_BYTES) else {
        return Ok(None);
    };
    let frame = Frame {
        id: CallId(id),
        kind,
        payload: payload.to_vec().into(),
    };
    received.advance(LENGTH_BYTES + length);
    Ok(Some(frame))
}

/// Judges the end of the stream.
///
/// # Errors
/// [`FrameError::Torn`], as the lab says.
pub fn finish(received: &BytesMut) -> Result<(), FrameError> {
    if received.is_empty() {
        return Ok(());
    }
    Err(FrameError::Torn {
        bytes: received.len(),
    })
}
