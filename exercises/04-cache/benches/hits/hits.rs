//! Hits: what one takes when everything is there, and how many there are when not everything can be.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cache::cache::Cache;
use cache::session::Session;
use cache::settings::Settings;
use domain::LessonKey;
use ladder::child::{Probe, Seat};
use tokio::runtime::Runtime;

use crate::store::{DRAWS, KEYS, Store, choices, key};

/// Nothing expires while it is measured.
const TTL: Duration = Duration::from_secs(3600);

/// A hit is too short to time alone.
const RUN: usize = 1000;

/// A cache in front of `store` with room for `capacity` lessons.
pub fn cache_of(store: Store, capacity: u64) -> Result<Cache<Store>, String> {
    let settings = Settings {
        capacity_entries: usize::try_from(capacity).map_err(|error| error.to_string())?,
        ttl: TTL,
        max_loads: 1024,
        max_waiting_loads: 1024,
    };
    Cache::new(store, settings).map_err(|error| error.to_string())
}

/// A session that was told nothing, as most readers' are.
pub fn session() -> Session {
    Session::new(TTL)
}

/// A runtime of one thread, which is this one.
pub fn runtime() -> Result<Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| error.to_string())
}

/// Every lesson is there; a sample is the time a hit.
pub fn hit(seat: &Seat) -> Result<Probe, String> {
    let store = Store::new(&seat.folder)?;
    // Twice the room: what a cache divides into parts may overflow in one of them.
    let cache = cache_of(store.clone(), 2 * KEYS)?;
    let session = session();
    let runtime = runtime()?;
    runtime.block_on(read_all(&cache, &session, (0..KEYS).map(key)))?;
    let choices = choices();
    let mut next = 0;
    let before = store.loads();
    Ok(Box::new(move |mut slice| {
        runtime.block_on(async {
            while slice.goes_on() {
                let run = &choices[next..next + RUN];
                next = (next + RUN) % DRAWS;
                let start = Instant::now();
                read_all(&cache, &session, run.iter().copied()).await?;
                slice.keep(start.elapsed(), RUN as u64);
            }
            Ok::<_, String>(())
        })?;
        if store.loads() > before {
            return Err("a lesson that had been read was loaded again".to_owned());
        }
        Ok(slice)
    }))
}

/// How many of a reader's choices reach the authority, with room for as many percent of the lessons
/// as the place on the curve says.
pub fn rate(seat: &Seat) -> Result<Probe, String> {
    let store = Store::new(&seat.folder)?;
    let cache = cache_of(store.clone(), KEYS * seat.at / 100)?;
    let session = session();
    let runtime = runtime()?;
    let choices = choices();
    let (warming, counted) = choices.split_at(DRAWS / 2);
    // Everything once, for nothing is a miss for being new; then until the cache knows its readers.
    runtime.block_on(read_all(&cache, &session, (0..KEYS).map(key)))?;
    runtime.block_on(read_all(&cache, &session, warming.iter().copied()))?;
    let counted = counted.to_vec();
    Ok(Box::new(move |mut slice| {
        let (before, start) = (store.loads(), Instant::now());
        runtime.block_on(read_all(&cache, &session, counted.iter().copied()))?;
        let reads = counted.len() as u64;
        slice.keep_now(start.elapsed(), reads);
        slice.count("reads", reads);
        slice.count("loads", store.loads() - before);
        Ok(slice)
    }))
}

async fn read_all(
    cache: &Cache<Store>,
    session: &Session,
    keys: impl Iterator<Item = LessonKey>,
) -> Result<(), String> {
    for key in keys {
        let read = cache.read(key, session).await;
        let found = read.map_err(|error| error.to_string())?;
        black_box(found).ok_or("a lesson is missing")?;
    }
    Ok(())
}
