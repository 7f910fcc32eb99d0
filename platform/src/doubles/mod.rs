//! Doubles of the parts, in memory: so small that one can see they are right.
//!
//! The stage's own tests stand on them, and the observer is proven with them: a planted fault is one of
//! these with one line wrong. They keep nothing when the process ends, and are no one's solution.

mod pipe;

pub use pipe::{Leak, Pipe, PipeStream, PipeView, PipeWorkers};

use crate::bounds;
use crate::parts::{
    Authority, Cache, Command, Fact, Fut, Http, NoAnswer, NotStarted, NotWritten, Part, SessionId,
};
use crate::stage::{Assembly, Ground, Parts};
use crate::ways::Ways;
use bytes::Bytes;
use domain::{LessonKey, Progress, Version};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Who acts on events.
pub const CONSUMERS: [&str; 3] = ["analytics", "email", "recommendations"];

/// The assembly of all doubles.
#[derive(Clone, Copy, Debug, Default)]
pub struct Doubles {
    /// A fault to plant.
    pub leak: Option<Leak>,
}

impl Assembly for Doubles {
    fn assemble(&self, ways: &Ways, _: &Ground) -> Result<Parts, NotStarted> {
        let pipe = Pipe::new(ways, self.leak);
        let authority = Arc::new(MemoryAuthority::new(Arc::clone(&pipe)));
        let way = ways.to_authority(authority.clone());
        Ok(Parts {
            authority,
            cache: Arc::new(MemoryCache::new(way)),
            stream: Arc::new(PipeStream(Arc::clone(&pipe))),
            workers: Arc::new(PipeWorkers(Arc::clone(&pipe))),
            view: Arc::new(PipeView(pipe)),
            edge: Arc::new(PassEdge(ways.to_origin())),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// The authority.

/// An authority in memory. What it "keeps" survives [`Part::stop`], as a disk would.
pub struct MemoryAuthority {
    kept: Mutex<Facts>,
    up: AtomicBool,
    events: Arc<Pipe>,
}

#[derive(Clone, Default)]
struct Facts {
    facts: HashMap<LessonKey, Fact>,
    replies: HashMap<String, (Command, Version)>,
}

impl MemoryAuthority {
    /// An empty one, whose events go into the outbox of `events`.
    pub fn new(events: Arc<Pipe>) -> Self {
        Self {
            kept: Mutex::default(),
            up: AtomicBool::new(true),
            events,
        }
    }

    fn decide(&self, command: &Command) -> Result<Version, NotWritten> {
        let mut kept = lock(&self.kept);
        if let Some((asked, version)) = kept.replies.get(&command.idempotency_key) {
            return if asked == command {
                Ok(*version)
            } else {
                Err(NotWritten::Conflict)
            };
        }
        let current = kept
            .facts
            .get(&command.key)
            .map(|fact| fact.progress.version);
        if current != command.expected {
            return Err(NotWritten::Stale { current });
        }
        let version = Version(current.map_or(1, |current| current.0 + 1));
        let fact = command.fact(version);
        let progress = fact.progress;
        kept.facts.insert(command.key, fact);
        let reply = (command.clone(), version);
        kept.replies.insert(command.idempotency_key.clone(), reply);
        // With the fact still locked: state and event are there together.
        self.events.commit(progress);
        Ok(version)
    }
}

impl Part for MemoryAuthority {
    fn stop(&self) -> Fut<'_, ()> {
        self.up.store(false, Ordering::Release);
        Box::pin(async {})
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        self.up.store(true, Ordering::Release);
        Box::pin(async { Ok(()) })
    }
}

impl Authority for MemoryAuthority {
    fn write(&self, command: Command) -> Fut<'_, Result<Version, NotWritten>> {
        Box::pin(async move {
            if !self.up.load(Ordering::Acquire) {
                return Err(NotWritten::NotDone);
            }
            self.events.announce_too_early(&command);
            // A sync takes its time.
            tokio::time::sleep(Duration::from_millis(2)).await;
            if !self.up.load(Ordering::Acquire) {
                return Err(NotWritten::NotDone);
            }
            self.decide(&command)
        })
    }

    fn read(&self, key: LessonKey) -> Fut<'_, Result<Option<Fact>, NoAnswer>> {
        Box::pin(async move {
            if !self.up.load(Ordering::Acquire) {
                return Err(NoAnswer::Absent);
            }
            Ok(lock(&self.kept).facts.get(&key).cloned())
        })
    }
}

// The cache.

/// A read-through cache of unbounded size.
pub struct MemoryCache {
    authority: Arc<dyn Authority>,
    copies: Mutex<Copies>,
}

#[derive(Default)]
struct Copies {
    entries: HashMap<LessonKey, (Instant, Option<Progress>)>,
    floors: HashMap<(SessionId, LessonKey), Version>,
    /// Changes with each write's end, so that a load from before is not kept.
    generation: HashMap<LessonKey, u64>,
    emptied: u64,
}

impl MemoryCache {
    /// An empty one in front of `authority`.
    pub fn new(authority: Arc<dyn Authority>) -> Self {
        Self {
            authority,
            copies: Mutex::default(),
        }
    }
}

impl Part for MemoryCache {
    fn stop(&self) -> Fut<'_, ()> {
        let mut copies = lock(&self.copies);
        copies.entries.clear();
        copies.emptied += 1;
        Box::pin(async {})
    }
}

