//! What a cache may hold.

use crate::world::plain::Plain;
use crate::world::{LESSON, PLAIN, TTL, WAITED, lesson, pass, roomy, session, settle};
use cache::cache::Cache;
use cache::settings::Settings;
use domain::{LessonKey, Version};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use testbed::memory::Watch;
use testbed::{note, poll_once, scene, story};
use tokio::task::JoinSet;

/// Why a read has no answer yet.
const STUCK: &str =
    "The authority answers nobody, and a read of a lesson that was never loaded has an answer.";

/// **C8** At no moment are there more entries than the capacity says; and a full cache goes on keeping what is read,
/// and does not throw the rest away for it.
#[test]
fn a_full_cache_stays_full_and_within_its_capacity() {
    story(|| async {
        for capacity in [1, 2, 3, 65, 1001] {
            scene(format!("a cache has room for {capacity} entries"));
            let settings = Settings {
                capacity_entries: capacity,
                ..roomy()
            };
            let source = Plain::default();
            let cache = Cache::new(source.clone(), settings).expect("settings that make sense");
            let stranger = session();
            for number in 1..=3 * capacity {
                let answer = cache.read(lesson(number as u64), &stranger).await;
                assert!(answer.is_ok(), "{PLAIN} It got {answer:?}.");
                let entries = cache.entries();
                assert!(
                    entries <= capacity,
                    "After {number} lessons there are {entries} entries, and {capacity} is the bound. (About as many is \
                     not a bound.)"
                );
                assert!(
                    number < capacity || entries * 2 >= capacity,
                    "{number} lessons have been read, there is room for {capacity} entries, and {entries} are held: at \
                     least half of the room is to be used."
                );
            }
            pass(2 * TTL).await;
            let before = source.loads();
            for _ in 0..4 {
                let answer = cache.read(lesson(0), &stranger).await;
                assert!(answer.is_ok(), "{PLAIN} It got {answer:?}.");
            }
            assert!(
                source.loads() < before + 4,
                "Everything that the cache holds has expired, and a lesson that is read four times now is not kept."
            );
        }
    });
}

/// **C8** What is not used is not reserved, and the largest of settings are settings.
#[test]
fn room_that_is_not_used_is_not_reserved() {
    story(|| async {
        for capacity in [1_000_000, usize::MAX] {
            scene(format!(
                "a cache has room for {capacity} entries, and everything else is without bounds"
            ));
            let watch = Watch::start();
            let cache = Cache::new(
                Plain::default(),
                Settings {
                    capacity_entries: capacity,
                    ttl: Duration::MAX,
                    max_loads: usize::MAX,
                    max_waiting_loads: usize::MAX,
                },
            )
            .expect("settings that make sense");
            let answer = cache.read(LESSON, &session()).await;
            assert!(answer.is_ok(), "{PLAIN} It got {answer:?}.");
            let grown = watch.grown_bytes();
            assert!(
                grown <= 64 * 1024,
                "One lesson has been read, and the cache holds {grown} bytes; 65536 are allowed for an \
                 empty one. The capacity is a bound, and not an estimate of what will be used."
            );
        }
    });
}

/// **C4** However many keys were loaded, failed, invalidated, written or given up, they leave no more than the entries
/// that the capacity allows; and for all that, no late fill is let in.
#[test]
fn keys_without_an_entry_leave_nothing() {
    story(|| async {
        let settings = Settings {
            capacity_entries: 100,
            max_loads: 4,
            max_waiting_loads: 4,
            ..roomy()
        };
        let source = Plain::default();
        let cache = Cache::new(source.clone(), settings).expect("settings that make sense");
        let stranger = session();
        let watch = Watch::start();
        for (failing, expected) in [(false, "ended well"), (true, "failed")] {
            source.set_failing(failing);
            for number in 0..10_000 {
                let answer = cache.read(lesson(number), &stranger).await;
                assert_eq!(
                    answer.is_ok(),
                    !failing,
                    "A load {expected}, and its read got {answer:?}."
                );
            }
            within_bound(
                &watch,
                settings,
                &format!("loads of 10000 lessons {expected}"),
            );
            cache.clear();
        }
        source.set_failing(false);
        source.set_stuck(true);
        let mut early = Box::pin(cache.read(LESSON, &stranger));
        assert!(poll_once(early.as_mut()).is_pending(), "{STUCK}");
        settle().await;
        cache.invalidate(LESSON, Version(1));
        for number in 0..10_000 {
            cache.invalidate(lesson(number), Version(3));
            let write = std::future::ready(Err::<Version, _>("no"));
            assert!(
                cache.write(lesson(number), &stranger, write).await.is_err(),
                "The write ended with an error, and its caller has to get that error."
            );
        }
        within_bound(
            &watch,
            settings,
            "10000 lessons were invalidated and written",
        );
        source.set_stuck(false);
        let answer = early.await;
        assert!(answer.is_ok(), "{WAITED} It got {answer:?}.");
        let before = source.loads();
        let answer = cache.read(LESSON, &stranger).await;
        assert!(answer.is_ok(), "{PLAIN} It got {answer:?}.");
        assert_eq!(
            source.loads(),
            before + 1,
            "A load was under way when its lesson was invalidated, then 10000 others were, and what it brought was kept. \
             What was remembered of the invalidation had to make room for others."
        );
        for number in 0..2_500 {
            source.set_stuck(true);
            let before = source.loads();
            let mut readers = JoinSet::new();
            // Four that run, four that wait, and one that is shed.
            for key in 0..9 {
                let (cache, session) = (cache.clone(), Arc::clone(&stranger));
                let key = LessonKey::new(3, 9 * number + key);
                readers.spawn(async move { cache.read(key, &session).await });
            }
            settle().await;
            assert_eq!(
                source.loads() - before,
                4,
                "Nothing else was running, and four loads may run at once."
            );
            drop(readers);
            // If the loads go on without their readers, this is when they end.
            source.set_stuck(false);
            settle().await;
        }
        within_bound(&watch, settings, "reads of 22500 lessons were given up");
    });
}

