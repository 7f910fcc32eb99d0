//! What has been loaded, bounded in number. Given.
//!
//! Which entry has to go when space runs out is a question that others have answered better than we
//! would: `quick_cache` keeps what is asked for often, resists being flushed by one long scan, and
//! locks a part of itself only. Three of its ways have to be known to use it for a promise:
//!
//! - Its capacity is "approximate": it is divided by the number of parts, and rounded *up* in each. So
//!   the number of parts is chosen here, and the capacity rounded down to a multiple of it.
//! - It has no notion of age. Nothing runs in the background: an entry carries the moment at which its
//!   load began, whoever reads judges by that, and an entry that nobody asks for any more goes when its
//!   space is needed.
//! - It can share loads by itself (`get_or_insert_async`). That was not taken: its placeholder outlives
//!   an invalidation, and fills the cache with what was loaded before it.

use domain::{LessonKey, Progress, Version};
use quick_cache::sync::{Cache as Map, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use tokio::time::Instant;

/// The largest number of parts that the map is divided into. Each has a lock, which readers share; with sixteen, a
/// few dozen threads seldom wait for each other when they fill.
const MAX_SHARDS: usize = 16;

/// The smallest number of entries in a part. The hash divides keys unevenly, so that a small part overflows while
/// another has room.
const MIN_SHARD_ENTRIES: usize = 64;

// ANCHOR: entry
/// A value, and when the load that brought it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Option<Progress>,
    pub(crate) began: Instant,
}
// ANCHOR_END: entry

/// Whether a value is at `version` or above. "Not begun" is below every version.
pub(crate) fn reaches(value: Option<Progress>, version: Version) -> bool {
    value.is_some_and(|progress| progress.version >= version)
}

/// The entries. They are filled and emptied under the lock of the flights only, and read without it.
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

    /// The entry under `key`, however old it is.
    pub(crate) fn get(&self, key: LessonKey) -> Option<Entry> {
        self.map.get(&key)
    }

    /// Puts an entry in the place of whatever is there.
    pub(crate) fn put(&self, key: LessonKey, entry: Entry) {
        self.map.insert(key, entry);
    }

    /// Removes the entry under `key`, if there is one.
    pub(crate) fn remove(&self, key: LessonKey) {
        self.map.remove(&key);
    }

    /// Removes all entries.
    pub(crate) fn clear(&self) {
        self.map.clear();
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }
}
