//! A stream that fails, where a [`Link`](crate::Link) only ends.

use bytes::Bytes;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that works for a while and then stops; reading and writing each stop in their own way.
pub struct Broken {
    /// What can be read before that.
    pub delivers: Bytes,
    /// How reading ends then.
    pub reads: Then,
    /// How many bytes it accepts before that.
    pub takes_bytes: usize,
    /// How writing ends then.
    pub writes: Then,
}

/// What a stream does when it stops working.
#[derive(Clone, Copy)]
pub enum Then {
    /// Nothing happens, not even an end.
    Silence,
    /// It fails.
    Error,
    /// It has ended: nothing is read, and nothing is accepted.
    Nothing,
}

impl Default for Broken {
    /// Delivers nothing and stays silent; accepts everything that is written.
    fn default() -> Self {
        Self {
            delivers: Bytes::new(),
            reads: Then::Silence,
            takes_bytes: usize::MAX,
            writes: Then::Error,
        }
    }
}

impl Then {
    fn polled(self) -> Poll<io::Result<()>> {
        match self {
            Self::Silence => Poll::Pending,
            Self::Error => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            Self::Nothing => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let length = self.delivers.len().min(buffer.remaining());
        if length == 0 {
            return self.reads.polled();
        }
        buffer.put_slice(&self.delivers.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = bytes.len().min(self.takes_bytes);
        if taken == 0 {
            return self.writes.polled().map_ok(|()| 0);
        }
        self.takes_bytes -= taken;
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
