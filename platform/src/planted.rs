//! Faults to plant: parts that are wrong in one way, in front of right ones.
//!
//! The observer is proven with them, as a grader is with mistakes: each has to be reported by its own row
//! and by no other. Some of them are what scenarios show.

use crate::bounds;
use crate::parts::{
    Authority, Cache, Command, Fact, Fut, Http, NoAnswer, NotStarted, NotWritten, Part, SessionId,
};
use crate::stage::{Assembly, Ground, Parts};
use crate::ways::Ways;
use bytes::Bytes;
use domain::{LessonKey, Progress, Version};
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The cache acknowledges commands itself, and the authority never hears of them.
    CacheAcknowledges,
    /// The authority answers before it has committed.
    AnswersBeforeCommit,
    /// The cache shows what is about to be written.
    CacheAhead,
    /// A fill that comes late replaces what is newer, and stays.
    LateFill,
    /// The cache forgets what it returned to a session.
    ReadsBack,
    /// The cache refuses to complete what it believes to be completed.
    CacheDecides,
    /// An unknown outcome is reported as a failure.
    UnknownAsFailed,
    /// The edge tries a command again by itself.
    EdgeRetries,
    /// The edge keeps answers by their address alone.
    EdgeShares,
    /// The edge keeps a course forever.
    EdgeForever,
    /// The edge serves one asset for another.
    EdgeMixes,
}

impl Fault {
    /// All.
    pub const ALL: [Self; 11] = [
        Self::CacheAcknowledges,
        Self::AnswersBeforeCommit,
        Self::CacheAhead,
        Self::LateFill,
        Self::ReadsBack,
        Self::CacheDecides,
        Self::UnknownAsFailed,
        Self::EdgeRetries,
        Self::EdgeShares,
        Self::EdgeForever,
        Self::EdgeMixes,
    ];
}

/// An assembly with a fault in it.
pub struct Planted<'a> {
    /// The right one.
    pub right: &'a dyn Assembly,
    /// The fault.
    pub fault: Fault,
}

impl Assembly for Planted<'_> {
    fn assemble(&self, ways: &Ways, ground: &Ground) -> Result<Parts, NotStarted> {
        let mut parts = self.right.assemble(ways, ground)?;
        match self.fault {
            Fault::CacheAcknowledges
            | Fault::CacheAhead
            | Fault::LateFill
            | Fault::ReadsBack
            | Fault::CacheDecides
            | Fault::UnknownAsFailed => {
                parts.cache = Arc::new(WrongCache {
                    right: parts.cache,
                    fault: self.fault,
                    notes: Mutex::default(),
                });
            }
            Fault::AnswersBeforeCommit => {
                parts.authority = Arc::new(Hasty {
                    right: parts.authority,
                    promised: Arc::default(),
                });
            }
            Fault::EdgeRetries | Fault::EdgeShares | Fault::EdgeForever | Fault::EdgeMixes => {
                parts.edge = Arc::new(WrongEdge {
                    right: parts.edge,
                    fault: self.fault,
                    kept: Mutex::default(),
                });
            }
        }
        Ok(parts)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct WrongCache {
    right: Arc<dyn Cache>,
    fault: Fault,
    notes: Mutex<HashMap<LessonKey, Note>>,
}

/// What is shown of a key: `None` for one that was not begun.
struct Shown(Option<Progress>);

/// What the wrong cache remembers of a key.
#[derive(Default)]
struct Note {
    /// The latest that was read.
    seen: Option<Progress>,
    /// What it was before the last write, and when that was.
    before: Option<(Instant, Option<Progress>)>,
    /// What is shown although nobody has decided it.
    ahead: Option<Progress>,
    /// To which sessions a write has been acknowledged.
    told: Vec<SessionId>,
}

impl WrongCache {
    /// What is served instead of what is right, if anything is.
    fn instead(&self, key: LessonKey, session: SessionId) -> Option<Shown> {
        let notes = lock(&self.notes);
        let note = notes.get(&key)?;
        match self.fault {
            Fault::CacheAhead => note.ahead.map(|ahead| Shown(Some(ahead))),
            // For somebody else than the one who was told: so it is old, and nobody's own.
            Fault::LateFill if !note.told.contains(&session) => {
                note.before.map(|(_, progress)| Shown(progress))
            }
            Fault::ReadsBack => note
                .before
                .filter(|(at, _)| at.elapsed() < bounds::CACHE_TTL / 2)
                .map(|(_, progress)| Shown(progress)),
            _ => None,
        }
    }
}

impl Part for WrongCache {
    fn stop(&self) -> Fut<'_, ()> {
        lock(&self.notes).clear();
        self.right.stop()
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        self.right.start()
    }
}

