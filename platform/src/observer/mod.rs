//! The observer: it stands outside the code that it judges.
//!
//! It sees what a browser sees (requests and answers at the door), what the world sees (effects of
//! workers), and the truth, which it reads from the authority itself and never through a cache. At the
//! crossing to the authority it hears who asked and what was decided. From these it checks each promise
//! of the [board](Row), and keeps the few steps that led to a broken one.
//!
//! It judges by lower bounds: whatever it cannot know for sure (a commit whose answer was lost, a fact
//! while the authority is down) it leaves unjudged, or judges later. So an alarm is never a matter of luck.

mod ask;
mod memory;
mod rows;

pub use memory::Sums;
pub use rows::{Board, BoardRow, Row, Sometimes, SometimesRow, Standing, Step};

use crate::parts::{Authority, Command, NotWritten, Place, SessionId, Stream, View, Workers};
use crate::switch::{Switch, Switches};
use crate::trace::scattered;
use ask::{Ask, Told, ask, expected, field, identity, told, version_in, versions_in};
use bytes::Bytes;
use domain::{Event, EventId, LearnerId, LessonKey, Version};
use hyper::{Request, Response, StatusCode};
use memory::{Memory, Read, ms};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::time::Instant;

/// How long nothing may move while nothing is wrong and something is queued.
const STALL: std::time::Duration = std::time::Duration::from_secs(120);

/// The observer. Clones are the same one.
#[derive(Clone)]
pub struct Observer(Arc<Inner>);

struct Inner {
    memory: Mutex<Memory>,
    on: AtomicBool,
    switches: Switches,
    seed: u64,
    truth: OnceLock<Arc<dyn Authority>>,
}

/// A request that is under way.
pub(crate) struct Watch {
    observer: Observer,
    ask: Ask,
    who: Option<LearnerId>,
    session: SessionId,
    asked: Instant,
    open: bool,
}

/// A word that only `learner` may see, in each of their private answers.
pub fn nonce(seed: u64, learner: LearnerId) -> String {
    format!("{:016x}", scattered(seed ^ scattered(learner.0)))
}

impl Observer {
    pub(crate) fn new(epoch: Instant, switches: Switches, seed: u64) -> Self {
        Self(Arc::new(Inner {
            memory: Mutex::new(Memory::new(epoch)),
            on: AtomicBool::new(true),
            switches,
            seed,
            truth: OnceLock::new(),
        }))
    }

    /// Where the truth is read. Known once the parts stand.
    pub(crate) fn look_at(&self, truth: Arc<dyn Authority>) {
        let _ = self.0.truth.set(truth);
    }

    /// Switches it off, to measure what it costs, or on.
    pub fn set_on(&self, on: bool) {
        self.0.on.store(on, Ordering::Release);
    }

    fn on(&self) -> bool {
        self.0.on.load(Ordering::Acquire)
    }

    /// The state of every promise.
    pub fn board(&self) -> Board {
        let memory = self.lock();
        Board {
            rows: Row::ALL
                .into_iter()
                .map(|row| BoardRow {
                    id: row.id(),
                    says: row.says(),
                    place: row.place(),
                    standing: memory.standing(row).clone(),
                })
                .collect(),
            sometimes: Sometimes::ALL
                .into_iter()
                .map(|row| SometimesRow {
                    says: row.says(),
                    seen: memory.seen(row),
                })
                .collect(),
        }
    }

    /// The promises that are broken.
    pub fn broken(&self) -> Vec<Row> {
        let memory = self.lock();
        let broken = Row::ALL.into_iter();
        broken
            .filter(|row| memory.standing(*row).broken > 0)
            .collect()
    }

    /// The latest happenings, oldest first.
    pub fn tape(&self) -> Vec<Step> {
        self.lock().tape()
    }

    /// A number that two runs have in common if the same things happened at the same times.
    pub fn fingerprint(&self) -> u64 {
        self.lock().fingerprint()
    }

    /// Notes something on the tape.
    pub fn note(&self, what: impl Into<String>) {
        self.lock().note(what.into());
    }

    // At the door.

    pub(crate) fn asked(&self, request: &Request<Bytes>) -> Option<Watch> {
        if !self.on() {
            return None;
        }
        let ask = ask(request);
        let who = identity(request);
        let mut memory = self.lock();
        if let Ask::Complete {
            key,
            idempotency_key,
        } = &ask
        {
            memory.command_sent(idempotency_key, *key, expected(request));
        }
        memory.note(format!(
            "asked: {} {}",
            request.method(),
            request.uri().path()
        ));
        drop(memory);
        Some(Watch {
            observer: self.clone(),
            ask,
            session: SessionId::of(request.headers(), who.unwrap_or(LearnerId(0))),
            who,
            asked: Instant::now(),
            open: true,
        })
    }

