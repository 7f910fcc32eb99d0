//! The ways between the parts: what an assembly calls through, so that the stage can see a call, and
//! disturb it.

use crate::observer::Observer;
use crate::parts::{
    Authority, Command, Fact, Fut, Http, NoAnswer, NotStarted, NotWritten, Part, Place,
};
use crate::switch::Switches;
use crate::trace::{Context, TRACEPARENT, Traces};
use bytes::Bytes;
use domain::{Event, EventId, LessonKey, Version};
use hyper::{Request, Response};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::time::Instant;

/// The ways. Clones are the same.
#[derive(Clone)]
pub struct Ways {
    pub(crate) switches: Switches,
    pub(crate) traces: Traces,
    pub(crate) observer: Observer,
    pub(crate) meters: Arc<Meters>,
    origin: Arc<OnceLock<Arc<dyn Http>>>,
    pub(crate) epoch: Instant,
    pub(crate) seed: u64,
}

/// What is counted of each place.
#[derive(Default)]
pub(crate) struct Meters([Meter; 7]);

/// What is counted of one place.
#[derive(Default)]
pub(crate) struct Meter {
    pub(crate) calls: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) last_us: AtomicU64,
    /// Of those calls, the ones that only looked.
    pub(crate) reads: AtomicU64,
}

impl Meters {
    pub(crate) fn of(&self, place: Place) -> &Meter {
        &self.0[place.index()]
    }

    pub(crate) fn count(&self, place: Place, began: Instant, failed: bool) {
        let meter = self.of(place);
        meter.calls.fetch_add(1, Ordering::Relaxed);
        if failed {
            meter.failures.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        meter.last_us.store(micros, Ordering::Relaxed);
    }
}

impl Ways {
    pub(crate) fn new(seed: u64) -> Self {
        let epoch = Instant::now();
        let switches = Switches::default();
        Self {
            traces: Traces::new(epoch),
            observer: Observer::new(epoch, switches.clone(), seed),
            meters: Arc::default(),
            origin: Arc::default(),
            switches,
            epoch,
            seed,
        }
    }

    /// The seed of everything that is left to chance.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The way to `authority`, as a part that can be handed on.
    pub fn to_authority(&self, authority: Arc<dyn Authority>) -> Arc<dyn Authority> {
        Arc::new(ToAuthority {
            ways: self.clone(),
            authority,
        })
    }

    /// The way from the edge to the API.
    pub fn to_origin(&self) -> Arc<dyn Http> {
        Arc::new(ToOrigin(self.clone()))
    }

    /// How long whoever calls `place` by a plain function has to wait before, as its switch says.
    pub async fn patience(&self, place: Place) {
        self.switches.patience(place).await;
    }

    /// Publishes the events `ids` to the stream: the answer of `publish` is the acknowledgement that the
    /// outbox waits for. Where the switch lets none through, it is what `no_answer` makes of it.
    ///
    /// # Errors
    /// As `publish`, or what `no_answer` says.
    pub fn publish<T, E>(
        &self,
        ids: &[EventId],
        publish: impl FnOnce() -> Result<T, E>,
        no_answer: impl FnOnce(NoAnswer) -> E,
    ) -> Result<T, E> {
        let began = Instant::now();
        let reaches = self.switches.get(Place::Stream).lets_through();
        let out = self.switches.cross_now(Place::Stream, publish, no_answer);
        self.meters.count(Place::Stream, began, out.is_err());
        let note = if out.is_ok() {
            "published"
        } else {
            "no answer"
        };
        for id in ids {
            if reaches {
                self.observer.delivered("stream", *id);
            }
            self.traces
                .later(*id, Place::Stream, "relay publishes", began, note);
        }
        out
    }

    /// Hands the stream's next record to a worker: `handle` is what the worker does.
    ///
    /// # Errors
    /// As `handle`, or what `no_answer` says.
    pub fn deliver<T, E>(
        &self,
        handle: impl FnOnce() -> Result<T, E>,
        no_answer: impl FnOnce(NoAnswer) -> E,
    ) -> Result<T, E> {
        self.switches.cross_now(Place::Workers, handle, no_answer)
    }

