//! The load: arrivals that do not wait for answers, a few keys that are asked for often, and one seed.

use crate::bounds;
use crate::browser::{Browser, End, Visit};
use crate::observer::Sums;
use crate::trace::scattered;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

/// The most arrivals a second that the slider offers.
pub const MAX_RATE: u64 = 400;

/// How many learners there are in the load.
const LEARNERS: u64 = 500;

/// How many points are kept to be drawn.
const MAX_POINTS: usize = 240;

/// How many latencies of one window are kept.
const MAX_LATENCIES: usize = 4096;

/// A seeded sequence of numbers.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(scattered(seed))
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        scattered(self.0)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    /// A number in `0.0..1.0`.
    pub fn share(&mut self) -> f64 {
        // 32 bits are exact in a float, and enough for a share.
        f64::from(u32::try_from(self.roll() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }

    /// A number from 1 to `most`, where the n-th comes about 1/n as often as the first (Zipf).
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    pub fn zipf(&mut self, most: u64) -> u64 {
        let rank = (most as f64).powf(self.share()).floor();
        (rank as u64).clamp(1, most)
    }

    /// The time to the next arrival at `rate` a second: exponential, as independent people arrive.
    pub fn gap(&mut self, rate: f64) -> Duration {
        let share = self.share().clamp(1e-6, 1.0 - 1e-6);
        Duration::from_secs_f64(-share.ln() / rate)
    }
}

/// One thing that somebody does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Act {
    /// Completes a lesson.
    Complete {
        /// Who.
        learner: u64,
        /// Which.
        lesson: u64,
    },
    /// Completes a lesson on two devices at once: one of them is refused.
    Race {
        /// Who.
        learner: u64,
        /// Which.
        lesson: u64,
    },
    /// Opens a lesson, and completes it after a while.
    Later {
        /// Who.
        learner: u64,
        /// Which.
        lesson: u64,
        /// After how long.
        wait: Duration,
    },
    /// Sends a command again after its answer, and then its key with another command.
    Again {
        /// Who.
        learner: u64,
        /// Which.
        lesson: u64,
    },
    /// Looks at all lessons.
    Progress(u64),
    /// Looks at a course.
    Course(u64),
    /// Looks at the dashboard.
    Dashboard,
    /// Publishes a course.
    Publish(u64),
}

impl Act {
    /// What somebody does next.
    pub fn next(dice: &mut Dice) -> Self {
        let learner = dice.zipf(LEARNERS);
        let lesson = dice.zipf(bounds::LESSONS);
        match dice.below(100) {
            0..13 => Self::Complete { learner, lesson },
            13..26 => Self::Later {
                learner,
                lesson,
                wait: Duration::from_millis(dice.below(20_000)),
            },
            26..28 => Self::Race { learner, lesson },
            28..30 => Self::Again { learner, lesson },
            30..65 => Self::Progress(learner),
            65..93 => Self::Course(1 + dice.below(crate::catalogue::COURSES)),
            93..99 => Self::Dashboard,
            _ => Self::Publish(1 + dice.below(crate::catalogue::COURSES)),
        }
    }

    /// Does it.
    pub async fn act(self, browser: &Browser, key: &str) -> Visit {
        match self {
            Self::Complete { learner, lesson } => browser.complete(learner, lesson, key).await,
            Self::Later {
                learner,
                lesson,
                wait,
            } => browser.complete_later(learner, lesson, wait, key).await,
            Self::Race { learner, lesson } => browser.race(learner, lesson, key).await,
            Self::Again { learner, lesson } => browser.again(learner, lesson, key).await,
            Self::Progress(learner) => browser.progress(learner).await,
            Self::Course(course) => browser.course_with_asset(course).await,
            Self::Dashboard => browser.dashboard().await,
            Self::Publish(course) => browser.publish(course).await,
        }
    }
}

/// The load, and its figures. Clones are the same.
#[derive(Clone)]
pub struct Load(Arc<Inner>);