impl Cache for MemoryCache {
    fn read(
        &self,
        key: LessonKey,
        session: SessionId,
    ) -> Fut<'_, Result<Option<Progress>, NoAnswer>> {
        Box::pin(async move {
            let began = Instant::now();
            let ticket = {
                let copies = lock(&self.copies);
                let floor = copies.floors.get(&(session, key)).copied();
                if let Some((loaded, copy)) = copies.entries.get(&key)
                    && began.saturating_duration_since(*loaded) <= bounds::CACHE_TTL
                    && copy.map(|copy| copy.version) >= floor
                {
                    return Ok(*copy);
                }
                (copies.generation.get(&key).copied(), copies.emptied)
            };
            let fact = self.authority.read(key).await?.map(|fact| fact.progress);
            let mut copies = lock(&self.copies);
            if ticket == (copies.generation.get(&key).copied(), copies.emptied) {
                copies.entries.insert(key, (began, fact));
            }
            Ok(fact)
        })
    }

    fn write<'a>(
        &'a self,
        key: LessonKey,
        session: SessionId,
        write: Fut<'a, Result<Version, NotWritten>>,
    ) -> Fut<'a, Result<Version, NotWritten>> {
        Box::pin(async move {
            let outcome = write.await;
            let mut copies = lock(&self.copies);
            copies.entries.remove(&key);
            *copies.generation.entry(key).or_default() += 1;
            if let Ok(version) = outcome {
                copies.floors.insert((session, key), version);
            }
            outcome
        })
    }

    fn told(&self, key: LessonKey, session: SessionId, version: Version) {
        lock(&self.copies).floors.insert((session, key), version);
    }

    fn entries(&self) -> u64 {
        lock(&self.copies).entries.len() as u64
    }
}

// The edge.

/// An edge that keeps nothing.
pub struct PassEdge(pub Arc<dyn Http>);

impl Part for PassEdge {}

impl Http for PassEdge {
    fn call(&self, request: Request<Bytes>) -> Fut<'_, Result<Response<Bytes>, NoAnswer>> {
        Box::pin(async move {
            match self.0.call(request).await {
                Ok(answer) => Ok(answer),
                // What the API did before it fell silent, nobody at the edge can know.
                Err(why) => Ok(bad_gateway(why)),
            }
        })
    }
}

/// What an edge answers when it got no answer.
pub fn bad_gateway(why: NoAnswer) -> Response<Bytes> {
    let (status, outcome) = match why {
        NoAnswer::Absent | NoAnswer::Shed => (StatusCode::SERVICE_UNAVAILABLE, "not-done"),
        NoAnswer::Lost => (StatusCode::GATEWAY_TIMEOUT, "unknown"),
    };
    let body = format!(
        "{{\"type\":\"/problems/no-origin\",\"status\":{},\"outcome\":\"{outcome}\",\"detail\":\"the API gave no answer\"}}",
        status.as_u16()
    );
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "application/problem+json"),
        (CACHE_CONTROL, "no-store"),
        (RETRY_AFTER, "1"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
