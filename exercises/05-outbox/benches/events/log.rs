//! The stream, and the disk without one.

use std::time::Instant;

use domain::{Event, LessonKey, Progress, Version};
use ladder::append;
use ladder::child::{Probe, Seat};
use ladder::counted::Counted;
use outbox::message::Message;
use outbox::relay::Publish as _;
use outbox::stream::Stream;

/// An event, its envelope and its length, as the stream writes them.
const EVENT_BYTES: usize = 66;

/// `BATCH` events and a sync; a sample is the time per event.
pub fn append<const BATCH: u64>(seat: &Seat) -> Result<Probe, String> {
    append::synced(seat, BATCH, EVENT_BYTES)
}

/// The same with as many events as the place on the curve says.
pub fn append_many(seat: &Seat) -> Result<Probe, String> {
    append::synced(seat, seat.at, EVENT_BYTES)
}

/// `BATCH` events to the stream; a sample is the time per event.
pub fn publish<const BATCH: u64>(seat: &Seat) -> Result<Probe, String> {
    publishing(seat, BATCH)
}

/// The same with as many events as the place on the curve says.
pub fn publish_many(seat: &Seat) -> Result<Probe, String> {
    publishing(seat, seat.at)
}

fn publishing(seat: &Seat, batch: u64) -> Result<Probe, String> {
    let folder = seat.folder.clone();
    let messages: Vec<Message> = (0..batch).map(|at| Message::from(&event(at, 1))).collect();
    let open = move || -> Result<_, String> {
        let (backend, syncs) = Counted::new(&folder, "stream")?;
        let stream = Stream::open(backend).map_err(|error| error.to_string())?;
        Ok((stream, syncs))
    };
    // One batch that has to succeed, so that a stub which is not built yet is reported at once.
    open()?
        .0
        .publish(&messages)
        .map_err(|error| error.to_string())?;
    Ok(Box::new(move |mut slice| {
        // A new stream for each slice, because the raw file is emptied as well.
        let (stream, syncs) = open()?;
        let before = syncs.of_commits();
        let mut batches = 0;
        while slice.goes_on() {
            let start = Instant::now();
            stream
                .publish(&messages)
                .map_err(|error| error.to_string())?;
            slice.keep(start.elapsed(), batch);
            batches += 1;
        }
        slice.count("batches", batches);
        slice.count("syncs", syncs.of_commits() - before);
        Ok(slice)
    }))
}

/// The event of a lesson's version; eight lessons per learner.
pub const fn event(lesson: u64, version: u64) -> Event {
    Event {
        progress: Progress {
            key: LessonKey::new(1_000_000 + lesson / 8, lesson % 8),
            version: Version(version),
            steps_done: 7,
            completed: true,
        },
        committed_at_ms: 1_764_000_000_000,
    }
}
