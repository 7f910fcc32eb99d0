//! Two threads that use one cache at once, until they have met some thousand times.

use crate::world::authority::{name, value};
use crate::world::{lesson, roomy, session};
use cache::cache::Cache;
use cache::settings::Settings;
use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use testbed::{live, poll_once};

const THREADS: usize = 2;
const ROUNDS: u64 = 1_500;
const KEYS: usize = 3;

/// The facts, and what the cache has been told of them: of each lesson a version.
#[derive(Default)]
struct Facts {
    made: [AtomicU64; KEYS],
    told: [AtomicU64; KEYS],
    loads: AtomicUsize,
    running: AtomicUsize,
    most_running: AtomicUsize,
}

/// The way to them. A load looks when it begins, and lets others go on before it answers.
#[derive(Clone)]
struct Way(Arc<Facts>);

struct Running<'a>(&'a Facts);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

fn at(key: LessonKey) -> usize {
    usize::try_from(key.lesson.0 - lesson(0).lesson.0).unwrap_or(usize::MAX)
}

impl Source for Way {
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        let facts = &self.0;
        let number = facts.loads.fetch_add(1, SeqCst);
        let running = facts.running.fetch_add(1, SeqCst) + 1;
        facts.most_running.fetch_max(running, SeqCst);
        let _running = Running(facts);
        let version = facts.made[at(key)].load(SeqCst);
        for _ in 0..number % 4 {
            tokio::task::yield_now().await;
        }
        Ok(value(key, version))
    }
}

/// One user of the cache: reads that are answered or given up, changes with their notices, writes and clearings, in
/// an order that depends on its number only.
async fn use_it(cache: Cache<Way>, facts: Arc<Facts>, number: u64) {
    let own = session();
    let mut turn = number;
    for _ in 0..ROUNDS {
        turn = turn
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let key = lesson((turn >> 33) % KEYS as u64);
        let (made, told) = (&facts.made[at(key)], &facts.told[at(key)]);
        match (turn >> 40) % 16 {
            0..9 => {
                let least = told.load(SeqCst);
                let read = cache.read(key, &session()).await;
                let version = match read {
                    Ok(progress) => progress.map_or(0, |progress| progress.version.0),
                    Err(error) => panic!("A read of {} got {error:?}.", name(key)),
                };
                assert!(
                    version >= least,
                    "A read of {} returned version {version}. Before it began the cache had been told of version \
                     {least}, or a write of that had ended, perhaps by another thread. Is \"may this load still be \
                     kept?\" one step with keeping it, and is an invalidation one step with what it removes?",
                    name(key)
                );
            }
            9..11 => {
                let mut read = pin!(cache.read(key, &own));
                let _ = poll_once(read.as_mut());
            }
            11..13 => {
                let version = domain::Version(made.fetch_add(1, SeqCst) + 1);
                cache.invalidate(key, version);
                told.fetch_max(version.0, SeqCst);
            }
            13..15 => {
                let write = async {
                    let version = made.fetch_add(1, SeqCst) + 1;
                    tokio::task::yield_now().await;
                    Ok::<_, Infallible>(domain::Version(version))
                };
                let Ok(version) = cache.write(key, &own, write).await;
                told.fetch_max(version.0, SeqCst);
            }
            _ => {
                let before: Vec<u64> = facts.made.iter().map(|made| made.load(SeqCst)).collect();
                cache.clear();
                for (told, version) in facts.told.iter().zip(before) {
                    told.fetch_max(version, SeqCst);
                }
            }
        }
        tokio::task::yield_now().await;
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime of this thread")
}

/// Runs one of these on each thread, and goes on driving what they have begun until both have ended.
fn on_two_threads(what: impl AsyncFn(u64) + Sync) {
    let (start, ended) = (Barrier::new(THREADS), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            let (what, start, ended) = (&what, &start, &ended);
            threads.spawn(move || {
                start.wait();
                // Also when this one panics: the other must not wait for it.
                let _ended = Ended(ended);
                runtime().block_on(async {
                    what(thread as u64).await;
                    ended.fetch_add(1, SeqCst);
                    // What another thread waits for may be driven by this one.
                    while ended.load(SeqCst) < THREADS {
                        tokio::task::yield_now().await;
                    }
                });
            });
        }
    });
}

struct Ended<'a>(&'a AtomicUsize);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// **C4** On two threads as well, no read returns less than the cache had been told when it began, nobody is
/// stranded, and no more loads run than were declared.
#[test]
fn two_threads_bring_nothing_back_and_strand_nobody() {
    live(|| {
        let facts = Arc::new(Facts::default());
        let settings = Settings {
            max_loads: 2,
            ..roomy()
        };
        let cache =
            Cache::new(Way(Arc::clone(&facts)), settings).expect("settings that make sense");
        // One alone, once round.
        runtime().block_on(use_it(cache.clone(), Arc::clone(&facts), 0));
        on_two_threads(async |thread| {
            let one = |task| use_it(cache.clone(), Arc::clone(&facts), 4 * thread + task);
            tokio::join!(one(0), one(1), one(2), one(3));
        });
        assert!(
            facts.most_running.load(SeqCst) <= 2,
            "The authority declared two loads at once, and {} ran.",
            facts.most_running.load(SeqCst)
        );
        let loads = facts.loads.load(SeqCst);
        assert!(
            loads > 1000,
            "There were {loads} loads, and there should have been some thousand: this has tested nothing."
        );
    });
}
