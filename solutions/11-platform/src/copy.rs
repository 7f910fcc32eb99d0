//! The cache in front of the authority: lab 4's, and the sessions of its readers.

use cache::cache::Cache;
use cache::session::Session;
use cache::settings::{ReadError, Settings};
use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress, Version};
use platform::bounds;
use platform::parts::{
    Authority, Cache as CachePart, Fut, NoAnswer, NotStarted, NotWritten, Part, SessionId,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many sessions are remembered. A session need not be remembered for longer than the staleness
/// bound, and one API process sees about this many in that time.
const MAX_SESSIONS: usize = 10_000;

/// The way to the authority, as the cache needs it.
struct ByTheWay(Arc<dyn Authority>);

impl Source for ByTheWay {
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        let fact = self.0.read(key).await.map_err(|_| SourceError)?;
        Ok(fact.map(|fact| fact.progress))
    }
}

/// Lab 4's cache, and the sessions.
pub(crate) struct Accelerator {
    cache: Cache<ByTheWay>,
    sessions: Mutex<HashMap<SessionId, Arc<Session>>>,
}

impl Accelerator {
    pub(crate) fn new(authority: Arc<dyn Authority>) -> Result<Self, NotStarted> {
        let settings = Settings {
            capacity_entries: bounds::CACHE_ENTRIES,
            ttl: bounds::CACHE_TTL,
            max_loads: bounds::CACHE_LOADS,
            max_waiting_loads: bounds::CACHE_WAITING,
        };
        let cache = Cache::new(ByTheWay(authority), settings);
        Ok(Self {
            cache: cache.map_err(|error| NotStarted(error.to_string()))?,
            sessions: Mutex::default(),
        })
    }

    /// A change that the authority has announced.
    pub(crate) fn changed(&self, key: LessonKey, version: Version) {
        self.cache.invalidate(key, version);
    }

    /// Changes were missed: anything may be old.
    pub(crate) fn missed(&self) {
        self.cache.clear();
    }

    fn session(&self, id: SessionId) -> Arc<Session> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MAX_SESSIONS && !sessions.contains_key(&id) {
            // Sessions that are reading now stay. Forgetting the others could let one of them read an
            // older version, so what they might read is forgotten as well.
            sessions.retain(|_, session| Arc::strong_count(session) > 1);
            self.cache.clear();
        }
        let new = || Arc::new(Session::new(bounds::CACHE_TTL));
        Arc::clone(sessions.entry(id).or_insert_with(new))
    }
}

impl Part for Accelerator {
    fn stop(&self) -> Fut<'_, ()> {
        self.cache.clear();
        Box::pin(async {})
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        self.cache.clear();
        Box::pin(async { Ok(()) })
    }
}

impl CachePart for Accelerator {
    fn read(
        &self,
        key: LessonKey,
        session: SessionId,
    ) -> Fut<'_, Result<Option<Progress>, NoAnswer>> {
        Box::pin(async move {
            let session = self.session(session);
            let read = self.cache.read(key, &session).await;
            read.map_err(|error| match error {
                ReadError::Shed => NoAnswer::Shed,
                ReadError::Unavailable | ReadError::Behind { .. } => NoAnswer::Absent,
            })
        })
    }

    fn write<'a>(
        &'a self,
        key: LessonKey,
        session: SessionId,
        write: Fut<'a, Result<Version, NotWritten>>,
    ) -> Fut<'a, Result<Version, NotWritten>> {
        Box::pin(async move {
            let session = self.session(session);
            self.cache.write(key, &session, write).await
        })
    }

    fn told(&self, key: LessonKey, session: SessionId, version: Version) {
        self.session(session).acknowledged(key, version);
    }

    fn entries(&self) -> u64 {
        self.cache.entries() as u64
    }
}
