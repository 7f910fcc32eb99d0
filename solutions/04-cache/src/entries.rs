//! What has been loaded, bounded in number and in age.
//!
//! Which entry has to go when space runs out is a question that others have answered better than we
//! would: `quick_cache` keeps what is asked for often, resists being flushed by one long scan, and
//! locks a part of itself only. Three of its ways have to be known to use it for a promise:
//!
//! - Its capacity is "approximate": it is divided by the number of parts, and rounded *up* in each. So
//!   the number of parts is chosen here, and the capacity rounded down to a multiple of it.
//! - It has no notion of age. Age is judged on reading: an entry carries the last moment at which a
//!   read that begins may be served from it. Nothing runs in the background, and an entry that nobody
//!   asks for any more goes when its space is needed.
//! - It can share loads by itself (`get_or_insert_async`). That was not taken: its placeholder outlives
//!   an invalidation, and fills the cache with what was loaded before it.

use domain::{LessonKey, Progress, Version};
use quick_cache::sync::{Cache as Map, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use std::time::Duration;
use tokio::time::Instant;

/// The most parts that the map is divided into. Each has a lock; readers share it, and sixteen keep the
/// fills of a few dozen threads out of each other's way.
const MAX_SHARDS: usize = 16;

/// The least entries in a part. The hash divides keys unevenly, so that a small part overflows while
/// another has room.
const MIN_SHARD_ENTRIES: usize = 64;

/// One value, and until when it is good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Option<Progress>,
    /// The last moment at which a read may begin and be served from this; `None` if that is for ever.
    good_until: Option<Instant>,
}

impl Entry {
    /// A value that was brought by a load that began at `began`. What counts is the beginning: the
    /// authority may have looked right then, however long its answer took to arrive.
    pub(crate) fn new(value: Option<Progress>, began: Instant, ttl: Duration) -> Self {
        Self {
            value,
            // Beyond what the clock can say is for ever.
            good_until: began.checked_add(ttl),
        }
    }
}

/// A value's version, where "not begun" is below every version.
pub(crate) fn version_of(value: Option<Progress>) -> Option<Version> {
    value.map(|progress| progress.version)
}

/// The entries.
pub(crate) struct Entries {
    map: Map<LessonKey, Entry>,
}

impl Entries {
    /// Room for `capacity` entries, which is not reserved before it is used.
    pub(crate) fn new(capacity: usize) -> Self {
        let shards = (capacity / MIN_SHARD_ENTRIES).clamp(1, MAX_SHARDS);
        // The map takes powers of two only, and the one above would make shards too small.
        let shards = 1 << shards.ilog2();
        let capacity = capacity - capacity % shards;
        let options = OptionsBuilder::new()
            .shards(shards)
            .estimated_items_capacity(capacity)
            .weight_capacity(u64::try_from(capacity).unwrap_or(u64::MAX))
            .build()
            .expect("both capacities are set");
        Self {
            map: Map::with_options(
                options,
                UnitWeighter,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
        }
    }

    /// The entry under `key`, if it may be served to a read that began at `began` and must not be
    /// below `floor`.
    pub(crate) fn get(
        &self,
        key: LessonKey,
        began: Instant,
        floor: Option<Version>,
    ) -> Option<Entry> {
        let entry = self.map.get(&key)?;
        let fresh = entry.good_until.is_none_or(|until| began <= until);
        (fresh && version_of(entry.value) >= floor).then_some(entry)
    }

    /// Puts an entry in the place of whatever is there.
    pub(crate) fn put(&self, key: LessonKey, entry: Entry) {
        self.map.insert(key, entry);
    }

    /// Removes the entry if it is below `version`. Says whether one stays, at `version` or above.
    pub(crate) fn remove_below(&self, key: LessonKey, version: Version) -> bool {
        match self.map.peek(&key) {
            Some(entry) if version_of(entry.value) >= Some(version) => true,
            Some(_) => {
                self.map.remove(&key);
                false
            }
            None => false,
        }
    }

    pub(crate) fn remove(&self, key: LessonKey) {
        self.map.remove(&key);
    }

    pub(crate) fn clear(&self) {
        self.map.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }
}
