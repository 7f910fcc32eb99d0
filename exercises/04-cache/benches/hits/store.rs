//! The authority, as little of it as a cache can have in front of it: a table of the embedded engine,
//! read in the same process, with its loads counted.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress, Version};
use ladder::child::{Probe, Seat};
use ladder::counted::Counted;
use ladder::zipf;
use redb::{Database, ReadableDatabase as _, TableDefinition};

/// How many lessons there are.
pub const KEYS: u64 = 10_000;

/// How uneven readers' choices are: the usual figure for what people read.
pub const SKEW: f64 = 0.99;

/// Enough choices that a run of them is like any other, and that a cache has learnt what is popular
/// well before they end.
pub const DRAWS: usize = 500_000;

/// A read is too short to time alone.
const RUN: usize = 100;

const TABLE: TableDefinition<(u64, u64), (u64, u32, bool)> = TableDefinition::new("progress");

/// The engine with every lesson in it. Clones are the same.
#[derive(Clone)]
pub struct Store {
    database: Arc<Database>,
    loads: Arc<AtomicU64>,
}

impl Store {
    /// A store with a file in `folder`.
    pub fn new(folder: &Path) -> Result<Self, String> {
        Self::filled(folder).map_err(|error| error.to_string())
    }

    fn filled(folder: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let (backend, _) = Counted::new(folder, "cache")?;
        let database = Database::builder().create_with_backend(backend)?;
        let transaction = database.begin_write()?;
        let mut table = transaction.open_table(TABLE)?;
        for number in 0..KEYS {
            let LessonKey { learner, lesson } = key(number);
            table.insert((learner.0, lesson.0), (7, 12, true))?;
        }
        drop(table);
        transaction.commit()?;
        Ok(Self {
            database: Arc::new(database),
            loads: Arc::default(),
        })
    }

    /// A point read, in a transaction of its own as each request has one.
    pub fn read(&self, key: LessonKey) -> Result<Option<Progress>, redb::Error> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        let table = self.database.begin_read()?.open_table(TABLE)?;
        let found = table.get((key.learner.0, key.lesson.0))?;
        Ok(found.map(|found| {
            let (version, steps_done, completed) = found.value();
            Progress {
                key,
                version: Version(version),
                steps_done,
                completed,
            }
        }))
    }

    /// How many reads there have been.
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }
}

impl Source for Store {
    /// The load is not over at once, as none over a wire is: others come while it runs.
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        tokio::task::yield_now().await;
        self.read(key).map_err(|_| SourceError)
    }
}

/// The lesson with this number; eight lessons a learner.
pub const fn key(number: u64) -> LessonKey {
    LessonKey::new(1_000_000 + number / 8, number % 8)
}

/// Lessons as readers choose them.
pub fn choices() -> Vec<LessonKey> {
    zipf::draw(KEYS, SKEW, DRAWS, 1)
        .into_iter()
        .map(key)
        .collect()
}

/// A sample is the time a read.
pub fn read(seat: &Seat) -> Result<Probe, String> {
    let store = Store::new(&seat.folder)?;
    let choices = choices();
    let mut next = 0;
    let mut run = move || -> Result<(), String> {
        for &key in &choices[next..next + RUN] {
            let found = store.read(key).map_err(|error| error.to_string())?;
            black_box(found).ok_or("a lesson is missing")?;
        }
        next = (next + RUN) % DRAWS;
        Ok(())
    };
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            let start = Instant::now();
            run()?;
            slice.keep(start.elapsed(), RUN as u64);
        }
        Ok(slice)
    }))
}
