//! The cache.
//!
//! Its promises are about what a read may return, and they are all of one kind: a value is known by the
//! load that brought it, and a load by when it *began*, because the authority may have looked right
//! then. A slow load is an old answer, also when it has only just arrived.
//!
//! Eviction is a craft of its own, and not the subject: `quick_cache` has a good policy (read what it
//! says about its capacity), and so has a `HashMap` that drops any entry, as far as the promises go; but
//! not always the first one that it finds, which tends to be the one just put. Work on the caller's runtime: the tests run all of it on one thread, in paused time; but
//! the promises hold on several threads as well.

use crate::session::Session;
use crate::settings::{ReadError, Settings, SettingsError};
use crate::source::Source;
use domain::{LessonKey, Progress, Version};
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

/// A bounded read-through cache. Clones are the same cache.
pub struct Cache<S> {
    inner: Arc<Inner<S>>,
}

impl<S> Clone for Cache<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

/// What the clones share. It is yours to design.
struct Inner<S> {
    _source: PhantomData<S>,
}

impl<S: Source> Cache<S> {
    // ANCHOR: stubs
    /// An empty cache in front of `source`. It takes memory as it is used, and not before. The widest
    /// settings are settings: `usize::MAX` and `Duration::MAX` work like any other.
    ///
    /// # Errors
    /// [`SettingsError`] when there is no room for an entry, or no load may run.
    ///
    /// Judged by `bound::settings_without_room_or_loads_are_refused`,
    /// `bound::room_that_is_not_used_is_not_reserved` and
    /// `staleness::the_widest_and_the_narrowest_bound_are_bounds`.
    pub fn new(source: S, settings: Settings) -> Result<Self, SettingsError> {
        let _ = (source, settings);
        todo!("Refuse what can be no cache, and set up an empty one that reserves nothing.")
    }

    /// Where the learner stands in the lesson. `None`, "not begun", is a value like any other, and is
    /// kept like any other; it is below every version.
    ///
    /// - **Fresh.** A value is returned only if the load that brought it began at most `ttl` before this
    ///   read did. That is one rule for entries and for loads that are still running.
    /// - **Kept.** What a load brings is kept as an entry until it is too old, replaced, invalidated, or
    ///   its room is needed; unless the load was overtaken (see [`invalidate`](Self::invalidate)). While
    ///   there is an entry that may be served, it is served at once: without a load, without waiting
    ///   for anything, and also when the authority is down.
    /// - **Shared.** Reads of a key that find no entry share one load, running or waiting, as far as
    ///   they may be served from it. A slow key holds up no other while there are places.
    /// - **Alone.** A read that is dropped harms nobody. Those who wait for the load that it had
    ///   started are answered all the same; that may take a second load. If nobody waits, a load that
    ///   runs may go on or be dropped, and has its place until then; one that still waits for a place
    ///   gives its waiting place back, and does not begin.
    /// - **In its session.** A value below the session's [`floor`](Session::floor) is not returned: not
    ///   from an entry, which stays and serves others meanwhile, and not from a load that was joined
    ///   and had begun before. Then one more load, shared with whoever needs it too, has to do. What
    ///   it brings is an entry for everybody.
    /// - **Bounded.** A load needs one of `max_loads` places, for as long as it runs, also once nobody
    ///   may join it any more. When all are taken it waits, and at most `max_waiting_loads` do. Joining
    ///   takes no place.
    ///
    /// # Errors
    /// An error is no value, and is not kept: the next read asks again. It takes no entry away.
    /// - [`ReadError::Unavailable`] when the load fails, or panics (perhaps before it returns a
    ///   future). All who wait for it get this, and none of them starts another load.
    /// - [`ReadError::Shed`], at once, when a load is needed and neither runs nor may wait.
    /// - [`ReadError::Behind`] when a load that began after this read did brings less than the session
    ///   had been told when the read began. The authority isn't asked again.
    ///
    /// Judged by the tests in `staleness`, `keys`, `flights`, `sessions`, `errors`, `places`, `queue` and
    /// `crossings`, by
    /// `schedules::no_order_of_events_makes_an_answer_older_than_the_bound`, and first by
    /// `staleness::an_entry_serves_until_the_bound_and_no_longer`.
    pub async fn read(
        &self,
        key: LessonKey,
        session: &Session,
    ) -> Result<Option<Progress>, ReadError> {
        let _ = (&self.inner, key, session);
        todo!("Read through: serve an entry that may be served, else join a load, else start one.")
    }

    /// Runs a write of `key`, and hands on exactly what the authority says, when it has said it. On `Ok`
    /// the session is told of the version.
    ///
    /// Whatever the end is (`Ok`, `Err`, a panic, or that this future is dropped half-way), the write may
    /// have taken place. So from then on no read that begins returns anything from a load that began
    /// before the end: not from an entry, not by joining, not from a late fill.
    ///
    /// The cache is not in the way: the write is not delayed, other writes neither, and reads that
    /// begin while it runs don't wait for it; they may return the value before it or after it. A write
    /// needs no load, and touches no other key.
    ///
    /// # Errors
    /// As `write` does.
    ///
    /// Judged by the tests in `writes`.
    pub async fn write<E>(
        &self,
        key: LessonKey,
        session: &Session,
        write: impl Future<Output = Result<Version, E>>,
    ) -> Result<Version, E> {
        let _ = (key, session, write);
        todo!("Run the write, and forget the key at its end, whatever the end is.")
    }

    /// Takes note that `key` has reached `version`. From then on no read that begins returns less:
    ///
    /// - not from an entry; but one that is at `version` or above stays, and costs no load;
    /// - not from a load that was running, by joining it: one way is to join it no more, another to hold
    ///   what it brings against `version` and load anew;
    /// - not from a late fill: what an overtaken load brings neither replaces a newer entry nor is kept
    ///   in its place when that is gone; however long the load takes, whatever happens to other keys,
    ///   and however another load of the key ends.
    ///
    /// Those who waited already are answered by the load that they wait for. Notices may come late,
    /// twice, and in any order.
    ///
    /// Judged by the tests in `late`, by `flights::misses_after_an_invalidation_are_one_load_too` and by
    /// `schedules::no_order_of_events_brings_back_what_was_invalidated`.
    pub fn invalidate(&self, key: LessonKey, version: Version) {
        let _ = (key, version);
        todo!(
            "Remove what is below the version, and see to it that no running load brings it back."
        )
    }

    /// Forgets everything: there are no entries left, and from then on no read that begins returns
    /// anything from a load that began before. That is what to do after notices have been missed.
    ///
    /// It changes latency and load, and no answer beyond that.
    ///
    /// Judged by the tests in `vanish`.
    pub fn clear(&self) {
        todo!("Forget all entries, and see to it that no running load brings one back.")
    }

    /// How many entries are held at this moment, whether they may still be served or not. Never more
    /// than `capacity_entries`, and at least half of that when more keys than that are asked for.
    /// Whatever the keys are and however their loads end, nothing else is kept for a key that has no
    /// entry and no load (see [`Settings::capacity_entries`] for the memory).
    ///
    /// Judged by `bound::there_are_never_more_entries_than_the_capacity`,
    /// `bound::memory_stays_within_its_bound_under_many_keys` and
    /// `bound::keys_without_an_entry_leave_nothing`.
    pub fn entries(&self) -> usize {
        todo!("Count the entries.")
    }
    // ANCHOR_END: stubs
}