    pub(crate) async fn answered(
        &self,
        mut watch: Watch,
        answer: Result<&Response<Bytes>, crate::parts::NoAnswer>,
    ) {
        watch.open = false;
        {
            let mut memory = self.lock();
            let status = answer.map(|answer| answer.status().as_u16());
            memory.note(match status {
                Ok(status) => format!("told: {status}"),
                Err(why) => format!("told nothing: {why}"),
            });
        }
        if let Ask::Complete {
            key,
            idempotency_key,
        } = &watch.ask
        {
            let told = match answer {
                Ok(answer) => told(Some(answer)),
                Err(crate::parts::NoAnswer::Lost) => Told::Unknown,
                Err(_) => Told::NotDone,
            };
            self.command_told(idempotency_key, *key, watch.session, told)
                .await;
            if let Ok(answer) = answer {
                self.check_identity(&watch, answer);
            }
            return;
        }
        let Ok(answer) = answer else { return };
        if answer.status() == StatusCode::OK
            && self.0.switches.get(Place::Api) == Switch::Stopped
            && !matches!(watch.ask, Ask::Other)
        {
            self.lock().saw(Sometimes::WithoutApi);
        }
        match &watch.ask {
            Ask::Private { .. } => {
                let own = self.check_identity(&watch, answer);
                if own && answer.status() == StatusCode::OK {
                    self.check_reads(&watch, answer).await;
                }
            }
            Ask::Course(course) if answer.status() == StatusCode::OK => {
                let mut memory = self.lock();
                if let Some(Version(version)) = version_in(answer) {
                    memory.course_read(*course, version, watch.asked);
                }
            }
            Ask::Asset(name) if answer.status() == StatusCode::OK => {
                let right = *name == crate::catalogue::name_of(answer.body());
                self.lock().check(Row::Edge, right, |memory| {
                    vec![memory.now(format!("{name} was served with another content"))]
                });
            }
            Ask::Dashboard if answer.status() == StatusCode::OK => {
                if let Ok(body) = serde_json::from_slice::<serde_json::Value>(answer.body()) {
                    let watermark = body.get("watermark").and_then(serde_json::Value::as_u64);
                    let stale = body.get("stale").and_then(serde_json::Value::as_bool);
                    if let (Some(watermark), Some(stale)) = (watermark, stale) {
                        self.lock().dashboard(watermark, stale, watch.asked);
                    }
                }
            }
            _ => {}
        }
    }

    /// The word in the answer is the asker's own.
    fn check_identity(&self, watch: &Watch, answer: &Response<Bytes>) -> bool {
        let Some(word) = field(answer, "for") else {
            return true;
        };
        let own = watch.who.map(|who| nonce(self.0.seed, who));
        let right = own.as_ref() == Some(&word);
        self.lock().check(Row::Private, right, |memory| {
            let who = watch
                .who
                .map_or("nobody".to_owned(), |who| format!("learner {}", who.0));
            vec![
                memory.at(watch.asked, format!("{who} asks for something private")),
                memory.now(format!("and gets the answer that carries the word {word}, which belongs to somebody else")),
            ]
        });
        right
    }

    async fn check_reads(&self, watch: &Watch, answer: &Response<Bytes>) {
        let Ask::Private { learner } = watch.ask else {
            return;
        };
        let Ok(body) = serde_json::from_slice::<serde_json::Value>(answer.body()) else {
            return;
        };
        if self.0.switches.get(Place::Cache) != Switch::Ok {
            self.lock().saw(Sometimes::WithoutCache);
        }
        for (lesson, version) in versions_in(&body) {
            let key = LessonKey::new(learner.0, lesson);
            // The truth is asked only where what is known does not settle it already.
            let ahead = version > self.lock().known(key);
            let truth = if ahead { self.truth(key).await } else { None };
            let read = Read {
                key,
                version,
                session: watch.session,
                asked: watch.asked,
            };
            self.lock().read(&read, ahead, truth);
        }
    }

    async fn command_told(
        &self,
        idempotency_key: &str,
        key: LessonKey,
        session: SessionId,
        told: Told,
    ) {
        let truth = match told {
            Told::Done(_) | Told::NotDone => self.truth(key).await,
            Told::Refused | Told::Unknown => None,
        };
        let mut memory = self.lock();
        match told {
            Told::Done(version) => {
                if self.0.switches.get(Place::Workers) != Switch::Ok {
                    memory.saw(Sometimes::WithoutWorkers);
                }
                if self.0.switches.get(Place::Cache) != Switch::Ok {
                    memory.saw(Sometimes::WithoutCache);
                }
                memory.told_done(idempotency_key, key, session, version.0, truth);
            }
            Told::Refused => memory.told_refused(idempotency_key),
            Told::NotDone => memory.told_not_done(idempotency_key, key, truth),
            Told::Unknown => memory.told_unknown(idempotency_key),
        }
    }

