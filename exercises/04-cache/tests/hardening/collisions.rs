//! Two threads that meet in one instant, some thousand times: on one a load lands, and on the other its key is
//! invalidated, a write of it ends, or everything is forgotten.
//!
//! A landing takes a few microseconds, and what can go wrong in it takes a small part of them. So the second thread
//! comes a little later from meeting to meeting, until it comes too late: each moment of a landing has its turn, many
//! times. Neither thread waits long for the other. On one CPU they hardly ever meet, and then this test finds little.

use crate::world::authority::value;
use crate::world::{LESSON, TTL, WAITED, roomy, session};
use cache::cache::Cache;
use cache::session::Session;
use cache::settings::{ReadError, Settings};
use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress, Version};
use std::convert::Infallible;
use std::future::Future;
use std::hint::spin_loop;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::yield_now;
use testbed::{Gate, live, note, poll_once};

/// How many landings there are in a round, each in a cache of its own.
const LANDINGS: usize = 240;

/// How many rounds there are at the most, each with a second thread of its own.
const ROUNDS: usize = 150;

/// How many meetings are enough.
const MEETINGS: usize = 6_000;

/// For how many spins a thread waits before it takes the other one for absent.
const PATIENCE: usize = 300;

/// How often the other one may be absent in a round before nobody waits for it.
const ABSENCES: usize = 10;

/// After how many spins a thread lets another one have its CPU.
const A_WHILE: usize = 10_000;

/// The smallest number of different delays, from none on, with which the second thread comes.
const FEWEST_DELAYS: usize = 48;

/// What the second thread does.
#[derive(Clone, Copy)]
enum Other {
    Invalidates,
    Clears,
    EndsAWrite,
    DropsAWrite,
}

/// By turns; most often what needs the least time between the lock and the entry, which is what a landing that
/// stores too late loses against.
const OTHERS: [Other; 6] = [
    Other::EndsAWrite,
    Other::Invalidates,
    Other::EndsAWrite,
    Other::Clears,
    Other::EndsAWrite,
    Other::DropsAWrite,
];

impl Other {
    fn what(self) -> &'static str {
        match self {
            Self::Invalidates => "its key was invalidated",
            Self::Clears => "the cache was cleared",
            Self::EndsAWrite => "a write of its key ended",
            Self::DropsAWrite => "a write of its key was dropped",
        }
    }
}

/// The version that there is, and the way to it. A load looks when it begins, and stops at its gate.
#[derive(Clone, Default)]
struct Way(Arc<Facts>);

#[derive(Default)]
struct Facts {
    made: AtomicU64,
    holding: AtomicBool,
    gate: Mutex<Option<Gate>>,
}

impl Facts {
    /// The gate of the load that has begun, if one has.
    fn take_gate(&self) -> Option<Gate> {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        gate.take()
    }
}

impl Source for Way {
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        let facts = &self.0;
        let version = facts.made.load(SeqCst);
        if facts.holding.load(SeqCst) {
            let gate = Gate::closed();
            *facts.gate.lock().unwrap_or_else(PoisonError::into_inner) = Some(gate.clone());
            gate.pass().await;
        }
        Ok(value(key, version))
    }
}

/// A cache, in which one load lands in each round.
struct Place {
    cache: Cache<Way>,
    facts: Arc<Facts>,
    own: Session,
    other: Other,
}

type Reading<'a> = Pin<Box<dyn Future<Output = Result<Option<Progress>, ReadError>> + 'a>>;
type Writing<'a> = Pin<Box<dyn Future<Output = Result<Version, Infallible>> + 'a>>;

impl Place {
    fn new(other: Other) -> Self {
        let way = Way::default();
        let facts = Arc::clone(&way.0);
        let small = Settings {
            capacity_entries: 4,
            ..roomy()
        };
        let cache = Cache::new(way, small).expect("settings that make sense");
        let own = Session::new(TTL);
        Self {
            cache,
            facts,
            own,
            other,
        }
    }

    /// Begins a load of the version that there is, and then makes the next one. When the gate is open, the load has
    /// nothing left to do but to land.
    async fn begin<'a>(&'a self, stranger: &'a Session) -> (Reading<'a>, Gate) {
        self.cache.clear();
        self.facts.holding.store(true, SeqCst);
        let mut reading: Reading = Box::pin(self.cache.read(LESSON, stranger));
        let gate = loop {
            let polled = poll_once(Pin::new(&mut reading));
            assert!(
                polled.is_pending(),
                "The cache was cleared, the load is at its gate, and a read has an answer: {polled:?}."
            );
            if let Some(gate) = self.facts.take_gate() {
                break gate;
            }
            tokio::task::yield_now().await;
        };
        self.facts.holding.store(false, SeqCst);
        self.facts.made.fetch_add(1, SeqCst);
        (reading, gate)
    }

    /// Begins a write, which ends when its gate is open.
    fn begin_write(&self) -> (Writing<'_>, Gate) {
        let gate = Gate::closed();
        let held = gate.clone();
        let mut writing: Writing = Box::pin(self.cache.write(LESSON, &self.own, async move {
            held.pass().await;
            Ok(Version(1))
        }));
        if matches!(self.other, Other::EndsAWrite | Other::DropsAWrite) {
            let polled = poll_once(Pin::new(&mut writing));
            assert!(
                polled.is_pending(),
                "The authority has not answered a write, and the cache has: {polled:?}."
            );
        }
        (writing, gate)
    }

    fn disturb(&self, mut writing: Writing, gate: &Gate) {
        match self.other {
            Other::Invalidates => {
                let version = Version(self.facts.made.load(SeqCst));
                self.cache.invalidate(LESSON, version);
            }
            Other::Clears => self.cache.clear(),
            Other::EndsAWrite => {
                gate.open();
                let polled = poll_once(Pin::new(&mut writing));
                assert!(
                    polled.is_ready(),
                    "The authority has answered a write, and the write waits for something else."
                );
            }
            Other::DropsAWrite => drop(writing),
        }
    }
}

