//! What waits to be written, on either side of a connection.
//!
//! Frames gather here while the stream is busy, and leave in as few writes as it takes. The bound is
//! kept by whoever fills it: [`has_room`](Outbox::has_room) is a condition under which more is taken.

use crate::frame::{self, Frame, FrameError};
use bytes::BytesMut;
use std::io;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// How much may wait before no more is taken, 64 KiB: enough that a write is worth its system call,
/// and small compared with the largest frame.
const OUTBOX_BYTES: usize = 65_536;

#[derive(Default)]
pub(crate) struct Outbox {
    bytes: BytesMut,
    /// Whether something has been written since the last flush.
    unflushed: bool,
}

impl Outbox {
    pub fn has_room(&self) -> bool {
        self.bytes.len() < OUTBOX_BYTES
    }

    /// Whether everything has been written and flushed.
    pub fn is_done(&self) -> bool {
        self.bytes.is_empty() && !self.unflushed
    }

    /// Adds a frame; one that is too large is refused, and leaves nothing.
    pub fn put(&mut self, frame: &Frame) -> Result<(), FrameError> {
        frame::encode(frame, &mut self.bytes)
    }

    // ANCHOR: send
    /// Writes what the stream takes at once, and flushes when that was all.
    ///
    /// Cancel-safe: what has been written is gone from here, the rest stays, and a flush that was cut
    /// short is finished by the next call. `write_all` could promise none of that.
    pub async fn send(&mut self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        if !self.bytes.is_empty() {
            if stream.write_buf(&mut self.bytes).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.unflushed = true;
        }
        if self.bytes.is_empty() {
            stream.flush().await?;
            self.unflushed = false;
        }
        Ok(())
    }
    // ANCHOR_END: send
}
