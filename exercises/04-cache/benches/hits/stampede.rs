//! Many readers miss one key at the same moment: a page that everybody opens, just after it expired.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use ladder::child::{Probe, Seat};
use tokio::task::JoinSet;

use crate::hits::{cache_of, runtime, session};
use crate::store::{KEYS, Store, key};

/// `READERS` at once through the cache; a sample is the time until all have their value.
pub fn shared<const READERS: u64>(seat: &Seat) -> Result<Probe, String> {
    through_cache(seat, READERS)
}

/// The same without a cache: each loads.
pub fn alone<const READERS: u64>(seat: &Seat) -> Result<Probe, String> {
    without_cache(seat, READERS)
}

/// As many readers as the place on the curve says, through the cache.
pub fn many_shared(seat: &Seat) -> Result<Probe, String> {
    through_cache(seat, seat.at)
}

/// The same without a cache.
pub fn many_alone(seat: &Seat) -> Result<Probe, String> {
    without_cache(seat, seat.at)
}

fn through_cache(seat: &Seat, readers: u64) -> Result<Probe, String> {
    let store = Store::new(&seat.folder)?;
    let cache = cache_of(store.clone(), KEYS)?;
    let session = Arc::new(session());
    stampedes(store, readers, move || {
        cache.clear();
        let (cache, session) = (cache.clone(), Arc::clone(&session));
        move || {
            let (cache, session) = (cache.clone(), Arc::clone(&session));
            async move {
                let found = cache.read(key(0), &session).await;
                found
                    .map_err(|error| error.to_string())
                    .map(|f| f.is_some())
            }
        }
    })
}

fn without_cache(seat: &Seat, readers: u64) -> Result<Probe, String> {
    use cache::source::Source as _;
    let store = Store::new(&seat.folder)?;
    stampedes(store.clone(), readers, move || {
        let store = store.clone();
        move || {
            let store = store.clone();
            async move {
                let found = store.load(key(0)).await;
                found
                    .map_err(|error| error.to_string())
                    .map(|f| f.is_some())
            }
        }
    })
}

/// One stampede after the other. `begin` makes the key missing, and gives what each reader does.
fn stampedes<Begin, Reader, Reading>(
    store: Store,
    readers: u64,
    begin: Begin,
) -> Result<Probe, String>
where
    Begin: Fn() -> Reader + 'static,
    Reader: Fn() -> Reading,
    Reading: Future<Output = Result<bool, String>> + Send + 'static,
{
    let runtime = runtime()?;
    let stampede = move || {
        let reader = begin();
        let start = Instant::now();
        runtime.block_on(async {
            let mut running = JoinSet::new();
            for _ in 0..readers {
                running.spawn(reader());
            }
            while let Some(done) = running.join_next().await {
                if !done.map_err(|error| error.to_string())?? {
                    return Err("a lesson is missing".to_owned());
                }
            }
            Ok(start.elapsed())
        })
    };
    stampede()?;
    Ok(Box::new(move |mut slice| {
        let before = store.loads();
        let mut count = 0;
        while slice.goes_on() {
            slice.keep(stampede()?, 1);
            count += 1;
        }
        slice.count("stampedes", count);
        slice.count("loads", store.loads() - before);
        Ok(slice)
    }))
}