struct Inner {
    rate: AtomicU64,
    seed: AtomicU64,
    window: Mutex<Window>,
    points: Mutex<VecDeque<Point>>,
    changed: tokio::sync::Notify,
}

#[derive(Default)]
struct Window {
    offered: u64,
    good: u64,
    bad: u64,
    latencies_us: Vec<u64>,
    reads: u64,
    loads: u64,
}

/// The figures of one second.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Point {
    /// Arrivals.
    pub offered: u64,
    /// Visits that ended as wanted.
    pub good: u64,
    /// Visits that did not.
    pub bad: u64,
    /// The median latency, in milliseconds.
    pub p50_ms: f64,
    /// The latency that one visit in a hundred exceeded.
    pub p99_ms: f64,
    /// The percentage of facts that came from the copy.
    pub hits_percent: f64,
    /// Events that some consumer still owes.
    pub backlog: u64,
    /// The age of the oldest of them, in milliseconds.
    pub lag_ms: u64,
}

impl Load {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Inner {
            rate: AtomicU64::new(0),
            seed: AtomicU64::new(seed),
            window: Mutex::default(),
            points: Mutex::default(),
            changed: tokio::sync::Notify::new(),
        }))
    }

    /// Arrivals a second; 0 is none. The arrivals start anew from `seed`.
    pub fn set(&self, rate: u64, seed: u64) {
        self.0.rate.store(rate.min(MAX_RATE), Ordering::Release);
        self.0.seed.store(seed, Ordering::Release);
        self.0.changed.notify_waiters();
    }

    /// Arrivals a second.
    pub fn rate(&self) -> u64 {
        self.0.rate.load(Ordering::Acquire)
    }

    /// The figures so far, oldest first.
    pub fn points(&self) -> Vec<Point> {
        lock(&self.0.points).iter().copied().collect()
    }

    /// Where the arrivals start from.
    pub(crate) fn seed(&self) -> u64 {
        self.0.seed.load(Ordering::Acquire)
    }

    /// Waits for the next [`set`](Self::set).
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.0.changed.notified()
    }

    /// Counts an arrival.
    pub(crate) fn arrived(&self) {
        lock(&self.0.window).offered += 1;
    }

    /// Counts one that found no room.
    pub(crate) fn turned_away(&self) {
        lock(&self.0.window).bad += 1;
    }

    /// Latency counts from when the visit was due, so that waiting to start counts too.
    pub(crate) fn done(&self, visit: &Visit, due: Instant) {
        let mut window = lock(&self.0.window);
        match visit.end {
            End::Done | End::Refused => window.good += 1,
            End::Failed | End::Unknown => window.bad += 1,
        }
        let micros = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
        if window.latencies_us.len() < MAX_LATENCIES {
            window.latencies_us.push(micros);
        }
    }

    /// Draws a point: of `reads` facts so far, `loads` were asked of the authority.
    #[expect(
        clippy::cast_precision_loss,
        reason = "they are drawn, not counted with"
    )]
    pub(crate) fn draw(&self, reads: u64, loads: u64, owed: Sums) {
        let mut window = lock(&self.0.window);
        let (new_reads, new_loads) = (reads - window.reads, loads - window.loads);
        let mut latencies = std::mem::take(&mut window.latencies_us);
        latencies.sort_unstable();
        let at = |share: f64| {
            let last = latencies.len().saturating_sub(1);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let place = (last as f64 * share).ceil() as usize;
            latencies.get(place).map_or(0.0, |us| *us as f64 / 1000.0)
        };
        let point = Point {
            offered: window.offered,
            good: window.good,
            bad: window.bad,
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            hits_percent: if new_reads == 0 {
                0.0
            } else {
                100.0 * (1.0 - (new_loads as f64 / new_reads as f64)).max(0.0)
            },
            backlog: owed.unfinished,
            lag_ms: owed.oldest_ms,
        };
        *window = Window {
            reads,
            loads,
            ..Window::default()
        };
        drop(window);
        let mut points = lock(&self.0.points);
        points.push_back(point);
        if points.len() > MAX_POINTS {
            points.pop_front();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
