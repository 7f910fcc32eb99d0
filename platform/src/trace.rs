//! What one request did, hop by hop.
//!
//! Spans as `OpenTelemetry` has them, and W3C's `traceparent` in and out, so that another tool can carry
//! on. Which trace a piece of work belongs to travels with its task; over HTTP it travels in the header.

use crate::parts::Place;
use domain::EventId;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// How many traces are kept for somebody to look at.
const MAX_TRACES: usize = 256;

/// How many spans of one trace are kept: a page of forty lessons, asked one by one, and twice over.
const MAX_SPANS: usize = 120;

/// How many events are remembered with the trace that caused them.
const MAX_CAUSES: usize = 4096;

/// The header in which a trace travels.
pub const TRACEPARENT: &str = "traceparent";

tokio::task_local! {
    static CURRENT: Context;
}

/// Which trace, and which span of it, a piece of work belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Context {
    /// The trace.
    pub trace: u128,
    /// The span above.
    pub span: u64,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct Span {
    /// Where.
    pub place: Place,
    /// What was done.
    pub name: String,
    /// When it began, in microseconds since the platform did.
    pub start_us: u64,
    /// How long it took.
    pub took_us: u64,
    /// How deep it lies below the first.
    pub depth: u32,
    /// What came of it.
    pub note: String,
    /// Whether the request's own answer waited for it.
    pub later: bool,
}

/// The traces. Clones are the same.
#[derive(Clone, Debug)]
pub struct Traces {
    kept: Arc<Mutex<Kept>>,
    epoch: Instant,
    next: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Kept {
    by_id: HashMap<u128, Trace>,
    order: VecDeque<u128>,
    causes: HashMap<EventId, u128>,
    causes_order: VecDeque<EventId>,
}

#[derive(Debug, Default)]
struct Trace {
    spans: Vec<Span>,
    /// Depth by span id.
    depths: HashMap<u64, u32>,
}

impl Context {
    /// The one that `headers` carry, if they carry one.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(TRACEPARENT)?.to_str().ok()?;
        let mut fields = text.split('-');
        let (version, trace, span) = (fields.next()?, fields.next()?, fields.next()?);
        if version.len() != 2 || version == "ff" || trace.len() != 32 || span.len() != 16 {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok()?;
        let span = u64::from_str_radix(span, 16).ok()?;
        // All zeros is how the standard says "none".
        (trace != 0 && span != 0).then_some(Self { trace, span })
    }

    /// As a header.
    pub fn header(self) -> HeaderValue {
        let text = format!("00-{:032x}-{:016x}-01", self.trace, self.span);
        // Digits and dashes are a header always; an empty one would mean "none".
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// The one of the running task.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|context| *context).ok()
    }

    /// Runs `work` as part of it.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }
}

impl Traces {
    /// None yet, with `epoch` as their zero.
    pub fn new(epoch: Instant) -> Self {
        Self {
            kept: Arc::default(),
            epoch,
            next: Arc::new(AtomicU64::new(1)),
        }
    }

    /// Begins a trace.
    pub fn begin(&self) -> Context {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let trace = u128::from(scattered(number)) << 64 | u128::from(scattered(!number));
        Context {
            trace,
            span: scattered(number ^ 0x5555).max(1),
        }
    }

    /// Runs `work` as a step of the current trace, if there is one, and notes what `say` makes of it.
    pub async fn step<T>(
        &self,
        place: Place,
        name: impl FnOnce() -> String,
        work: impl Future<Output = T>,
        say: impl FnOnce(&T) -> String,
    ) -> T {
        let Some(above) = Context::current() else {
            return work.await;
        };
        let span = scattered(self.next.fetch_add(1, Ordering::Relaxed)).max(1);
        let here = Context { span, ..above };
        let start = Instant::now();
        self.open(here, above.span);
        let out = here.scope(work).await;
        let span = Span {
            place,
            name: name(),
            start_us: self.since(start),
            took_us: micros(start.elapsed()),
            depth: 0,
            note: say(&out),
            later: false,
        };
        self.close(here, span);
        out
    }

    /// Notes that `event` came of the current trace.
    pub(crate) fn caused(&self, event: EventId) {
        let Some(context) = Context::current() else {
            return;
        };
        let mut kept = self.lock();
        if kept.causes.insert(event, context.trace).is_none() {
            kept.causes_order.push_back(event);
            if kept.causes_order.len() > MAX_CAUSES
                && let Some(oldest) = kept.causes_order.pop_front()
            {
                kept.causes.remove(&oldest);
            }
        }
    }

    /// Notes what was done for `event`, after its request had been answered.
    pub(crate) fn later(
        &self,
        event: EventId,
        place: Place,
        name: &str,
        start: Instant,
        note: &str,
    ) {
        let mut kept = self.lock();
        let Some(&trace) = kept.causes.get(&event) else {
            return;
        };
        let span = Span {
            place,
            name: name.to_owned(),
            start_us: self.since(start),
            took_us: micros(start.elapsed()),
            depth: 1,
            note: note.to_owned(),
            later: true,
        };
        if let Some(trace) = kept.by_id.get_mut(&trace)
            && trace.spans.len() < MAX_SPANS
        {
            trace.spans.push(span);
        }
    }

    /// The steps of `trace`, by when they began.
    pub fn of(&self, trace: u128) -> Vec<Span> {
        let kept = self.lock();
        let mut spans = kept
            .by_id
            .get(&trace)
            .map(|trace| trace.spans.clone())
            .unwrap_or_default();
        spans.sort_by_key(|span| (span.start_us, span.depth));
        spans
    }

    fn open(&self, here: Context, above: u64) {
        let mut kept = self.lock();
        if !kept.by_id.contains_key(&here.trace) {
            kept.order.push_back(here.trace);
            if kept.order.len() > MAX_TRACES
                && let Some(oldest) = kept.order.pop_front()
            {
                kept.by_id.remove(&oldest);
            }
        }
        let trace = kept.by_id.entry(here.trace).or_default();
        if trace.depths.len() < MAX_SPANS {
            let depth = trace.depths.get(&above).map_or(0, |depth| depth + 1);
            trace.depths.insert(here.span, depth);
        }
    }

    fn close(&self, here: Context, mut span: Span) {
        let mut kept = self.lock();
        let Some(trace) = kept.by_id.get_mut(&here.trace) else {
            return;
        };
        span.depth = trace.depths.get(&here.span).copied().unwrap_or(1);
        if trace.spans.len() < MAX_SPANS {
            trace.spans.push(span);
        }
    }

    fn since(&self, at: Instant) -> u64 {
        micros(at.saturating_duration_since(self.epoch))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// One number to one other, spread over all there are (splitmix64): ids that do not look alike, and the
/// same ones in each run.
pub(crate) const fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
