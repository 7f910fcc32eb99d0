//! All handlers in the one task that serves.

use crate::frame::{self, Frame, FrameError, Kind, MAX_PAYLOAD_BYTES};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub use ours::server::{Handler, HandlerError, MAX_HANDLERS, ServeError};

/// Serves one connection until the client closes it.
///
/// # Errors
/// As the lab says.
pub async fn serve<S, H>(stream: S, handler: Arc<H>) -> Result<(), ServeError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Handler,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut running = FuturesUnordered::new();
    let (mut inbox, mut out) = (BytesMut::with_capacity(256 * 1024), BytesMut::new());
    let (mut open, mut dirty) = (true, false);
    loop {
        while running.len() < MAX_HANDLERS && out.len() < 48 * 1024 {
            let Some(request) = frame::decode(&mut inbox)? else {
                break;
            };
            if request.kind != Kind::Request {
                let kind = request.kind as u8;
                return Err(FrameError::UnknownKind { kind }.into());
            }
            running.push(answer(Arc::clone(&handler), request));
        }
        if !open && running.is_empty() && out.is_empty() && !dirty {
            frame::finish(&inbox)?;
            writer.shutdown().await?;
            return Ok(());
        }
        let reads = open && running.len() < MAX_HANDLERS && out.len() < 48 * 1024;
        if reads {
            inbox.reserve(256 * 1024);
        }
        tokio::select! {
            biased;
            Some(done) = running.next(), if out.len() < 48 * 1024 => frame::encode(&done, &mut out)?,
            written = write_or_flush(&mut writer, &out), if dirty || !out.is_empty() => {
                let written = written?;
                out.advance(written);
                // Nothing written means flushed.
                dirty = written > 0;
            }
            read = reader.read_buf(&mut inbox), if reads => open = read? > 0,
        }
    }
}

/// Writes some of `out`, or flushes if there is nothing to write; says how much was written.
async fn write_or_flush(
    writer: &mut (impl AsyncWrite + Unpin),
    out: &[u8],
) -> std::io::Result<usize> {
    if out.is_empty() {
        writer.flush().await?;
        return Ok(0);
    }
    match writer.write(out).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        written => Ok(written),
    }
}

async fn answer<H: Handler>(handler: Arc<H>, request: Frame) -> Frame {
    let id = request.id;
    let asked = request.payload;
    let outcome = AssertUnwindSafe(async { handler.handle(asked).await })
        .catch_unwind()
        .await;
    match outcome {
        Ok(Ok(payload)) if payload.len() <= MAX_PAYLOAD_BYTES => Frame {
            id,
            kind: Kind::Reply,
            payload,
        },
        _ => Frame {
            id,
            kind: Kind::Failure,
            payload: Bytes::new(),
        },
    }
}