impl Cache for WrongCache {
    fn read(
        &self,
        key: LessonKey,
        session: SessionId,
    ) -> Fut<'_, Result<Option<Progress>, NoAnswer>> {
        Box::pin(async move {
            if let Some(Shown(wrong)) = self.instead(key, session) {
                return Ok(wrong);
            }
            let progress = self.right.read(key, session).await?;
            lock(&self.notes).entry(key).or_default().seen = progress;
            Ok(progress)
        })
    }

    fn write<'a>(
        &'a self,
        key: LessonKey,
        session: SessionId,
        write: Fut<'a, Result<Version, NotWritten>>,
    ) -> Fut<'a, Result<Version, NotWritten>> {
        Box::pin(async move {
            let seen = {
                let mut notes = lock(&self.notes);
                let note = notes.entry(key).or_default();
                let next = Version(note.seen.map_or(1, |seen| seen.version.0 + 1));
                note.ahead = Some(Progress {
                    key,
                    version: next,
                    steps_done: 5,
                    completed: true,
                });
                note.seen
            };
            match self.fault {
                Fault::CacheAcknowledges => {
                    return Ok(Version(seen.map_or(1, |seen| seen.version.0 + 1)));
                }
                Fault::CacheDecides if seen.is_some_and(|seen| seen.completed) => {
                    let current = seen.map(|seen| seen.version);
                    return Err(NotWritten::Stale { current });
                }
                _ => {}
            }
            let outcome = self.right.write(key, session, write).await;
            if outcome.is_ok() {
                let mut notes = lock(&self.notes);
                let note = notes.entry(key).or_default();
                note.ahead = None;
                note.before = Some((Instant::now(), seen));
                note.told.push(session);
            }
            match outcome {
                Err(NotWritten::Unknown) if self.fault == Fault::UnknownAsFailed => {
                    Err(NotWritten::NotDone)
                }
                outcome => outcome,
            }
        })
    }

    fn told(&self, key: LessonKey, session: SessionId, version: Version) {
        self.right.told(key, session, version);
    }

    fn entries(&self) -> u64 {
        self.right.entries()
    }
}

/// Promises first, and commits a moment later, if it is still there.
struct Hasty {
    right: Arc<dyn Authority>,
    promised: Arc<Mutex<HashMap<LessonKey, Fact>>>,
}

impl Part for Hasty {
    fn stop(&self) -> Fut<'_, ()> {
        lock(&self.promised).clear();
        self.right.stop()
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        self.right.start()
    }
}

impl Authority for Hasty {
    fn write(&self, command: Command) -> Fut<'_, Result<Version, NotWritten>> {
        Box::pin(async move {
            let current = self.read(command.key).await;
            let current = current.map_err(|_| NotWritten::NotDone)?;
            let current = current.map(|fact| fact.progress.version);
            // Only what it is sure of: a repetition, or a refusal, is left to the right one.
            if current != command.expected {
                return self.right.write(command).await;
            }
            let version = Version(current.map_or(1, |version| version.0 + 1));
            lock(&self.promised).insert(command.key, command.fact(version));
            let (right, promised) = (Arc::clone(&self.right), Arc::clone(&self.promised));
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(2)).await;
                let key = command.key;
                if lock(&promised).contains_key(&key) {
                    let _ = right.write(command).await;
                    lock(&promised).remove(&key);
                }
            });
            Ok(version)
        })
    }

    fn read(&self, key: LessonKey) -> Fut<'_, Result<Option<Fact>, NoAnswer>> {
        Box::pin(async move {
            let fact = self.right.read(key).await?;
            let promised = lock(&self.promised).get(&key).cloned();
            Ok(promised.or(fact))
        })
    }
}

/// An edge that is wrong, in front of one that is right.
struct WrongEdge {
    right: Arc<dyn crate::parts::Edge>,
    fault: Fault,
    kept: Mutex<HashMap<String, KeptAnswer>>,
}

/// An answer, and whose it was.
#[derive(Clone)]
struct KeptAnswer {
    answer: Response<Bytes>,
    who: Option<HeaderValue>,
}

impl WrongEdge {
    /// Whether it keeps the answer to this.
    fn keeps(&self, request: &Request<Bytes>) -> Option<String> {
        let path = request.uri().path();
        let keeps = request.method() == Method::GET
            && match self.fault {
                Fault::EdgeShares => path == "/me/progress",
                Fault::EdgeForever => path.starts_with("/courses/"),
                Fault::EdgeMixes => path.starts_with("/assets/"),
                _ => false,
            };
        // By one name for all assets: the query that told them apart was thought to be decoration.
        let name = if self.fault == Fault::EdgeMixes {
            "/assets/"
        } else {
            path
        };
        keeps.then(|| name.to_owned())
    }
}

impl Part for WrongEdge {
    fn stop(&self) -> Fut<'_, ()> {
        lock(&self.kept).clear();
        self.right.stop()
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        self.right.start()
    }
}

impl Http for WrongEdge {
    fn call(&self, request: Request<Bytes>) -> Fut<'_, Result<Response<Bytes>, NoAnswer>> {
        Box::pin(async move {
            let name = self.keeps(&request);
            let who = request.headers().get(AUTHORIZATION).cloned();
            let kept = name.as_ref();
            let kept = kept.and_then(|name| lock(&self.kept).get(name).cloned());
            if let Some(kept) = kept
                && (self.fault != Fault::EdgeShares || kept.who != who)
            {
                return Ok(kept.answer);
            }
            let again = request.clone();
            let answer = self.right.call(request).await?;
            if self.fault == Fault::EdgeRetries
                && again.method() == Method::POST
                && answer.status().is_server_error()
            {
                return self.right.call(again).await;
            }
            if let Some(name) = name.filter(|_| answer.status() == StatusCode::OK) {
                let kept = KeptAnswer {
                    answer: answer.clone(),
                    who,
                };
                lock(&self.kept).insert(name, kept);
            }
            Ok(answer)
        })
    }
}
