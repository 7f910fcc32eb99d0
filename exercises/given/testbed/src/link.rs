//! A connection in memory that counts what crosses it.
//!
//! Counts are exact on every machine, where times are not: one batch is one crossing here, on a laptop
//! and on a busy build server. The benchmark measures what a crossing costs in time.

use bytes::{Buf, BytesMut};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// What has crossed in one direction so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Frames that have crossed whole.
    pub frames: usize,
    /// Bytes that have crossed.
    pub bytes: usize,
    /// Write calls that moved at least one byte. On a socket each would be a system call.
    pub writes: usize,
}

/// How a [`Link`] carries bytes.
#[derive(Clone, Copy, Debug)]
pub struct Carriage {
    /// How many bytes fit in each direction before a writer must wait.
    pub buffer_bytes: usize,
    /// The most bytes that one read delivers.
    pub read_bytes: usize,
    /// Whether what is written waits for a flush, as in a stream that encrypts or buffers.
    pub needs_flush: bool,
}

impl Default for Carriage {
    /// Large: 64 KiB in each direction, delivered in whatever pieces the reader asks for.
    fn default() -> Self {
        Self {
            buffer_bytes: 64 * 1024,
            read_bytes: usize::MAX,
            needs_flush: false,
        }
    }
}

/// Both ends of a connection.
pub struct Link {
    /// The end for the client.
    pub client: End,
    /// The end for the server.
    pub server: End,
    meters: [Arc<Mutex<Meter>>; 2],
}

impl Link {
    /// A large link: see [`Carriage::default`].
    #[must_use]
    pub fn new() -> Self {
        Self::with(Carriage::default())
    }

    /// A link that carries bytes as scripted.
    #[must_use]
    pub fn with(carriage: Carriage) -> Self {
        let (near, far) = tokio::io::duplex(carriage.buffer_bytes);
        let meters = [Arc::default(), Arc::default()];
        let end = |stream, meter: &Arc<Mutex<Meter>>| End {
            stream,
            meter: Arc::clone(meter),
            read_bytes: carriage.read_bytes,
            reads_past_the_end: 0,
            needs_flush: carriage.needs_flush,
            unflushed: BytesMut::new(),
        };
        Self {
            client: end(near, &meters[0]),
            server: end(far, &meters[1]),
            meters,
        }
    }

    /// The two ends, and a meter that counts while either of them exists.
    #[must_use]
    pub fn split(self) -> (End, End, Meters) {
        (self.client, self.server, Meters(self.meters))
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

/// What has crossed a link, in each direction.
pub struct Meters([Arc<Mutex<Meter>>; 2]);

impl Meters {
    /// From the client to the server.
    #[must_use]
    pub fn requests(&self) -> Counts {
        lock(&self.0[0]).counts
    }

    /// From the server to the client.
    #[must_use]
    pub fn replies(&self) -> Counts {
        lock(&self.0[1]).counts
    }
}

/// One end of a [`Link`].
pub struct End {
    stream: DuplexStream,
    meter: Arc<Mutex<Meter>>,
    read_bytes: usize,
    reads_past_the_end: usize,
    needs_flush: bool,
    unflushed: BytesMut,
}

/// How much a stream that needs a flush holds before it accepts no more.
const UNFLUSHED_BYTES: usize = 16 * 1024;

/// How often code may read past the end of its stream before the link calls that a spin. Once is how it
/// learns of the end; a few times more may be a matter of design.
const READS_PAST_THE_END: usize = 1000;

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let limit = self.read_bytes.min(buffer.remaining());
        let mut piece = ReadBuf::new(buffer.initialize_unfilled_to(limit));
        let polled = Pin::new(&mut self.stream).poll_read(context, &mut piece);
        let filled = piece.filled().len();
        buffer.advance(filled);
        if polled.is_ready() && filled == 0 && limit > 0 {
            self.reads_past_the_end += 1;
            assert!(
                self.reads_past_the_end <= READS_PAST_THE_END,
                "The stream had ended, and was read {READS_PAST_THE_END} times more. A read of zero \
                 bytes is the end, not a pause: this loop would spin for ever."
            );
        }
        polled
    }
}

impl AsyncWrite for End {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.needs_flush {
            if self.unflushed.len() >= UNFLUSHED_BYTES {
                std::task::ready!(self.as_mut().poll_flush(context))?;
            }
            self.unflushed.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            let mut meter = lock(&self.meter);
            meter.follow(&bytes[..written]);
            meter.counts.writes += usize::from(written > 0);
        }
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.needs_flush {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return self.poll_write(context, first.map_or(&[], |slice| &**slice));
        }
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        if let Poll::Ready(Ok(written)) = polled {
            let mut meter = lock(&self.meter);
            let mut left = written;
            for slice in slices {
                let part = left.min(slice.len());
                meter.follow(&slice[..part]);
                left -= part;
            }
            meter.counts.writes += usize::from(written > 0);
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        !self.needs_flush && self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let end = &mut *self;
        while !end.unflushed.is_empty() {
            let stream = Pin::new(&mut end.stream);
            let written = std::task::ready!(stream.poll_write(context, &end.unflushed))?;
            let mut meter = lock(&end.meter);
            meter.follow(&end.unflushed.split_to(written));
            meter.counts.writes += 1;
        }
        Pin::new(&mut end.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.as_mut().poll_flush(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Counts one direction, and follows its length prefixes to know where frames end.
#[derive(Default)]
struct Meter {
    counts: Counts,
    prefix: Vec<u8>,
    body_left: usize,
}

impl Meter {
    fn follow(&mut self, mut bytes: &[u8]) {
        self.counts.bytes += bytes.len();
        while !bytes.is_empty() {
            if self.body_left == 0 {
                self.prefix.push(bytes.get_u8());
                if let Ok(length) = <[u8; 4]>::try_from(self.prefix.as_slice()) {
                    self.prefix.clear();
                    self.body_left =
                        usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
                    if self.body_left == 0 {
                        self.counts.frames += 1;
                    }
                }
            } else {
                let step = self.body_left.min(bytes.len());
                bytes.advance(step);
                self.body_left -= step;
                if self.body_left == 0 {
                    self.counts.frames += 1;
                }
            }
        }
    }
}

fn lock(meter: &Mutex<Meter>) -> MutexGuard<'_, Meter> {
    meter
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
