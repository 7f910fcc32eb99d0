//! Each cache behind the same few calls.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::cache::cache::Cache;
use ::cache::session::Session;
use ::cache::settings::Settings;
use ::cache::source::{Source, SourceError};
use domain::{LessonKey, Progress, Version};
use futures_util::FutureExt as _;

/// Nothing expires while it is measured.
const TTL: Duration = Duration::from_secs(3600);

/// A cache that reads through.
pub trait Contender: Send + Sync + 'static {
    fn with_room_for(capacity: u64) -> Self;
    /// Reads, loading what is missing; true if it was there.
    fn read(&self, key: LessonKey, load: fn(LessonKey) -> Progress) -> bool;
    fn remove(&self, key: LessonKey);
}

pub struct Quick(quick_cache::sync::Cache<LessonKey, Progress>);

impl Contender for Quick {
    fn with_room_for(capacity: u64) -> Self {
        Self(quick_cache::sync::Cache::new(whole(capacity)))
    }

    fn read(&self, key: LessonKey, load: fn(LessonKey) -> Progress) -> bool {
        let found = self.0.get(&key);
        if found.is_none() {
            self.0.insert(key, load(key));
        }
        std::hint::black_box(found).is_some()
    }

    fn remove(&self, key: LessonKey) {
        self.0.remove(&key);
    }
}

/// `quick_cache` with an age for each entry, checked on each read.
pub struct QuickWithClock(quick_cache::sync::Cache<LessonKey, (Progress, Instant)>);

impl Contender for QuickWithClock {
    fn with_room_for(capacity: u64) -> Self {
        Self(quick_cache::sync::Cache::new(whole(capacity)))
    }

    fn read(&self, key: LessonKey, load: fn(LessonKey) -> Progress) -> bool {
        let now = Instant::now();
        let found = self.0.get(&key).filter(|(_, until)| now <= *until);
        if found.is_none() {
            self.0.insert(key, (load(key), now + TTL));
        }
        std::hint::black_box(found).is_some()
    }

    fn remove(&self, key: LessonKey) {
        self.0.remove(&key);
    }
}

/// moka with an age, in its usual form.
pub struct Moka(moka::sync::Cache<LessonKey, Progress>);

impl Contender for Moka {
    fn with_room_for(capacity: u64) -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(capacity);
        Self(builder.time_to_live(TTL).build())
    }

    fn read(&self, key: LessonKey, load: fn(LessonKey) -> Progress) -> bool {
        let found = self.0.get(&key);
        if found.is_none() {
            self.0.insert(key, load(key));
        }
        std::hint::black_box(found).is_some()
    }

    fn remove(&self, key: LessonKey) {
        self.0.invalidate(&key);
    }
}

/// The course's cache. Its source answers at once, so a read is done after one poll.
pub struct Ours {
    cache: Cache<AtOnce>,
    session: Session,
}

/// Counts per thread would be exact too; the sum is enough here.
static LOADS: AtomicU64 = AtomicU64::new(0);

struct AtOnce;

impl Source for AtOnce {
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        LOADS.fetch_add(1, Ordering::Relaxed);
        Ok(Some(super::progress(key)))
    }
}

impl Contender for Ours {
    fn with_room_for(capacity: u64) -> Self {
        let settings = Settings {
            capacity_entries: whole(capacity),
            ttl: TTL,
            max_loads: 64,
            max_waiting_loads: 1024,
        };
        Self {
            cache: Cache::new(AtOnce, settings).expect("neither is zero"),
            session: Session::new(TTL),
        }
    }

    fn read(&self, key: LessonKey, _: fn(LessonKey) -> Progress) -> bool {
        let before = LOADS.load(Ordering::Relaxed);
        let read = self.cache.read(key, &self.session).now_or_never();
        std::hint::black_box(read);
        LOADS.load(Ordering::Relaxed) == before
    }

    /// A write that ended in an error removes the entry, and leaves nothing in the session.
    fn remove(&self, key: LessonKey) {
        let write = ready(Err::<Version, ()>(()));
        let _ = self.cache.write(key, &self.session, write).now_or_never();
    }
}

fn whole(capacity: u64) -> usize {
    usize::try_from(capacity).expect("some thousand")
}
