//! A table of who waits, shared under a lock, and a task for each direction.

use crate::frame::{self, CallId, Frame, Kind, MAX_PAYLOAD_BYTES};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::{Semaphore, mpsc, oneshot};

pub use ours::client::{CallError, MAX_IN_FLIGHT};

/// A connection to a server.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    frames: mpsc::Sender<Frame>,
    table: Arc<Table>,
    in_flight: AtomicUsize,
    next_id: AtomicU64,
}

/// The last client is gone, and with it every call.
impl Drop for Shared {
    fn drop(&mut self) {
        self.table.over.close();
    }
}

type Waiting = BTreeMap<u64, oneshot::Sender<Result<Bytes, CallError>>>;

/// Who waits for what; `None` once nothing more will come.
#[derive(Debug)]
struct Table {
    waiting: Mutex<Option<Waiting>>,
    places: Semaphore,
    /// Closed at the end, so that both tasks hear of it.
    over: Semaphore,
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, id: u64) -> Option<oneshot::Sender<Result<Bytes, CallError>>> {
        self.lock().as_mut().and_then(|all| all.remove(&id))
    }

    /// Nothing more will come. Who still waits sees its sender dropped.
    fn end(&self) {
        self.places.close();
        self.over.close();
        self.lock().take();
    }
}

/// A call's entry in the table, removed with its caller.
struct Entry<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.shared.table.lock().as_mut() {
            waiting.remove(&self.id);
        }
        self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Client {
    /// Takes over a connected stream.
    pub fn new<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (reader, writer) = tokio::io::split(stream);
        // Room for everybody who has a place: a smaller channel keeps its room for callers in line who may
        // never be polled to take it.
        let (frames, to_write) = mpsc::channel(MAX_IN_FLIGHT);
        let table = Arc::new(Table {
            waiting: Mutex::new(Some(BTreeMap::new())),
            places: Semaphore::new(MAX_IN_FLIGHT),
            over: Semaphore::new(0),
        });
        tokio::spawn(write(writer, to_write, Arc::clone(&table)));
        tokio::spawn(read(reader, Arc::clone(&table)));
        Self(Arc::new(Shared {
            frames,
            table,
            in_flight: AtomicUsize::new(0),
            next_id: AtomicU64::new(1),
        }))
    }

    /// Sends one request and waits for its reply.
    ///
    /// # Errors
    /// As the lab says.
    pub async fn call(&self, request: Bytes) -> Result<Bytes, CallError> {
        let shared = &*self.0;
        let bytes = request.len();
        if bytes > MAX_PAYLOAD_BYTES {
            return Err(CallError::TooLarge { bytes });
        }
        let place = shared.table.places.acquire().await;
        let _place = place.map_err(|_| CallError::NotSent)?;
        let id = shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        match shared.table.lock().as_mut() {
            Some(waiting) => waiting.insert(id, reply),
            None => return Err(CallError::NotSent),
        };
        shared.in_flight.fetch_add(1, Ordering::Relaxed);
        let _entry = Entry { shared, id };
        let frame = Frame {
            id: CallId(id),
            kind: Kind::Request,
            payload: request,
        };
        if shared.frames.send(frame).await.is_err() {
            return Err(CallError::NotSent);
        }
        answer.await.unwrap_or(Err(CallError::Unknown))
    }

    /// How many calls have a place.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::Relaxed)
    }
}

async fn write(
    writer: impl AsyncWrite + Unpin,
    mut frames: mpsc::Receiver<Frame>,
    table: Arc<Table>,
) {
    let mut writer = BufWriter::with_capacity(4096, writer);
    let mut bytes = BytesMut::new();
    let all = async {
        while let Some(frame) = frames.recv().await {
            bytes.clear();
            if frame::encode(&frame, &mut bytes).is_err()
                || writer.write_all(&bytes).await.is_err()
                || writer.flush().await.is_err()
            {
                return;
            }
        }
        let _ = writer.shutdown().await;
    };
    tokio::select! {
        () = all => {}
        _ = table.over.acquire() => {}
    }
    // Of what was never taken not a byte has left.
    frames.close();
    while let Ok(frame) = frames.try_recv() {
        if let Some(reply) = table.remove(frame.id.0) {
            let _ = reply.send(Err(CallError::NotSent));
        }
    }
    table.end();
}

async fn read(mut reader: impl AsyncRead + Unpin, table: Arc<Table>) {
    let mut inbox = BytesMut::with_capacity(512);
    let all = async {
        while let Ok(1..) = reader.read_buf(&mut inbox).await {
            loop {
                match frame::decode(&mut inbox) {
                    Ok(None) => break,
                    Ok(Some(frame)) if frame.kind != Kind::Request => answer(&table, frame),
                    _ => return,
                }
            }
        }
    };
    tokio::select! {
        () = all => {}
        _ = table.over.acquire() => {}
    }
    // The task that writes knows who was not sent, and tells all.
    table.places.close();
    table.over.close();
}

fn answer(table: &Table, frame: Frame) {
    if let Some(reply) = table.remove(frame.id.0) {
        let _ = reply.send(match frame.kind {
            Kind::Reply => Ok(frame.payload),
            _ => Err(CallError::Failed),
        });
    }
}
