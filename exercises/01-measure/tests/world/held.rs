//! What is still held: a stream that knows whether it was dropped.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream, and a sign of life of it.
pub struct Held<S> {
    stream: S,
    _alive: Arc<()>,
}

/// Whether a stream is still there.
pub struct Life(Weak<()>);

impl Life {
    /// Whether somebody still holds the stream.
    pub fn is_held(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// Watches `stream`.
pub fn held<S>(stream: S) -> (Held<S>, Life) {
    let alive = Arc::new(());
    let life = Life(Arc::downgrade(&alive));
    let held = Held {
        stream,
        _alive: alive,
    };
    (held, life)
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
