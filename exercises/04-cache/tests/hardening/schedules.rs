//! Any order of events, as far as one can be told in two dozen steps.
//!
//! Each case is a list of steps: reads that begin or are given up, loads that are let go or fail, writes
//! at the authority, notices of them that come late, twice or in the wrong order. What every read may
//! return follows from what had happened when it began, and from the authority's history alone.

use crate::world::authority::name;
use crate::world::{Reading, TTL, World, pass, roomy, session, settle};
use cache::session::Session;
use cache::settings::{ReadError, Settings};
use domain::{LessonKey, Version};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use testbed::{note, stories};
use tokio::time::Instant;

/// Something that happens. Where a step picks one of several, it is by number, round and round.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A read of one of two lessons begins, in a session of its own or in the one that all share.
    Read {
        lesson: u8,
        shared: bool,
    },
    /// A load that is parked ends, with a value or without.
    Release {
        which: u8,
    },
    Fail {
        which: u8,
    },
    /// The authority makes a new version of a lesson; its notice waits.
    Change {
        lesson: u8,
    },
    /// One of the notices reaches the cache. It may do so again.
    Notice {
        which: u8,
    },
    /// Everything is forgotten.
    Clear,
    /// A write through the cache, at once: acknowledged, failed or dropped.
    Write {
        lesson: u8,
        end: u8,
    },
    /// A reader leaves.
    GiveUp {
        which: u8,
    },
    /// Other lessons take the room.
    Evict,
    /// Time passes.
    Pass {
        seconds: u8,
    },
}

fn any_lesson() -> std::ops::Range<u8> {
    0..2
}

/// Without a word to the cache, only time makes it ask again.
fn without_notices() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (any_lesson(), any::<bool>()).prop_map(|(lesson, shared)| Step::Read { lesson, shared }),
        4 => any::<u8>().prop_map(|which| Step::Release { which }),
        1 => any::<u8>().prop_map(|which| Step::Fail { which }),
        4 => any_lesson().prop_map(|lesson| Step::Change { lesson }),
        1 => any::<u8>().prop_map(|which| Step::GiveUp { which }),
        1 => Just(Step::Evict),
        5 => (1..90_u8).prop_map(|seconds| Step::Pass { seconds }),
    ];
    prop::collection::vec(step, 1..24)
}

/// With notices, clearings and writes, and a bound so wide that only they count.
fn with_notices() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (any_lesson(), any::<bool>()).prop_map(|(lesson, shared)| Step::Read { lesson, shared }),
        5 => any::<u8>().prop_map(|which| Step::Release { which }),
        1 => any::<u8>().prop_map(|which| Step::Fail { which }),
        3 => any_lesson().prop_map(|lesson| Step::Change { lesson }),
        4 => any::<u8>().prop_map(|which| Step::Notice { which }),
        2 => Just(Step::Clear),
        2 => (any_lesson(), 0..3_u8).prop_map(|(lesson, end)| Step::Write { lesson, end }),
        1 => any::<u8>().prop_map(|which| Step::GiveUp { which }),
        2 => Just(Step::Evict),
    ];
    prop::collection::vec(step, 1..24)
}

/// **C1** Whatever happens in whatever order, a read returns what the authority held within the
/// staleness bound before it began, or since.
#[test]
fn no_order_of_events_makes_an_answer_older_than_the_bound() {
    stories(without_notices(), |steps| run(steps, TTL));
}

/// **C4** Whatever happens in whatever order, a read returns nothing from before the latest
/// invalidation, clearing or write that had ended when it began.
#[test]
fn no_order_of_events_brings_back_what_was_invalidated() {
    stories(with_notices(), |steps| {
        run(steps, Duration::from_secs(100 * 60 * 60))
    });
}

/// Why a read may not be below a version.
#[derive(Clone, Copy)]
enum Because {
    Bound,
    Told,
    Forgotten,
    Floor,
}

struct Run {
    world: World,
    ttl: Duration,
    shared: Arc<Session>,
    notices: Vec<(LessonKey, Version)>,
    reads: Vec<Expected>,
    failed: bool,
    /// For each lesson: the highest version that the cache was told of, and the one that the authority
    /// held when last the cache had to forget the lesson.
    told: [u64; 2],
    forgotten: [u64; 2],
}

/// A read on its way, and what it may not be below.
struct Expected {
    reading: Reading,
    key: LessonKey,
    least: u64,
    because: Because,
}

fn key(lesson: u8) -> LessonKey {
    LessonKey::new(1, 1 + u64::from(lesson))
}

async fn run(steps: Vec<Step>, ttl: Duration) {
    let world = World::new(Settings {
        capacity_entries: 2,
        ttl,
        ..roomy()
    });
    world.authority.hold();
    let mut run = Run {
        world,
        ttl,
        shared: Arc::new(Session::new(ttl)),
        notices: Vec::new(),
        reads: Vec::new(),
        failed: false,
        told: [0; 2],
        forgotten: [0; 2],
    };
    for step in steps {
        run.take(step).await;
        run.judge().await;
    }
    note("everything that still runs is let go");
    run.world.authority.stop_holding();
    for _ in 0..3 {
        run.world.authority.release_all();
        settle().await;
        run.judge().await;
    }
    for lesson in any_lesson() {
        run.read(lesson, true).await;
        run.read(lesson, false).await;
    }
    while !run.reads.is_empty() {
        let expected = run.reads.remove(0);
        run.hold(expected).await;
    }
}

