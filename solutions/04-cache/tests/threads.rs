//! The promise against late fills on real threads.
//!
//! The grader runs on one thread, where nothing happens between two lines without an `.await`. Here
//! loads, notices, clearings and writes of a few keys go on at the same time on four threads, and no
//! read may be below what the cache had been told when it began. The test cannot fail by bad luck; it
//! may pass by good luck, and so it grades nobody.

use cache::cache::Cache;
use cache::session::Session;
use cache::settings::Settings;
use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const KEYS: usize = 6;
const READS: usize = 20_000;

/// The versions at the authority, and those that the cache is known to have been told of.
#[derive(Default)]
struct Facts {
    made: [AtomicU64; KEYS],
    told: [AtomicU64; KEYS],
}

struct Authority(Arc<Facts>);

impl Source for Authority {
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        let version = self.0.made[place(key)].load(Ordering::SeqCst);
        // The answer is on its way, and the world goes on.
        for _ in 0..version % 4 {
            tokio::task::yield_now().await;
        }
        Ok(Some(Progress {
            key,
            version: Version(version),
            steps_done: 0,
            completed: false,
        }))
    }
}

fn place(key: LessonKey) -> usize {
    usize::try_from(key.lesson.0).expect("a small number")
}

fn key(number: usize) -> LessonKey {
    LessonKey::new(1, (number % KEYS) as u64)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_old_comes_back_on_real_threads() {
    let facts = Arc::new(Facts::default());
    let settings = Settings {
        capacity_entries: 3,
        ttl: Duration::from_secs(3600),
        max_loads: 4,
        max_waiting_loads: 64,
    };
    let cache = Cache::new(Authority(Arc::clone(&facts)), settings).expect("sound settings");
    let mut tasks = tokio::task::JoinSet::new();
    for reader in 0..4 {
        let (cache, facts) = (cache.clone(), Arc::clone(&facts));
        tasks.spawn(async move {
            let session = Session::new(Duration::from_secs(3600));
            for number in 0..READS {
                let key = key(number * 7 + reader);
                let least = facts.told[place(key)].load(Ordering::SeqCst);
                let progress = cache.read(key, &session).await.expect("a place for all");
                let version = progress.map_or(0, |progress| progress.version.0);
                assert!(version >= least, "version {version} after {least} was told");
            }
        });
    }
    for writer in 0..2 {
        let (cache, facts) = (cache.clone(), Arc::clone(&facts));
        tasks.spawn(async move {
            let session = Session::new(Duration::from_secs(3600));
            for number in 0..READS {
                let key = key(number * 5 + writer);
                let made = &facts.made[place(key)];
                let told = &facts.told[place(key)];
                match number % 50 {
                    0 => {
                        let version = made.fetch_add(1, Ordering::SeqCst) + 1;
                        cache.clear();
                        told.fetch_max(version, Ordering::SeqCst);
                    }
                    1..25 => {
                        let version = made.fetch_add(1, Ordering::SeqCst) + 1;
                        cache.invalidate(key, Version(version));
                        told.fetch_max(version, Ordering::SeqCst);
                    }
                    _ => {
                        let write =
                            async { Ok::<_, ()>(Version(made.fetch_add(1, Ordering::SeqCst) + 1)) };
                        let version = cache.write(key, &session, write).await.expect("a version");
                        told.fetch_max(version.0, Ordering::SeqCst);
                    }
                }
                tokio::task::yield_now().await;
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("no read below what was told");
    }
}