    /// `consumer` has acted on `event`, and that is durable: mail goes out, a figure has moved. Called
    /// once for each.
    pub async fn effect(&self, consumer: &'static str, event: Event, began: Instant) {
        self.meters.count(Place::Workers, began, false);
        self.traces
            .later(event.id(), Place::Workers, consumer, began, "done");
        self.observer.effect(consumer, event).await;
    }

    /// Moves the view on.
    ///
    /// # Errors
    /// As `step`, or [`NoAnswer`] when the switch of the view lets no answer through.
    pub async fn derive<T, E: From<NoAnswer>>(
        &self,
        step: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.switches.cross(Place::View, step).await
    }

    /// `event` has become part of the view.
    pub fn derived(&self, event: EventId, began: Instant) {
        self.meters.count(Place::View, began, false);
        self.traces
            .later(event, Place::View, "dashboard", began, "derived");
    }

    /// How many facts the authority was asked for.
    pub(crate) fn authority_reads(&self) -> u64 {
        self.meters
            .of(Place::Authority)
            .reads
            .load(Ordering::Relaxed)
    }

    pub(crate) fn set_origin(&self, origin: Arc<dyn Http>) {
        let _ = self.origin.set(origin);
    }

    /// Calls `place` as a step of the current trace.
    pub(crate) async fn call<T, E: From<NoAnswer>>(
        &self,
        place: Place,
        name: impl FnOnce() -> String,
        call: impl Future<Output = Result<T, E>>,
        say: impl FnOnce(&Result<T, E>) -> String,
    ) -> Result<T, E> {
        let began = Instant::now();
        let crossing = self.switches.cross(place, call);
        let out = self.traces.step(place, name, crossing, say).await;
        self.meters.count(place, began, out.is_err());
        out
    }
}

struct ToAuthority {
    ways: Ways,
    authority: Arc<dyn Authority>,
}

impl Part for ToAuthority {
    fn stop(&self) -> Fut<'_, ()> {
        self.authority.stop()
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        self.authority.start()
    }
}

impl Authority for ToAuthority {
    fn write(&self, command: Command) -> Fut<'_, Result<Version, NotWritten>> {
        Box::pin(async move {
            let observer = &self.ways.observer;
            let write = async {
                observer.authority_asked(&command);
                let said = self.authority.write(command.clone()).await;
                observer.authority_said(&command, &said);
                if let Ok(version) = said {
                    let key = command.key;
                    self.ways.traces.caused(EventId { key, version });
                }
                said
            };
            self.ways
                .call(
                    Place::Authority,
                    || "decide, and sync".to_owned(),
                    write,
                    |said| match said {
                        Ok(version) => format!("version {}, durable", version.0),
                        Err(error) => error.to_string(),
                    },
                )
                .await
        })
    }

    fn read(&self, key: LessonKey) -> Fut<'_, Result<Option<Fact>, NoAnswer>> {
        let meter = self.ways.meters.of(Place::Authority);
        meter.reads.fetch_add(1, Ordering::Relaxed);
        Box::pin(self.ways.call(
            Place::Authority,
            move || format!("read lesson {}", key.lesson.0),
            self.authority.read(key),
            |fact| match fact {
                Ok(Some(fact)) => format!("version {}", fact.progress.version.0),
                Ok(None) => "not begun".to_owned(),
                Err(error) => error.to_string(),
            },
        ))
    }
}

struct ToOrigin(Ways);

impl Http for ToOrigin {
    fn call(&self, mut request: Request<Bytes>) -> Fut<'_, Result<Response<Bytes>, NoAnswer>> {
        Box::pin(async move {
            let ways = &self.0;
            // The edge may have handed the request to a task of its own.
            let context = Context::current().or_else(|| Context::of(request.headers()));
            let name = format!("{} {}", request.method(), request.uri().path());
            let ask = async {
                if let Some(context) = Context::current() {
                    request.headers_mut().insert(TRACEPARENT, context.header());
                }
                match ways.origin.get() {
                    Some(origin) => origin.call(request).await,
                    None => Err(NoAnswer::Absent),
                }
            };
            let call = ways.call(
                Place::Api,
                || name,
                ask,
                |answer| match answer {
                    Ok(answer) => format!(
                        "{}, {} bytes",
                        answer.status().as_u16(),
                        answer.body().len()
                    ),
                    Err(error) => error.to_string(),
                },
            );
            match context {
                Some(context) => context.scope(call).await,
                None => call.await,
            }
        })
    }
}
