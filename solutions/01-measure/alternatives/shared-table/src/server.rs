//! A permit for each request, which travels with it until its reply has been written.

use crate::frame::{self, CallId, Frame, FrameError, Kind, MAX_PAYLOAD_BYTES};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

pub use ours::server::{Handler, HandlerError, MAX_HANDLERS, ServeError};

type Answer = (Frame, OwnedSemaphorePermit);

/// Serves one connection until the client closes it.
///
/// # Errors
/// As the lab says.
pub async fn serve<S, H>(stream: S, handler: Arc<H>) -> Result<(), ServeError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Handler,
{
    let (reader, writer) = tokio::io::split(stream);
    let (answers, to_write) = mpsc::channel(MAX_HANDLERS);
    // Both ends in this one future: whichever fails first ends the other, and dropping it all
    // drops the handlers with it.
    tokio::try_join!(read(reader, handler, answers), write(writer, to_write))?;
    Ok(())
}

async fn read<H: Handler>(
    mut reader: impl AsyncRead + Unpin,
    handler: Arc<H>,
    answers: mpsc::Sender<Answer>,
) -> Result<(), ServeError> {
    let permits = Arc::new(Semaphore::new(MAX_HANDLERS));
    let mut handlers = JoinSet::new();
    let mut inbox = BytesMut::new();
    loop {
        while let Some(frame) = frame::decode(&mut inbox)? {
            if frame.kind != Kind::Request {
                let kind = frame.kind as u8;
                return Err(FrameError::UnknownKind { kind }.into());
            }
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                return Ok(());
            };
            while handlers.try_join_next().is_some() {}
            let handler = Arc::clone(&handler);
            let due = Due {
                id: frame.id,
                answer: None,
                owed: Some((permit, answers.clone())),
            };
            handlers.spawn(due.settle(handler, frame.payload));
        }
        if reader.read_buf(&mut inbox).await? == 0 {
            break;
        }
    }
    drop(answers);
    while handlers.join_next().await.is_some() {}
    frame::finish(&inbox)?;
    Ok(())
}

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut answers: mpsc::Receiver<Answer>,
) -> Result<(), ServeError> {
    let mut outbox = BytesMut::new();
    while let Some((frame, permit)) = answers.recv().await {
        frame::encode(&frame, &mut outbox)?;
        writer.write_all_buf(&mut outbox).await?;
        writer.flush().await?;
        drop(permit);
    }
    writer.shutdown().await?;
    Ok(())
}

/// An answer that is owed to a client, and is sent when this is dropped: also by a panic.
struct Due {
    id: CallId,
    answer: Option<Bytes>,
    owed: Option<(OwnedSemaphorePermit, mpsc::Sender<Answer>)>,
}

impl Due {
    async fn settle<H: Handler>(mut self, handler: Arc<H>, request: Bytes) {
        self.answer = handler
            .handle(request)
            .await
            .ok()
            .filter(|answer| answer.len() <= MAX_PAYLOAD_BYTES);
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        let (kind, payload) = match self.answer.take() {
            Some(payload) => (Kind::Reply, payload),
            None => (Kind::Failure, Bytes::new()),
        };
        let frame = Frame {
            id: self.id,
            kind,
            payload,
        };
        if let Some((permit, answers)) = self.owed.take() {
            // There is room: the channel holds as many as there are permits.
            let _ = answers.try_send((frame, permit));
        }
    }
}
