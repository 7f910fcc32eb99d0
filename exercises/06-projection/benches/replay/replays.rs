//! Replaying, stepping and reading.

use std::collections::HashMap;
use std::hint::black_box;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::atomic::Ordering;
use std::time::Instant;

use domain::LessonId;
use ladder::child::{Probe, Seat};
use projection::dashboard::{Dashboard, TooOld};
use projection::log::Body;
use projection::plan::{Counting, Plan, PlanVersion, Subject};
use projection::projector::Settings;
use projection::rebuild::rebuild;
use projection::shelf::Shelf;
use tokio::runtime::Runtime;

use crate::log::{Events, Kept};

/// How many events the rungs use.
pub const EVENTS: u64 = 10_000;

/// Room for events that arrive during the measurement.
const ROOM: u64 = 3_000_000;

pub const PLAN: Plan = Plan {
    version: PlanVersion(1),
    counting: Counting::Completed,
};

/// Reads of 512 events, and a checkpoint after the given number of records.
pub fn settings(checkpoint_every: u64) -> Settings {
    Settings {
        batch: NonZeroUsize::new(512).expect("a batch"),
        checkpoint_every: NonZeroU64::new(checkpoint_every).unwrap_or(NonZeroU64::MAX),
    }
}

/// Never saves a checkpoint.
pub fn without_checkpoints() -> Settings {
    settings(u64::MAX)
}

/// A runtime with one thread, the current one.
pub fn runtime() -> Result<Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| error.to_string())
}

/// The same events, only added up.
#[expect(
    clippy::unnecessary_wraps,
    reason = "setting up a rung's slices may fail"
)]
pub fn raw(_: &Seat) -> Result<Probe, String> {
    let log = Events::new(EVENTS, EVENTS);
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            let start = Instant::now();
            let mut rows = HashMap::<LessonId, (u64, u64)>::new();
            for recorded in log.all() {
                let Body::Event(event) = recorded.body else {
                    continue;
                };
                let row = rows.entry(event.progress.key.lesson).or_default();
                row.0 += u64::from(event.progress.completed);
                row.1 += u64::from(event.progress.steps_done);
            }
            black_box(rows);
            slice.keep(start.elapsed(), EVENTS);
        }
        Ok(slice)
    }))
}

/// A rebuild, with its one checkpoint; a sample is the time per event.
pub fn rebuilt(_: &Seat) -> Result<Probe, String> {
    rebuilds(EVENTS, EVENTS)
}

/// A whole rebuild; the place on the curve is the number of events.
pub fn by_length(seat: &Seat) -> Result<Probe, String> {
    rebuilds(seat.at, 1)
}

fn rebuilds(events: u64, times: u64) -> Result<Probe, String> {
    let log = Events::new(events, events);
    let store = Kept::in_memory();
    let runtime = runtime()?;
    let once = move || {
        let (log, store, shelf) = (log.clone(), store.clone(), Shelf::new());
        let start = Instant::now();
        let built = runtime.block_on(rebuild(PLAN, log, store, shelf, without_checkpoints()));
        let projector = built.map_err(|error| error.to_string())?;
        let took = start.elapsed();
        if projector.watermark().0 != events {
            return Err("the rebuild ended before the log did".to_owned());
        }
        Ok(took)
    };
    once()?;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            slice.keep(once()?, times);
        }
        Ok(slice)
    }))
}

/// This many events arrive, and one step applies them; a sample is the time per event.
pub fn live<const EVENTS_A_STEP: u64>(_: &Seat) -> Result<Probe, String> {
    let log = Events::new(ROOM, EVENTS);
    let store = Kept::in_memory();
    let (runtime, shelf) = (runtime()?, Shelf::new());
    let built = rebuild(PLAN, log.clone(), store, shelf, without_checkpoints());
    let mut projector = runtime.block_on(built).map_err(|error| error.to_string())?;
    let mut end = EVENTS;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() && end + EVENTS_A_STEP < ROOM {
            end += EVENTS_A_STEP;
            log.ends_at(end);
            let start = Instant::now();
            let step = runtime.block_on(projector.step());
            slice.keep(start.elapsed(), EVENTS_A_STEP);
            if step.map_err(|error| error.to_string())?.moved != EVENTS_A_STEP {
                return Err("a step did not apply the new events".to_owned());
            }
        }
        Ok(slice)
    }))
}

/// A read of one row.
pub fn read(_: &Seat) -> Result<Probe, String> {
    let log = Events::new(EVENTS, EVENTS);
    let store = Kept::in_memory();
    let (runtime, shelf) = (runtime()?, Shelf::new());
    let built = rebuild(
        PLAN,
        log.clone(),
        store,
        shelf.clone(),
        without_checkpoints(),
    );
    runtime.block_on(built).map_err(|error| error.to_string())?;
    let dashboard = Dashboard::new(log.clone(), shelf);
    let subject = Subject::Lesson(LessonId(7));
    Ok(Box::new(move |mut slice| {
        let before = log.ends.load(Ordering::Relaxed);
        let mut reads = 0;
        while slice.goes_on() {
            // Too short to time alone.
            let start = Instant::now();
            for _ in 0..100 {
                let answer = runtime.block_on(dashboard.read(0, TooOld::Refuse));
                let answer = answer.map_err(|error| error.to_string())?;
                black_box(answer.view.row(subject)).ok_or("a row is missing")?;
            }
            slice.keep(start.elapsed(), 100);
            reads += 100;
        }
        slice.count("reads", reads);
        let asked = log.ends.load(Ordering::Relaxed) - before;
        slice.count("ends asked for", asked);
        Ok(slice)
    }))
}