/// How far the two threads are in a round: the numbers of landings, from 1.
#[derive(Default)]
struct Round {
    /// The landing that is about to begin.
    begins: AtomicUsize,
    /// The landing that the second thread has seen coming.
    seen: AtomicUsize,
    /// The landing that has ended.
    landed: AtomicUsize,
}

/// Counts everything as reached when it is dropped, so that nobody waits for a thread that has panicked.
struct AtLast<'a>(&'a AtomicUsize);

impl Drop for AtLast<'_> {
    fn drop(&mut self) {
        self.0.store(usize::MAX, SeqCst);
    }
}

/// Spins until `count` has come to `number`, or `limit` times. Says whether it has.
fn spin_until(count: &AtomicUsize, number: usize, limit: usize) -> bool {
    for spins in 1..=limit {
        if count.load(SeqCst) >= number {
            return true;
        }
        if spins % A_WHILE == 0 {
            // There may be one CPU only, and the other thread needs it.
            yield_now();
        }
        spin_loop();
    }
    false
}

/// What the thread does on which loads land.
async fn land_all(readings: Vec<(Reading<'_>, Gate)>, round: &Round) {
    let _at_last = (AtLast(&round.begins), AtLast(&round.landed));
    let mut absences = 0;
    for (number, (reading, gate)) in (1..).zip(readings) {
        round.begins.store(number, SeqCst);
        if number == 1 {
            // The other thread has just been made.
            spin_until(&round.seen, number, usize::MAX);
        }
        while absences < ABSENCES && !spin_until(&round.seen, number, PATIENCE) {
            absences += 1;
            yield_now();
        }
        gate.open();
        let early = reading.await;
        round.landed.store(number, SeqCst);
        assert!(
            early.is_ok(),
            "Its load ended well, and a read got {early:?}. {WAITED}"
        );
    }
}

/// What the other thread does: it disturbs each landing, after one of so many `delays`. Returns how often it came
/// before the landing had ended.
fn disturb_all(places: &[Place], round: &Round, delays: &mut usize) -> usize {
    let _at_last = AtLast(&round.seen);
    let writings: Vec<_> = places.iter().map(Place::begin_write).collect();
    let mut met = 0;
    for (number, (place, (writing, gate))) in (1..).zip(places.iter().zip(writings)) {
        spin_until(&round.begins, number, usize::MAX);
        round.seen.store(number, SeqCst);
        // By turns, and so that one delay is not always for the same kind of place.
        for _ in 0..number * 7919 % *delays {
            spin_loop();
        }
        let late = round.landed.load(SeqCst) >= number;
        place.disturb(writing, &gate);
        // One in four is to come too late.
        if late {
            *delays = delays.saturating_sub(3).max(FEWEST_DELAYS);
        } else {
            *delays = (*delays + 1).min(PATIENCE);
            met += 1;
        }
    }
    met
}

/// **C4** A load lands on one thread, and on another one its key is invalidated or written, or the cache is cleared:
/// in whatever instant they meet, what was overtaken is not kept.
#[test]
fn what_meets_a_landing_on_another_thread_overtakes_it() {
    live(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime of this thread");
        let others = OTHERS.iter().cycle().take(LANDINGS);
        let places: Vec<_> = others.map(|other| Place::new(*other)).collect();
        let stranger = session();
        let (mut met, mut delays) = (0, 4 * FEWEST_DELAYS);
        for number in 1..=ROUNDS {
            let readings = runtime.block_on(async {
                let mut readings = Vec::new();
                for place in &places {
                    readings.push(place.begin(&stranger).await);
                }
                readings
            });
            let round = Round::default();
            met += std::thread::scope(|threads| {
                let other = threads.spawn(|| disturb_all(&places, &round, &mut delays));
                runtime.block_on(land_all(readings, &round));
                other.join().expect("the other thread has not panicked")
            });
            for place in &places {
                let made = place.facts.made.load(SeqCst);
                let late = runtime.block_on(place.cache.read(LESSON, &stranger));
                let what = place.other.what();
                assert!(
                    late == Ok(value(LESSON, made)),
                    "A load of version {} landed on one thread, and in the same instant {what} on another one, because \
                     there was version {made}. A read that began when both had ended returned {late:?}. Two things \
                     have to be one step under one lock: \"may this load still be kept?\" and keeping it; and, when \
                     {what}, removing the entry and seeing to it that a running load brings nothing back.",
                    made - 1
                );
            }
            note(format!("in {number} rounds, the threads met {met} times"));
            if met >= MEETINGS {
                break;
            }
        }
    });
}