impl Run {
    async fn take(&mut self, step: Step) {
        match step {
            Step::Read { lesson, shared } => self.read(lesson, shared).await,
            Step::Release { which } => {
                if let Some(load) = pick(&self.world.authority.parked(), which) {
                    self.world.authority.release(load);
                }
            }
            Step::Fail { which } => {
                if let Some(load) = pick(&self.world.authority.parked(), which) {
                    self.world.authority.fail(load);
                    self.failed = true;
                }
            }
            Step::Change { lesson } => {
                let version = self.world.authority.change(key(lesson));
                self.notices.push((key(lesson), version));
            }
            Step::Notice { which } => {
                if let Some((key, version)) = pick(&self.notices, which) {
                    self.world.invalidate(key, version);
                    let told = &mut self.told[place(key)];
                    *told = version.0.max(*told);
                }
            }
            Step::Clear => {
                self.world.clear();
                for lesson in any_lesson() {
                    self.forgotten[usize::from(lesson)] = self.world.authority.version(key(lesson));
                }
            }
            Step::Write { lesson, end } => self.write(lesson, end).await,
            Step::GiveUp { which } => {
                if !self.reads.is_empty() {
                    let read = self.reads.remove(usize::from(which) % self.reads.len());
                    read.reading.give_up().await;
                }
            }
            Step::Evict => self.world.read_others(8).await,
            Step::Pass { seconds } => pass(Duration::from_secs(seconds.into())).await,
        }
        settle().await;
    }

    async fn read(&mut self, lesson: u8, shared: bool) {
        let key = key(lesson);
        let own = session();
        let session = if shared { &self.shared } else { &own };
        let bound = Instant::now()
            .checked_sub(self.ttl)
            .map_or(0, |oldest| self.world.authority.version_before(key, oldest));
        let floor = session.floor(key).map_or(0, |floor| floor.0);
        let (least, because) = [
            (bound, Because::Bound),
            (self.told[place(key)], Because::Told),
            (self.forgotten[place(key)], Because::Forgotten),
            (floor, Because::Floor),
        ]
        .into_iter()
        .max_by_key(|(least, _)| *least)
        .expect("four of them");
        let reading = self.world.spawn(key, session);
        settle().await;
        self.reads.push(Expected {
            reading,
            key,
            least,
            because,
        });
    }

    async fn write(&mut self, lesson: u8, end: u8) {
        let key = key(lesson);
        let authority = &self.world.authority;
        let write = async {
            let version = authority.change(key);
            match end {
                0 => Ok(version),
                1 => Err(()),
                _ => std::future::pending().await,
            }
        };
        let write = self.world.cache.write(key, &self.shared, write);
        let outcome = tokio::time::timeout(Duration::from_millis(1), write).await;
        note(match outcome {
            Ok(Ok(_)) => "the write was acknowledged to the shared session",
            Ok(Err(())) => "the write ended with an error",
            Err(_) => "the writer gave up before it had an answer",
        });
        self.forgotten[place(key)] = self.world.authority.version(key);
    }

    /// Judges the reads that are done.
    async fn judge(&mut self) {
        let mut at = 0;
        while at < self.reads.len() {
            if self.reads[at].reading.is_done() {
                let read = self.reads.remove(at);
                self.hold(read).await;
            } else {
                at += 1;
            }
        }
    }

    /// Holds what a read returned against what it may return.
    async fn hold(&self, expected: Expected) {
        let Expected {
            reading,
            key,
            least,
            because,
        } = expected;
        let (number, key_name) = (reading.number, name(key));
        let version = match reading.answer().await {
            Ok(version) => version,
            Err(ReadError::Unavailable) if self.failed => return,
            Err(error) => panic!("Read {number} of {key_name} has no answer: {error}."),
        };
        assert!(
            version <= self.world.authority.version(key),
            "Read {number} of {key_name} returned version {version}, which nobody has made yet."
        );
        assert!(
            version >= least,
            "Read {number} of {key_name} returned version {version}, and {} {least}.",
            match because {
                Because::Bound =>
                    "60 s before it began, which is the staleness bound, the authority already had \
                     version",
                Because::Told => "before it began the cache had been told of version",
                Because::Forgotten =>
                    "when the cache was cleared, or a write of it ended, the authority already had \
                     version",
                Because::Floor => "its session had been told of version",
            }
        );
    }
}

fn place(key: LessonKey) -> usize {
    usize::from(key.lesson.0 != 1)
}

fn pick<T: Copy>(from: &[T], which: u8) -> Option<T> {
    (!from.is_empty()).then(|| from[usize::from(which) % from.len()])
}