/// **C8** Loads that were overtaken leave nothing, however they end.
#[test]
fn overtaken_loads_leave_nothing() {
    for end in ["lands", "fails", "is given up"] {
        story(move || async move {
            let settings = Settings {
                capacity_entries: 10,
                max_loads: 1,
                max_waiting_loads: 0,
                ..roomy()
            };
            let source = Plain::default();
            let cache = Cache::new(source.clone(), settings).expect("settings that make sense");
            let stranger = session();
            let watch = Watch::start();
            for number in 0..8_000 {
                source.set_stuck(true);
                source.set_failing(end == "fails");
                let mut read = Box::pin(cache.read(lesson(number), &stranger));
                assert!(poll_once(read.as_mut()).is_pending(), "{STUCK}");
                tokio::task::yield_now().await;
                cache.invalidate(lesson(number), Version(9));
                source.set_stuck(false);
                if end == "is given up" {
                    drop(read);
                    // If the load goes on without its reader, it ends now.
                    settle().await;
                } else {
                    let read = read.await;
                    assert_eq!(
                        read.is_ok(),
                        end == "lands",
                        "A read has the outcome of the load that it waits for, also of one that was overtaken. That \
                         one {end}, and the read got {read:?}."
                    );
                }
            }
            within_bound(
                &watch,
                settings,
                &format!("8000 loads had been overtaken, each of which {end}"),
            );
        });
    }
}

/// **C8** A load that runs, and one that waits, cost what the settings say; and while the authority is stuck, those who
/// come and go leave nothing in the line.
#[test]
fn those_who_come_and_go_leave_nothing_in_the_line() {
    story(|| async {
        let settings = Settings {
            capacity_entries: 1,
            max_loads: 64,
            max_waiting_loads: 64,
            ..roomy()
        };
        let source = Plain::default();
        let cache = Cache::new(source.clone(), settings).expect("settings that make sense");
        let stranger = session();
        source.set_stuck(true);
        // Made before the watch begins: a read's own memory is its caller's.
        let mut reads: Vec<_> = (0..128)
            .map(|number| Box::pin(cache.read(lesson(number), &stranger)))
            .collect();
        let watch = Watch::start();
        for read in &mut reads {
            assert!(poll_once(read.as_mut()).is_pending(), "{STUCK}");
        }
        settle().await;
        assert_eq!(
            source.loads(),
            64,
            "Half of them run, and half of them wait."
        );
        within_bound(&watch, settings, "64 loads ran and 64 waited");
        reads.truncate(127);
        for number in 0..10_000 {
            tokio::task::yield_now().await;
            let mut waiting = pin!(cache.read(lesson(200 + number % 7), &stranger));
            assert!(
                poll_once(waiting.as_mut()).is_pending(),
                "64 loads run, 64 may wait, and 63 do: whoever else waited has left. This read was not let into the line."
            );
            tokio::task::yield_now().await;
        }
        within_bound(
            &watch,
            settings,
            "10000 reads had come and gone while the loads were stuck",
        );
        source.set_stuck(false);
        for read in reads {
            let answer = read.await;
            assert!(answer.is_ok(), "{PLAIN} It got {answer:?}.");
        }
    });
}

/// Compares the memory that was taken since `watch` with what the settings promise.
fn within_bound(watch: &Watch, settings: Settings, what: &str) {
    note(what);
    let loads = settings.max_loads + settings.max_waiting_loads;
    let bound = settings.capacity_entries * 512 + loads * 4096 + 64 * 1024;
    let grown = watch.grown_bytes();
    assert!(
        grown <= bound,
        "When {what}, the cache held {grown} bytes. With room for {} entries, {loads} loads that run or \
         wait, {bound} bytes are the bound. What is kept for keys that have no \
         entry?",
        settings.capacity_entries
    );
}