    // At the crossing to the authority.

    pub(crate) fn authority_asked(&self, command: &Command) {
        if self.on() {
            self.lock().authority_asked(&command.idempotency_key);
        }
    }

    pub(crate) fn authority_said(&self, command: &Command, said: &Result<Version, NotWritten>) {
        if self.on() {
            self.lock().authority_said(command, said);
        }
    }

    /// A course has been published: by an author, behind the edge.
    pub(crate) fn published(&self, course: u64, version: u64) {
        if self.on() {
            self.lock().course_published(course, version);
        }
    }

    // In the world.

    pub(crate) fn delivered(&self, consumer: &'static str, event: EventId) {
        if self.on() {
            self.lock().delivered(consumer, event);
        }
    }

    /// An effect took place in the world.
    pub async fn effect(&self, consumer: &'static str, event: Event) {
        if !self.on() {
            return;
        }
        let id = event.id();
        let unsure = id.version.0 > self.lock().known(id.key);
        let truth = if unsure {
            self.truth(id.key).await
        } else {
            None
        };
        let mut memory = self.lock();
        if unsure && truth.is_none() {
            memory.announced_later(consumer, id);
            memory.effect_early(consumer, id);
        } else if memory.announced(consumer, id, unsure, truth) {
            memory.effect(consumer, id);
        } else {
            memory.effect_early(consumer, id);
        }
    }

    /// A place has been switched.
    pub(crate) fn switched(&self, place: Place, switch: Switch) {
        let mut memory = self.lock();
        memory.note(format!("{place}: {}", switch.name()));
        memory.moved();
        if place == Place::Api {
            memory.api_switched(switch == Switch::Ok);
        }
        if place == Place::Authority {
            memory.authority_switched(switch != Switch::Stopped);
        }
        if place == Place::View {
            memory.view_restarted();
        }
    }

    /// The authority is up again: what was acknowledged has to be there.
    pub(crate) async fn authority_is_up(&self) {
        if !self.on() {
            return;
        }
        let acknowledged = self.lock().acknowledged();
        for key in acknowledged {
            let Some(truth) = self.truth(key).await else {
                continue;
            };
            self.lock().found_after_restart(key, truth);
        }
        let unconfirmed = self.lock().take_unconfirmed();
        for told in unconfirmed {
            if let Some(truth) = self.truth(told.key).await {
                self.lock().acknowledged_with(told, truth);
            }
        }
        let waiting = self.lock().take_unannounced();
        for (consumer, id) in waiting {
            let truth = self.truth(id.key).await;
            if truth.is_some() {
                self.lock().announced(consumer, id, true, truth);
            } else {
                self.lock().announced_later(consumer, id);
            }
        }
    }

    /// A regular look at what no request shows: accounts, the view, and commands reported as failed.
    pub(crate) async fn look(&self, stream: &dyn Stream, workers: &dyn Workers, view: &dyn View) {
        if !self.on() {
            return;
        }
        let failed = self.lock().failed();
        for (idempotency_key, key) in failed {
            let truth = self.truth(key).await;
            self.lock().still_not_done(&idempotency_key, key, truth);
        }
        let up = |place| self.0.switches.get(place) != Switch::Stopped;
        if up(Place::View) {
            let watermark = view.watermark();
            self.lock().watermark(watermark);
        }
        if !(up(Place::Authority) && up(Place::Stream) && up(Place::Workers)) {
            return;
        }
        // In this order: what was accepted before, then what waits before the stream, then what is in it.
        // An event that moves on meanwhile is counted twice rather than not at all.
        let accepted = self.lock().unfinished();
        let waiting = stream.waiting();
        let accounts = workers.accounts();
        let healthy = self.0.switches.all_ok();
        let mut memory = self.lock();
        for account in accounts {
            memory.account(&accepted, waiting, &account, healthy.then_some(STALL));
        }
    }

    /// How many events the stream had before the observer came, and who consumes them.
    pub(crate) fn starts_with(&self, events: u64, consumers: &[&'static str]) {
        self.lock().starts_with(events, consumers);
    }

    /// How many events each consumer still owes, and how many are dead or done.
    pub fn sums(&self) -> Sums {
        self.lock().sums()
    }

    async fn truth(&self, key: LessonKey) -> Option<u64> {
        let truth = self.0.truth.get()?;
        let fact = truth.read(key).await.ok()?;
        Some(fact.map_or(0, |fact| fact.progress.version.0))
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Whoever stops waiting does not know what came of it.
        if self.open
            && let Ask::Complete {
                idempotency_key, ..
            } = &self.ask
        {
            self.observer.lock().told_unknown(idempotency_key);
        }
    }
}

/// Milliseconds between two instants.
pub(crate) fn millis(from: Instant, to: Instant) -> u64 {
    ms(to.saturating_duration_since(from))
}
