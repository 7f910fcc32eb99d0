//! A cache in front of the test's authority, and those who read through it.

#![allow(
    dead_code,
    reason = "the core uses one part of it, and the hardening another"
)]

pub mod authority;
pub mod plain;
pub mod writing;

use authority::{ASKED_TO, Authority, name, told, value};
use cache::cache::Cache;
use cache::session::Session;
use cache::settings::{ReadError, Settings};
use domain::{LessonKey, Version};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use testbed::{note, soon};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The staleness bound of most tests.
pub const TTL: Duration = Duration::from_secs(60);

/// The smallest step of time in most tests.
pub const TICK: Duration = Duration::from_millis(1);

/// The lesson that most tests are about, and another one.
pub const LESSON: LessonKey = LessonKey::new(1, 1);
pub const OTHER: LessonKey = LessonKey::new(1, 2);

/// Further lessons, by number.
pub fn lesson(number: u64) -> LessonKey {
    LessonKey::new(1, 10 + number)
}

/// Why a read that waits when its load is overtaken has an answer all the same.
pub const WAITED: &str = "It began before, and has waited. Either version is an answer to it, and an \
                          error is none.";

/// What is wrong when a plain read does not return what the authority has.
pub const PLAIN: &str =
    "Nothing is wrong here: the authority answers, and this read has to return what it has.";

/// What went wrong when an old value is served after an invalidation.
pub const STALE: &str = "An old value was served to a read that began after the cache had been told of a \
                         newer one. Nothing takes it away again before the staleness bound.";

/// What a read returned: the version, with 0 for "not begun".
pub type Seen = Result<u64, ReadError>;

/// Room for everything that a test reads, and places for everything that it loads.
pub fn roomy() -> Settings {
    Settings {
        capacity_entries: 1024,
        ttl: TTL,
        max_loads: 64,
        max_waiting_loads: 64,
    }
}

thread_local! {
    /// Whether the clock of this thread's test stands still.
    static STANDS_STILL: Cell<bool> = const { Cell::new(false) };
}

/// From now on [`settle`] takes no time, or does again.
pub fn stand_still(still: bool) {
    STANDS_STILL.set(still);
}

/// Lets everything go as far as it can without outside help. Takes a millisecond of virtual time, unless the clock
/// stands still.
pub async fn settle() {
    if STANDS_STILL.get() {
        turns(TURNS).await;
    } else {
        tokio::time::sleep(TICK).await;
    }
}

/// After how many turns of the runtime nothing goes on by itself, in any design: some need a dozen.
const TURNS: u8 = 48;

/// Lets others go on for so many turns of the runtime. The clock does not move.
pub async fn turns(count: u8) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// Lets time pass.
pub async fn pass(time: Duration) {
    note(format!("{time:?} pass"));
    tokio::time::sleep(time).await;
}

/// Lets time pass until `moment`.
pub async fn pass_until(moment: Instant) {
    note(format!("{:?} pass", moment - Instant::now()));
    tokio::time::sleep_until(moment).await;
}

/// A session that was told nothing.
pub fn session() -> Arc<Session> {
    Arc::new(Session::new(TTL))
}

/// A session that was told `version` of `key`.
pub fn session_told(key: LessonKey, version: Version) -> Arc<Session> {
    let session = session();
    session.acknowledged(key, version);
    note(format!(
        "a session is told that version {} of {} was acknowledged",
        version.0,
        name(key)
    ));
    session
}

pub struct World {
    pub cache: Cache<Authority>,
    pub authority: Authority,
    reads: Cell<usize>,
}

impl World {
    pub fn new(settings: Settings) -> Self {
        let authority = Authority::default();
        let cache = Cache::new(authority.clone(), settings).expect("settings that make sense");
        Self {
            cache,
            authority,
            reads: Cell::new(0),
        }
    }

    /// A world whose authority has made `versions` of [`LESSON`].
    pub fn at_version(versions: usize, settings: Settings) -> Self {
        let world = Self::new(settings);
        for _ in 0..versions {
            world.authority.change(LESSON);
        }
        world
    }

    /// Starts a read in a new session, and lets it get as far as it can.
    pub async fn start(&self, key: LessonKey) -> Reading {
        self.start_in(key, &session()).await
    }

    /// Starts a read in a session, and lets it get as far as it can.
    pub async fn start_in(&self, key: LessonKey, session: &Arc<Session>) -> Reading {
        let reading = self.spawn(key, session);
        settle().await;
        reading
    }

    /// Starts many reads at once, and lets them get as far as they can.
    pub async fn start_many(&self, count: usize, key: LessonKey) -> Vec<Reading> {
        let readings = (0..count).map(|_| self.spawn(key, &session())).collect();
        settle().await;
        readings
    }

