//! Doubles of the parts, in memory: small enough to be seen to be right.
//!
//! The stage's own tests stand on them, and the observer is proven with them: a planted fault is one of
//! these with one line wrong. They keep nothing when the process ends, and are no one's solution.

use crate::bounds;
use crate::parts::{
    Account, Authority, Cache, Command, Dashboard, Fact, Fut, Http, NoAnswer, NotStarted,
    NotWritten, Part, SessionId, Stream, View, Workers,
};
use crate::ways::Ways;
use bytes::Bytes;
use domain::{Event, EventId, LessonId, LessonKey, Progress, Version};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Who acts on events.
pub const CONSUMERS: [&str; 3] = ["analytics", "email", "recommendations"];

/// Between two tries of something that failed.
const BACKOFF: Duration = Duration::from_millis(200);

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
        let progress = Progress {
            key: command.key,
            version,
            steps_done: command.steps_done,
            completed: true,
        };
        let note = command.note.clone();
        kept.facts.insert(command.key, Fact { progress, note });
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

/// A read-through cache without a bound to its size.
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

// Outbox, stream, workers and view.

/// A fault to plant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Leak {
    /// Every so many events, one is not published.
    Skips(u64),
    /// Every so many events, a consumer forgets that it has acted.
    Twice(u64),
    /// Every so many events, a consumer takes the next one first.
    Swaps(u64),
    /// The view goes back a step, every so many events.
    Back(u64),
    /// The view never says that it is late.
    NeverLate,
}

/// An outbox, a log, consumers with an inbox each, and a view, all in memory.
pub struct Pipe {
    ways: Ways,
    kept: Mutex<Kept>,
    news: Notify,
    running: Mutex<[Vec<JoinHandle<()>>; 3]>,
    leak: Option<Leak>,
}

#[derive(Default)]
struct Kept {
    outbox: VecDeque<Event>,
    log: Vec<Event>,
    committed: u64,
    consumers: [Inbox; 3],
    view: Derived,
}

#[derive(Default)]
struct Inbox {
    offset: usize,
    acted: HashSet<EventId>,
    handled: u64,
}

#[derive(Default)]
struct Derived {
    offset: usize,
    newest: HashMap<LessonKey, u64>,
    by_lesson: BTreeMap<LessonId, u64>,
    /// When the view last had everything there was.
    level_at: Option<Instant>,
}

impl Pipe {
    /// An empty one; its tasks run.
    pub fn new(ways: &Ways, leak: Option<Leak>) -> Arc<Self> {
        let pipe = Arc::new(Self {
            ways: ways.clone(),
            kept: Mutex::default(),
            news: Notify::new(),
            running: Mutex::default(),
            leak,
        });
        pipe.run_relay();
        pipe.run_workers();
        pipe.run_view();
        pipe
    }

    /// Commits the event of a change, in the same step as the change.
    pub fn commit(&self, progress: Progress) {
        let mut kept = lock(&self.kept);
        kept.committed += 1;
        kept.outbox.push_back(Event {
            progress,
            committed_at_ms: crate::observer::millis(self.ways.epoch, Instant::now()),
        });
        drop(kept);
        self.news.notify_waiters();
    }

    /// Publishes something that was never committed: a fault to plant.
    pub fn announce(&self, event: Event) {
        lock(&self.kept).log.push(event);
        self.news.notify_waiters();
    }

    fn every(&self, leak: impl Fn(u64) -> Leak, count: u64) -> bool {
        [3, 5, 7, 10, 20]
            .into_iter()
            .any(|n| self.leak == Some(leak(n)) && count.is_multiple_of(n))
    }

    /// Waits until there may be something new.
    async fn wait(&self) {
        // A notice that comes between a look and this wait is missed; so it never waits for long.
        let _ = tokio::time::timeout(BACKOFF, self.news.notified()).await;
    }

