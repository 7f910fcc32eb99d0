//! Outbox, stream, workers and view, in memory.

use super::{CONSUMERS, lock};
use crate::bounds;
use crate::parts::{
    Account, Command, Dashboard, Fut, NoAnswer, NotStarted, Part, Place, Stream, View, Workers,
};
use crate::ways::Ways;
use domain::{Event, EventId, LessonId, LessonKey, Progress, Version};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Between two tries of something that failed.
const BACKOFF: Duration = Duration::from_millis(200);

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
    /// Events are published before they are committed, and whether or not they ever are.
    Announces,
}

/// An outbox, a log, consumers with an inbox each, and a view, all in memory.
pub struct Pipe {
    ways: Ways,
    kept: Mutex<Contents>,
    news: Notify,
    running: Mutex<[Vec<JoinHandle<()>>; 3]>,
    leak: Option<Leak>,
}

#[derive(Default)]
struct Contents {
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

    /// Publishes what has not been decided yet, if that is the fault.
    pub(super) fn announce_too_early(&self, command: &Command) {
        if self.leak != Some(Leak::Announces) {
            return;
        }
        let version = Version(command.expected.map_or(1, |version| version.0 + 1));
        lock(&self.kept).log.push(Event {
            progress: Progress {
                key: command.key,
                version,
                steps_done: command.steps_done,
                completed: true,
            },
            committed_at_ms: 0,
        });
        self.news.notify_waiters();
    }

    fn every(&self, leak: impl Fn(u64) -> Leak, count: u64) -> bool {
        [1, 3, 20]
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
                pipe.ways.patience(Place::Stream).await;
                let publish = || {
                    if !pipe.every(Leak::Skips, count) {
                        lock(&pipe.kept).log.push(event);
                    }
                    Ok(())
                };
                let published = pipe.ways.publish(&[event.id()], publish, |why| why);
                if published.is_ok() {
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
                        if pipe.every(Leak::Swaps, at as u64 + 1) {
                            at = Self::later_of_the_key(&kept, number).unwrap_or(at);
                        }
                        kept.log.get(at).copied()
                    };
                    let Some(event) = next else {
                        pipe.wait().await;
                        continue;
                    };
                    pipe.ways.patience(Place::Workers).await;
                    let began = Instant::now();
                    let mut acts = 0;
                    let handle = || {
                        acts = pipe.handle(number, event);
                        Ok(())
                    };
                    let handled = pipe.ways.deliver(handle, |why: NoAnswer| why);
                    for _ in 0..acts {
                        pipe.ways.effect(consumer, event, began).await;
                    }
                    match handled {
                        Ok(()) => pipe.advance(number),
                        Err(_) => tokio::time::sleep(BACKOFF).await,
                    }
                }
            }));
        }
    }

    /// Acts on an event unless it has acted on it before. Returns how often it acts.
    fn handle(&self, number: usize, event: Event) -> u32 {
        let inbox = &mut lock(&self.kept).consumers[number];
        inbox.handled += 1;
        let handled = inbox.handled;
        let new = inbox.acted.insert(event.id());
        match new {
            true if self.every(Leak::Twice, handled) => 2,
            true => 1,
            false => 0,
        }
    }

    /// Where the next event of the same key is, if it is near.
    fn later_of_the_key(kept: &Contents, number: usize) -> Option<usize> {
        let inbox = &kept.consumers[number];
        let next = kept.log.get(inbox.offset)?;
        let later = kept.log.iter().enumerate().skip(inbox.offset + 1).take(100);
        let mut alike = later.filter(|(_, event)| {
            event.progress.key == next.progress.key && event.id() != next.id()
        });
        let (at, event) = alike.next()?;
        (!inbox.acted.contains(&event.id())).then_some(at)
    }

    /// Past what has been acted upon.
    fn advance(&self, number: usize) {
        let mut kept = lock(&self.kept);
        let Contents { log, consumers, .. } = &mut *kept;
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
                let began = Instant::now();
                let applied = pipe.ways.derive(apply).await;
                if applied.is_err() {
                    tokio::time::sleep(BACKOFF).await;
                    continue;
                }
                pipe.ways.derived(event.id(), began);
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
