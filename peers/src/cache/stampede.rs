//! 64 tasks miss one key at once, each cache with its own way to load once.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::cache::cache::Cache;
use ::cache::session::Session;
use ::cache::settings::Settings;
use ::cache::source::{Source, SourceError};
use domain::{LessonKey, Progress};
use ladder::child::{Probe, Seat};
use ladder::cpus::Placement;
use tokio::task::JoinSet;

use super::{key, progress, side};
use crate::compare::{Comparison, Measured, of, shown, verdict};

const READERS: usize = 64;
const TTL: Duration = Duration::from_secs(3600);

pub fn comparison() -> Comparison {
    Comparison {
        name: "stampede",
        title: "64 tasks miss one key at once",
        placement: Placement::OneCpu,
        each: "all 64",
        sides: vec![
            side("quick_cache", quick),
            side("quick_cache again", quick),
            side("moka", moka),
            side("ours", ours),
        ],
        aims: vec![
            shown(
                "quick_cache again",
                "quick_cache",
                "noise: quick_cache against itself",
            ),
            shown("ours", "quick_cache", "ours against quick_cache"),
            shown("ours", "moka", "ours against moka"),
        ],
        counted,
    }
}

fn counted(measured: &[Measured]) -> Vec<String> {
    ["quick_cache", "moka", "ours"]
        .into_iter()
        .filter_map(|id| {
            let samples = of(measured, id)?;
            let (loads, stampedes) = (samples.counted("loads"), samples.counted("stampedes"));
            let exact = verdict((loads - stampedes).abs() < 0.5);
            Some(format!(
                "loads of {stampedes} stampedes, {id}: {loads}; aim one each: {exact}"
            ))
        })
        .collect()
}

/// Yields to the runtime once, so that all 64 have arrived before the first is served.
async fn load(loads: &AtomicU64, key: LessonKey) -> Progress {
    loads.fetch_add(1, Ordering::Relaxed);
    tokio::task::yield_now().await;
    progress(key)
}

fn quick(_: &Seat) -> Result<Probe, String> {
    let cache = Arc::new(quick_cache::sync::Cache::<LessonKey, Progress>::new(1000));
    let forget = Arc::clone(&cache);
    stampedes(
        move || {
            forget.remove(&key(0));
        },
        move |loads| {
            let cache = Arc::clone(&cache);
            async move {
                let load = async { Ok::<_, ()>(load(&loads, key(0)).await) };
                let _ = cache.get_or_insert_async(&key(0), load).await;
            }
        },
    )
}

fn moka(_: &Seat) -> Result<Probe, String> {
    let cache = moka::future::Cache::<LessonKey, Progress>::new(1000);
    let forget = cache.clone();
    let runtime = runtime()?;
    stampedes(
        move || runtime.block_on(forget.invalidate(&key(0))),
        move |loads| {
            let cache = cache.clone();
            async move {
                let load = async { load(&loads, key(0)).await };
                cache.get_with(key(0), load).await;
            }
        },
    )
}

struct Counting(Arc<AtomicU64>);

impl Source for Counting {
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        Ok(Some(load(&self.0, key).await))
    }
}

fn ours(_: &Seat) -> Result<Probe, String> {
    let settings = Settings {
        capacity_entries: 1000,
        ttl: TTL,
        max_loads: READERS,
        max_waiting_loads: 1024,
    };
    let counted = Arc::new(AtomicU64::new(0));
    let cache = Cache::new(Counting(Arc::clone(&counted)), settings);
    let cache = cache.map_err(|error| error.to_string())?;
    let session = Arc::new(Session::new(TTL));
    let forget = cache.clone();
    stampedes_counted(
        counted,
        move || forget.clear(),
        move |_| {
            let (cache, session) = (cache.clone(), Arc::clone(&session));
            async move {
                let _ = cache.read(key(0), &session).await;
            }
        },
    )
}

fn stampedes<Reading: Future<Output = ()> + Send + 'static>(
    forget: impl Fn() + 'static,
    reader: impl Fn(Arc<AtomicU64>) -> Reading + 'static,
) -> Result<Probe, String> {
    stampedes_counted(Arc::new(AtomicU64::new(0)), forget, reader)
}

fn stampedes_counted<Reading: Future<Output = ()> + Send + 'static>(
    loads: Arc<AtomicU64>,
    forget: impl Fn() + 'static,
    reader: impl Fn(Arc<AtomicU64>) -> Reading + 'static,
) -> Result<Probe, String> {
    let runtime = runtime()?;
    Ok(Box::new(move |mut slice| {
        let before = loads.load(Ordering::Relaxed);
        let mut stampedes = 0;
        while slice.goes_on() {
            forget();
            let start = Instant::now();
            runtime.block_on(async {
                let mut running = JoinSet::new();
                for _ in 0..READERS {
                    running.spawn(reader(Arc::clone(&loads)));
                }
                while running.join_next().await.is_some() {}
            });
            slice.keep(start.elapsed(), 1);
            stampedes += 1;
        }
        slice.count("stampedes", stampedes);
        slice.count("loads", loads.load(Ordering::Relaxed) - before);
        Ok(slice)
    }))
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| error.to_string())
}