    fn run_relay(self: &Arc<Self>) {
        let pipe = Arc::clone(self);
        lock(&self.running)[0].push(tokio::spawn(async move {
            let mut count = 0;
            loop {
                let Some(event) = lock(&pipe.kept).outbox.front().copied() else {
                    pipe.wait().await;
                    continue;
                };
                let publish = async {
                    if !pipe.every(Leak::Skips, count) {
                        lock(&pipe.kept).log.push(event);
                    }
                    Ok::<(), NoAnswer>(())
                };
                if pipe.ways.publish(&[event.id()], publish).await.is_ok() {
                    lock(&pipe.kept).outbox.pop_front();
                    count += 1;
                    pipe.news.notify_waiters();
                } else {
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        }));
    }

    fn run_workers(self: &Arc<Self>) {
        for (number, consumer) in CONSUMERS.into_iter().enumerate() {
            let pipe = Arc::clone(self);
            lock(&self.running)[1].push(tokio::spawn(async move {
                loop {
                    let next = {
                        let kept = lock(&pipe.kept);
                        let mut at = kept.consumers[number].offset;
                        let key = |at: usize| kept.log.get(at).map(|event| event.progress.key);
                        if pipe.every(Leak::Swaps, at as u64 + 1)
                            && key(at + 1).is_some()
                            && key(at + 1) == key(at)
                        {
                            at += 1;
                        }
                        kept.log.get(at).copied()
                    };
                    let Some(event) = next else {
                        pipe.wait().await;
                        continue;
                    };
                    let handle = pipe.handle(number, consumer, event);
                    match pipe.ways.deliver(consumer, event, handle).await {
                        Ok(()) => pipe.advance(number),
                        Err(NoAnswer::Absent | NoAnswer::Lost | NoAnswer::Shed) => {
                            tokio::time::sleep(BACKOFF).await;
                        }
                    }
                }
            }));
        }
    }

    /// Acts on an event unless it has acted on it before.
    async fn handle(
        &self,
        number: usize,
        consumer: &'static str,
        event: Event,
    ) -> Result<(), NoAnswer> {
        let (new, handled) = {
            let inbox = &mut lock(&self.kept).consumers[number];
            inbox.handled += 1;
            (inbox.acted.insert(event.id()), inbox.handled)
        };
        if new {
            self.ways.effect(consumer, event).await;
            if self.every(Leak::Twice, handled) {
                self.ways.effect(consumer, event).await;
            }
        }
        Ok(())
    }

    /// Past what has been acted upon.
    fn advance(&self, number: usize) {
        let mut kept = lock(&self.kept);
        let Kept { log, consumers, .. } = &mut *kept;
        let inbox = &mut consumers[number];
        while log
            .get(inbox.offset)
            .is_some_and(|event| inbox.acted.contains(&event.id()))
        {
            inbox.offset += 1;
        }
    }

    fn run_view(self: &Arc<Self>) {
        let pipe = Arc::clone(self);
        lock(&self.running)[2].push(tokio::spawn(async move {
            loop {
                let next = {
                    let mut kept = lock(&pipe.kept);
                    let next = kept.log.get(kept.view.offset).copied();
                    if next.is_none() && kept.outbox.is_empty() {
                        kept.view.level_at = Some(Instant::now());
                    }
                    next
                };
                let Some(event) = next else {
                    pipe.wait().await;
                    continue;
                };
                let apply = async {
                    lock(&pipe.kept).view.apply(event);
                    Ok::<(), NoAnswer>(())
                };
                let applied = pipe.ways.derive(event, apply).await;
                if applied.is_err() {
                    tokio::time::sleep(BACKOFF).await;
                    continue;
                }
                let offset = pipe.step_view(1);
                if offset > 2 && pipe.every(Leak::Back, offset as u64) {
                    pipe.step_view(-2);
                    tokio::time::sleep(BACKOFF * 10).await;
                    pipe.step_view(2);
                }
            }
        }));
    }

    fn step_view(&self, by: isize) -> usize {
        let view = &mut lock(&self.kept).view;
        view.offset = view.offset.saturating_add_signed(by);
        view.offset
    }

    fn halt(&self, which: usize) {
        for task in lock(&self.running)[which].drain(..) {
            task.abort();
        }
    }
}

impl Derived {
    fn apply(&mut self, event: Event) {
        let key = event.progress.key;
        let newest = self.newest.entry(key).or_default();
        // Only the first version of a key is a lesson that was not completed before.
        if *newest == 0 {
            *self.by_lesson.entry(key.lesson).or_default() += 1;
        }
        *newest = event.progress.version.0.max(*newest);
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        for which in 0..3 {
            self.halt(which);
        }
    }
}

/// The outbox and the log of a [`Pipe`].
pub struct PipeStream(pub Arc<Pipe>);
/// The consumers of a [`Pipe`].
pub struct PipeWorkers(pub Arc<Pipe>);
/// The view of a [`Pipe`].
pub struct PipeView(pub Arc<Pipe>);

impl Part for PipeStream {
    fn stop(&self) -> Fut<'_, ()> {
        self.0.halt(0);
        Box::pin(async {})
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        self.0.run_relay();
        Box::pin(async { Ok(()) })
    }
}

impl Stream for PipeStream {
    fn waiting(&self) -> u64 {
        lock(&self.0.kept).outbox.len() as u64
    }

    fn published(&self) -> u64 {
        lock(&self.0.kept).log.len() as u64
    }
}

impl Part for PipeWorkers {
    fn stop(&self) -> Fut<'_, ()> {
        self.0.halt(1);
        Box::pin(async {})
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        self.0.run_workers();
        Box::pin(async { Ok(()) })
    }
}

impl Workers for PipeWorkers {
    fn accounts(&self) -> Vec<Account> {
        let kept = lock(&self.0.kept);
        let inboxes = CONSUMERS.into_iter().zip(&kept.consumers);
        inboxes
            .map(|(consumer, inbox)| Account {
                consumer,
                queued: (kept.log.len() - inbox.offset) as u64,
                ..Account::default()
            })
            .collect()
    }
}

impl Part for PipeView {
    fn stop(&self) -> Fut<'_, ()> {
        self.0.halt(2);
        Box::pin(async {})
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        self.0.run_view();
        Box::pin(async { Ok(()) })
    }
}

impl View for PipeView {
    fn look(&self) -> Fut<'_, Result<Dashboard, NoAnswer>> {
        Box::pin(async move {
            let kept = lock(&self.0.kept);
            let view = &kept.view;
            let behind = !kept.outbox.is_empty() || view.offset < kept.log.len();
            let since = view.level_at.unwrap_or(self.0.ways.epoch);
            let mut top: Vec<_> = view.by_lesson.iter().map(|(l, n)| (*l, *n)).collect();
            top.sort_by_key(|(lesson, count)| (u64::MAX - count, *lesson));
            top.truncate(5);
            Ok(Dashboard {
                watermark: view.offset as u64,
                completed: view.by_lesson.values().sum(),
                top,
                stale: self.0.leak != Some(Leak::NeverLate)
                    && behind
                    && since.elapsed() > bounds::VIEW_LAG,
            })
        })
    }

    fn rebuild(&self) -> Fut<'_, Result<(), NoAnswer>> {
        Box::pin(async move {
            let mut kept = lock(&self.0.kept);
            let mut anew = Derived::default();
            let upto = kept.view.offset;
            for event in &kept.log[..upto] {
                anew.apply(*event);
            }
            anew.offset = upto;
            anew.level_at = kept.view.level_at;
            kept.view = anew;
            Ok(())
        })
    }

    fn watermark(&self) -> u64 {
        lock(&self.0.kept).view.offset as u64
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
