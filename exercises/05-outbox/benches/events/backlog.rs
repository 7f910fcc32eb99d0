//! A worker that gets its events at a rate, and how far behind it is.
//!
//! Arrivals are open-loop, like learners: they do not wait for a worker that is behind. The rate is a
//! share of what this worker can do on this machine, which is measured first.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Offset;
use ladder::child::{Probe, Seat};
use ladder::counted::Counted;
use outbox::effects::Analytics;
use outbox::inbox::Inbox;
use outbox::message::{Message, Record};
use outbox::stream::{FetchError, Log};
use outbox::worker::{Settings, Step, Worker};
use redb::Database;

use crate::log::event;

/// The most events in a run, at each rate.
const EVENTS: u64 = 600;

/// The longest that a run takes: on a slow disk it has fewer events.
const RUN: Duration = Duration::from_millis(1200);

/// How many events are settled to measure what the worker can do.
const TRIAL: u32 = 20;

/// A stream in memory: its cost is measured elsewhere.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<Record>>>);

impl Memory {
    fn add(&self) {
        let mut records = self.0.borrow_mut();
        let at = records.len() as u64;
        records.push(Record {
            offset: Offset(at),
            message: Message::from(&event(at % 1000, 1 + at / 1000)),
        });
    }
}

impl Log for Memory {
    fn end(&self) -> Offset {
        Offset(self.0.borrow().len() as u64)
    }

    fn fetch(&self, from: Offset, max: usize) -> Result<Vec<Record>, FetchError> {
        let records = self.0.borrow();
        let from = usize::try_from(from.0).unwrap_or(usize::MAX);
        Ok(records.iter().skip(from).take(max).cloned().collect())
    }
}

struct Bench {
    log: Memory,
    worker: Worker<Memory>,
}

impl Bench {
    fn new(seat: &Seat) -> Result<Self, String> {
        let (backend, _) = Counted::new(&seat.folder, "worker")?;
        let database = Database::builder()
            .create_with_backend(backend)
            .map_err(|error| error.to_string())?;
        let inbox = Inbox::open(Arc::new(database), "analytics").map_err(|e| e.to_string())?;
        let log = Memory::default();
        let settings = Settings {
            window: 8,
            ..Settings::default()
        };
        let worker = Worker::new(log.clone(), inbox, Box::new(Analytics), settings);
        Ok(Self { log, worker })
    }

    /// Settles one event that is waiting.
    fn settle(&mut self) -> Result<(), String> {
        match self.worker.step(Duration::ZERO) {
            Ok(Step::Settled(_)) => Ok(()),
            other => Err(format!("a worker with a waiting event returned {other:?}")),
        }
    }

    /// The time to settle one event.
    fn service(&mut self) -> Result<Duration, String> {
        let start = Instant::now();
        for _ in 0..TRIAL {
            self.log.add();
            self.settle()?;
        }
        Ok(start.elapsed() / TRIAL)
    }
}

/// A sample is the time that a worker takes to settle an event.
pub fn settle(seat: &Seat) -> Result<Probe, String> {
    let mut bench = Bench::new(seat)?;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            bench.log.add();
            let start = Instant::now();
            bench.settle()?;
            slice.keep(start.elapsed(), 1);
        }
        Ok(slice)
    }))
}

/// Events that arrive at this percentage of what the worker can do; a sample is the time from an event's
/// arrival until it is settled.
pub fn arrivals(seat: &Seat) -> Result<Probe, String> {
    let mut bench = Bench::new(seat)?;
    let percent = u32::try_from(seat.at).map_err(|error| error.to_string())?;
    let mut chance = 1;
    Ok(Box::new(move |mut slice| {
        let between = bench.service()? * 100 / percent;
        let start = Instant::now();
        let mut due = Duration::ZERO;
        let schedule: Vec<Duration> = (0..EVENTS)
            .map(|_| {
                due += between.mul_f64(exponential(&mut chance));
                due
            })
            .collect();
        let (mut arrived, mut settled) = (0, 0);
        let (mut found, mut looks, mut waited) = (0, 0, Duration::ZERO);
        let mut done = Duration::ZERO;
        while settled < schedule.len() {
            let now = start.elapsed();
            if now > RUN {
                break;
            }
            while schedule.get(arrived).is_some_and(|due| *due <= now) {
                bench.log.add();
                // An arrival counts the events that are there already, including one that has been
                // settled since.
                let in_hand = usize::from(schedule[arrived] < done);
                found += arrived - settled + in_hand;
                looks += 1;
                arrived += 1;
            }
            if arrived > settled {
                bench.settle()?;
                done = start.elapsed();
                let spent = done.saturating_sub(schedule[settled]);
                slice.keep_now(spent, 1);
                waited += spent;
                settled += 1;
            } else {
                std::hint::spin_loop();
            }
        }
        let us = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        slice.count("seen", found as u64);
        slice.count("looks", looks);
        slice.count("waited-us", us(waited));
        slice.count("took-us", us(start.elapsed()));
        Ok(slice)
    }))
}

/// The time to the next arrival, in units of the mean time between two: exponential, as chance has no
/// memory.
fn exponential(chance: &mut u64) -> f64 {
    *chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *chance;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    // 53 bits, and never zero.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let share = ((z >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    -share.ln()
}
