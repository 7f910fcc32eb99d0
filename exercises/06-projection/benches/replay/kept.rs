//! Checkpoints: what they save, and what they cost.

use std::time::{Duration, Instant};

use ladder::child::{Probe, Seat};
use projection::projector::{Checkpoint, Projector, Settings};
use projection::rebuild::rebuild;
use projection::shelf::Shelf;
use tokio::runtime::Runtime;

use crate::log::{Events, Kept};
use crate::replays::{EVENTS, PLAN, runtime, settings, without_checkpoints};

/// A start from a checkpoint at the end of a log; the place on the curve is the number of events.
pub fn by_length(seat: &Seat) -> Result<Probe, String> {
    let log = Events::new(seat.at, seat.at);
    let (store, runtime) = (Kept::in_memory(), runtime()?);
    let built = rebuild(
        PLAN,
        log.clone(),
        store.clone(),
        Shelf::new(),
        without_checkpoints(),
    );
    runtime.block_on(built).map_err(|error| error.to_string())?;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            let begun = Instant::now();
            let shelf = Shelf::new();
            let projector = start(&runtime, &log, &store, &shelf, without_checkpoints())?;
            slice.keep(begun.elapsed(), 1);
            if projector.watermark().0 != seat_end(&log) {
                return Err("the checkpoint at the log's end was not used".to_owned());
            }
        }
        Ok(slice)
    }))
}

fn seat_end(log: &Events) -> u64 {
    log.all().len() as u64
}

/// The time that saving takes over 10,000 events.
pub fn saving(seat: &Seat) -> Result<Probe, String> {
    let log = Events::new(EVENTS, EVENTS);
    let (folder, runtime, every) = (seat.folder.clone(), runtime()?, seat.at);
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            let store = Kept::on_disk(&folder)?;
            // Steps of as many events as lie between two checkpoints: the time with saving, minus the
            // time without.
            let with = steps(&runtime, &log, &store, every, settings_of(every, every))?;
            let without = steps(&runtime, &log, &store, 0, settings_of(every, u64::MAX))?;
            slice.keep(with.saturating_sub(without).max(Duration::from_nanos(1)), 1);
        }
        Ok(slice)
    }))
}

/// The most that a restart replays: one event less than the distance of two checkpoints.
pub fn replaying(seat: &Seat) -> Result<Probe, String> {
    let log = Events::new(EVENTS + seat.at, EVENTS);
    let (store, runtime) = (Kept::in_memory(), runtime()?);
    let built = rebuild(
        PLAN,
        log.clone(),
        store.clone(),
        Shelf::new(),
        without_checkpoints(),
    );
    runtime.block_on(built).map_err(|error| error.to_string())?;
    log.ends_at(EVENTS + seat.at - 1);
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            let shelf = Shelf::new();
            let mut projector = start(&runtime, &log, &store, &shelf, without_checkpoints())?;
            let begun = Instant::now();
            runtime
                .block_on(projector.catch_up())
                .map_err(|error| error.to_string())?;
            slice.keep(begun.elapsed(), 1);
        }
        Ok(slice)
    }))
}

fn settings_of(batch: u64, every: u64) -> Settings {
    let batch = usize::try_from(batch).unwrap_or(usize::MAX);
    Settings {
        batch: batch.try_into().expect("a batch"),
        ..settings(every)
    }
}

/// Reads the whole log from 0; `saves` is the distance between checkpoints.
fn steps(
    runtime: &Runtime,
    log: &Events,
    store: &Kept,
    saves: u64,
    settings: Settings,
) -> Result<Duration, String> {
    let shelf = Shelf::new();
    let mut projector = Projector::anew(PLAN, log.clone(), store.clone(), shelf, settings);
    let begun = Instant::now();
    let mut times = 0;
    while projector.watermark().0 < EVENTS {
        let step = runtime.block_on(projector.step());
        let step = step.map_err(|error| error.to_string())?;
        times += u64::from(step.checkpoint == Checkpoint::Saved);
    }
    let took = begun.elapsed();
    if saves > 0 && times != EVENTS / saves {
        return Err(format!(
            "{times} checkpoints were saved, and {} were due",
            EVENTS / saves
        ));
    }
    Ok(took)
}

fn start(
    runtime: &Runtime,
    log: &Events,
    store: &Kept,
    shelf: &Shelf,
    settings: Settings,
) -> Result<Projector<Events, Kept>, String> {
    let started = Projector::start(PLAN, log.clone(), store.clone(), shelf.clone(), settings);
    runtime.block_on(started).map_err(|error| error.to_string())
}