    /// Starts a read; the runtime decides when it is first polled.
    pub fn spawn(&self, key: LessonKey, session: &Arc<Session>) -> Reading {
        let number = self.reads.get() + 1;
        self.reads.set(number);
        let (cache, session) = (self.cache.clone(), Arc::clone(session));
        let task = tokio::spawn(async move {
            note(format!("read {number} of {} begins", name(key)));
            let answer = cache.read(key, &session).await;
            let seen = answer.map(|progress| {
                let version = progress.map_or(0, |progress| progress.version.0);
                assert_eq!(
                    progress,
                    value(key, version),
                    "A read of {} returned what the authority never held.",
                    name(key)
                );
                version
            });
            note(match &seen {
                Ok(version) => format!("read {number} returns {}", told(*version)),
                Err(error) => format!("read {number} returns the error {error:?}"),
            });
            seen
        });
        Reading { number, task }
    }

    /// Reads in a new session.
    pub async fn read(&self, key: LessonKey) -> Seen {
        self.start(key).await.answer().await
    }

    /// Reads in a session.
    pub async fn read_in(&self, key: LessonKey, session: &Arc<Session>) -> Seen {
        self.start_in(key, session).await.answer().await
    }

    /// Lets the load that began last go on, if one is at its gate. Returns whether there was one.
    pub async fn let_newest_go(&self) -> bool {
        let newest = self.authority.parked().pop();
        if let Some(load) = newest {
            self.authority.release(load);
            settle().await;
        }
        newest.is_some()
    }

    /// Lets all loads go on that run or are still to come, those that began last first.
    pub async fn let_all_go(&self) {
        while self.let_newest_go().await {}
    }

    pub fn invalidate(&self, key: LessonKey, version: Version) {
        self.cache.invalidate(key, version);
        note(format!(
            "the cache was told that {} has reached version {}",
            name(key),
            version.0
        ));
    }

    pub fn clear(&self) {
        self.cache.clear();
        note("the cache was cleared");
    }

    /// Reads so many other lessons that a small cache has no room left for what it held. Each is read
    /// three times, because a good eviction policy gives no room to what is read once.
    pub async fn read_others(&self, count: u64) {
        self.authority.stop_holding();
        note(format!("{count} other lessons are read, three times each"));
        let stranger = session();
        for read in 0..3 * count {
            let key = LessonKey::new(9, 1000 + read / 3);
            let answer = self.cache.read(key, &stranger);
            let answer = soon("a read of another lesson", answer).await;
            assert_eq!(answer, Ok(None), "Nobody has begun the other lessons.");
        }
        self.authority.hold();
    }

    /// How many loads have begun.
    pub fn loads(&self) -> usize {
        self.authority.loads()
    }
}

/// A load of version 1 is under way, and the cache has been told of version 2.
pub async fn overtaken(settings: Settings) -> (World, Reading) {
    let world = World::at_version(1, settings);
    world.authority.hold();
    let early = world.start(LESSON).await;
    let version = world.authority.change(LESSON);
    world.invalidate(LESSON, version);
    (world, early)
}

/// A read on its way.
pub struct Reading {
    pub number: usize,
    task: JoinHandle<Seen>,
}

impl Reading {
    /// What it returned.
    pub async fn answer(self) -> Seen {
        let what = format!("read {} to be answered", self.number);
        soon(&what, self.task)
            .await
            .unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) if panic.downcast_ref() == Some(&ASKED_TO) => panic!(
                    "A load panicked, and the read that waited for it panicked too. To the cache a \
                     panic of the source is a load that failed."
                ),
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => panic!("The read was dropped: {error}"),
            })
    }

    pub fn is_done(&self) -> bool {
        self.task.is_finished()
    }

    /// Drops the read half-way.
    pub async fn give_up(self) {
        note(format!("read {} is given up", self.number));
        self.task.abort();
        settle().await;
    }
}

/// What many reads returned.
pub async fn answers(readings: Vec<Reading>) -> Vec<Seen> {
    let mut answers = Vec::new();
    for reading in readings {
        answers.push(reading.answer().await);
    }
    answers
}

/// Checks that each of many reads returns what is expected.
///
/// # Panics
/// When one of them returns something else; the message says which, and how many did.
pub async fn each_gets(readings: Vec<Reading>, expected: Seen, why: &str) {
    let count = readings.len();
    let mut others = Vec::new();
    for reading in readings {
        let number = reading.number;
        let seen = reading.answer().await;
        if seen != expected {
            others.push((number, seen));
        }
    }
    if let Some((number, seen)) = others.first() {
        panic!(
            "{} of {count} reads did not get {expected:?}; the first is read {number}, which got {seen:?}. {why}",
            others.len()
        );
    }
}
