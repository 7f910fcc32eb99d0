//! How the other parts learn of changes: lab 5's relay and stream.

use crate::medium::{Medium, Steps, Trouble, lock, opened};
use crate::store::Store;
use domain::{EventId, Offset};
use outbox::message::{Message, Record};
use outbox::outbox::Outbox;
use outbox::relay::{Publish, Relay};
use outbox::stream::{FetchError, Log, PublishError, Stream};
use platform::parts::{Fut, NotStarted, Part, Place, Stream as StreamPart};
use platform::ways::Ways;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The longest wait for news before checking for some: a notice may have been missed.
const LOOK: Duration = Duration::from_millis(200);

/// The wait before the next try of something that failed.
const AGAIN: Duration = Duration::from_millis(500);

/// Lab 5's relay, and the stream that it publishes to. Clones are the same.
#[derive(Clone)]
pub(crate) struct News(Arc<Inner>);

struct Inner {
    ways: Ways,
    store: Arc<Store>,
    medium: Medium,
    stream: Mutex<Option<Stream>>,
    /// Where the stream ended, and how many events waited, as last known.
    end: AtomicU64,
    waiting: AtomicU64,
    published: Notify,
    relaying: Mutex<Option<JoinHandle<()>>>,
    steps: Steps,
}

impl News {
    pub(crate) fn open(ways: &Ways, store: Arc<Store>, medium: Medium) -> Result<Self, NotStarted> {
        let stream = open(&medium)?;
        let news = Self(Arc::new(Inner {
            ways: ways.clone(),
            store,
            medium,
            end: AtomicU64::new(stream.end().0),
            waiting: AtomicU64::new(0),
            stream: Mutex::new(Some(stream)),
            published: Notify::new(),
            relaying: Mutex::new(None),
            steps: Steps::default(),
        }));
        news.run();
        Ok(news)
    }

    /// Whether reading from it blocks.
    pub(crate) fn blocks(&self) -> bool {
        self.0.medium.blocks()
    }

    /// Waits until there may be something new.
    pub(crate) async fn wait(&self) {
        let _ = tokio::time::timeout(LOOK, self.0.published.notified()).await;
    }

    fn stream(&self) -> Option<Stream> {
        lock(&self.0.stream).clone()
    }

    fn run(&self) {
        let news = self.clone();
        *lock(&self.0.relaying) = Some(tokio::spawn(async move { news.relay().await }));
    }

    /// Publishes whatever waits, for ever.
    async fn relay(&self) {
        let inner = &self.0;
        loop {
            let outbox = inner.store.outbox().filter(|_| self.waiting() > 0);
            let (Some(outbox), Some(stream)) = (outbox, self.stream()) else {
                let _ = tokio::time::timeout(LOOK, inner.store.committed.notified()).await;
                continue;
            };
            inner.ways.patience(Place::Stream).await;
            let way = Way {
                ways: inner.ways.clone(),
                stream,
            };
            let steps = &inner.steps;
            let step = steps.run(self.blocks(), move || step(outbox, way));
            if step.await == Some(true) {
                inner.published.notify_waiters();
            } else {
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

fn step(outbox: Outbox, way: Way) -> bool {
    // It has no state, so each step may have a new one.
    let step = Relay::new(outbox, way).step();
    if let Err(error) = &step {
        tracing::debug!(%error, "a step of the relay failed");
    }
    step.is_ok()
}

fn open(medium: &Medium) -> Result<Stream, Trouble> {
    Stream::open(medium.backend()?).map_err(|error| medium.trouble(&error))
}

/// The way to the stream, under its switch.
struct Way {
    ways: Ways,
    stream: Stream,
}

impl Publish for Way {
    fn publish(&self, batch: &[Message]) -> Result<(), PublishError> {
        let ids: Vec<EventId> = batch.iter().map(|message| message.id).collect();
        let publish = || self.stream.publish(batch);
        self.ways
            .publish(&ids, publish, |why| PublishError::Disk(why.to_string()))
    }
}

impl Part for News {
    fn stop(&self) -> Fut<'_, ()> {
        Box::pin(async {
            let relaying = lock(&self.0.relaying).take();
            if let Some(relaying) = relaying {
                self.0.steps.ended(relaying).await;
            }
            drop(lock(&self.0.stream).take());
            self.0.medium.power_fails();
        })
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        Box::pin(async move {
            let stream = opened(|| open(&self.0.medium)).await?;
            *lock(&self.0.stream) = Some(stream);
            self.run();
            Ok(())
        })
    }
}

impl StreamPart for News {
    fn waiting(&self) -> u64 {
        let waiting = self
            .0
            .store
            .outbox()
            .and_then(|outbox| outbox.waiting().ok());
        if let Some(waiting) = waiting {
            self.0.waiting.store(waiting, Ordering::Release);
        }
        waiting.unwrap_or_else(|| self.0.waiting.load(Ordering::Acquire))
    }

    fn published(&self) -> u64 {
        self.end().0
    }
}

/// The log, as workers read it: after the stream was down they still have the same one.
impl Log for News {
    fn end(&self) -> Offset {
        if let Some(stream) = self.stream() {
            self.0.end.store(stream.end().0, Ordering::Release);
        }
        Offset(self.0.end.load(Ordering::Acquire))
    }

    fn fetch(&self, from: Offset, max: usize) -> Result<Vec<Record>, FetchError> {
        match self.stream() {
            Some(stream) => stream.fetch(from, max),
            None => Err(FetchError::Disk("the stream is down".to_owned())),
        }
    }
}

/// The log, as the view reads it.
impl projection::log::Log for News {
    async fn read(
        &self,
        from: Offset,
        at_most: usize,
    ) -> Result<Vec<projection::log::Recorded>, projection::log::LogError> {
        use projection::log::{Body, LogError, Recorded};
        let records = self.fetch(from, at_most).map_err(|error| match error {
            FetchError::BeyondEnd { end, .. } => LogError::Beyond { end },
            FetchError::Disk(_) => LogError::Unavailable,
        })?;
        let recorded = records.into_iter().map(|record| Recorded {
            offset: record.offset,
            body: match record.message.event() {
                Ok(event) => Body::Event(event),
                Err(_) => Body::Unreadable {
                    schema: record.message.payload.first().copied().unwrap_or(0),
                },
            },
        });
        Ok(recorded.collect())
    }

    async fn end(&self) -> Result<Offset, projection::log::LogError> {
        match self.stream() {
            Some(stream) => Ok(stream.end()),
            None => Err(projection::log::LogError::Unavailable),
        }
    }
}
