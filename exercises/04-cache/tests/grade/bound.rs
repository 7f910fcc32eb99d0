//! What a cache may hold.

use crate::plain::Plain;
use crate::world::{LESSON, TTL, World, lesson, pass, roomy, session, settle};
use cache::cache::Cache;
use cache::settings::{ReadError, Settings, SettingsError};
use domain::Version;
use std::sync::Arc;
use std::time::Duration;
use testbed::memory::Watch;
use testbed::{note, scene, story};
use tokio::task::JoinSet;

/// **C8** A cache without room, or without a load, is refused when it is made.
#[test]
fn settings_without_room_or_loads_are_refused() {
    story(|| async {
        let with = |settings| Cache::new(Plain::default(), settings).map(|_| ());
        let no_room = Settings {
            capacity_entries: 0,
            ..roomy()
        };
        assert_eq!(with(no_room), Err(SettingsError::NoCapacity));
        let no_loads = Settings {
            max_loads: 0,
            ..roomy()
        };
        assert_eq!(with(no_loads), Err(SettingsError::NoLoads));
        let nobody_waits = Settings {
            max_waiting_loads: 0,
            ..roomy()
        };
        assert_eq!(with(nobody_waits), Ok(()), "Nobody has to wait.");
    });
}

/// **C8** At no moment are there more entries than the capacity says.
#[test]
fn there_are_never_more_entries_than_the_capacity() {
    story(|| async {
        for capacity in [1, 2, 3, 65, 100, 1001] {
            scene(format!("a cache has room for {capacity} entries"));
            let cache = Cache::new(
                Plain::default(),
                Settings {
                    capacity_entries: capacity,
                    ..roomy()
                },
            )
            .expect("settings that make sense");
            let mut most = 0;
            for number in 0..3 * capacity as u64 {
                let answer = cache.read(lesson(number), &session()).await;
                assert!(answer.is_ok(), "{answer:?}");
                most = most.max(cache.entries());
                assert!(
                    most <= capacity,
                    "After {} lessons there are {most} entries, and {capacity} is the bound. (About as \
                     many is not a bound.)",
                    number + 1
                );
            }
            assert!(
                most * 2 >= capacity.min(100),
                "There is room for {capacity} entries, and never were there more than {most}."
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
            assert!(answer.is_ok(), "{answer:?}");
            let grown = watch.grown_bytes();
            assert!(
                grown <= 64 * 1024,
                "One lesson has been read, and the cache holds {grown} bytes; 65536 are allowed for an \
                 empty one. The capacity is a bound, and not a forecast."
            );
        }
    });
}

/// **C8** However many keys are asked for, memory stays within what the settings state.
#[test]
fn memory_stays_within_its_bound_under_many_keys() {
    story(|| async {
        let settings = Settings {
            capacity_entries: 1000,
            max_loads: 16,
            ..roomy()
        };
        let source = Plain::default();
        let cache = Cache::new(source.clone(), settings).expect("settings that make sense");
        let stranger = session();
        let watch = Watch::start();
        for number in 0..100_000 {
            let answer = cache.read(lesson(number), &stranger).await;
            assert!(answer.is_ok(), "{answer:?}");
        }
        within_bound(&watch, settings, "100000 lessons were read");
        assert_eq!(source.loads(), 100_000);
    });
}

/// **C8** Keys whose loads failed, were given up, or were only written or invalidated, leave nothing.
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
        source.set_failing(true);
        for number in 0..10_000 {
            let answer = cache.read(lesson(number), &stranger).await;
            assert_eq!(answer, Err(ReadError::Unavailable));
        }
        within_bound(&watch, settings, "loads of 10000 lessons failed");
        for number in 0..10_000 {
            cache.invalidate(lesson(number), Version(3));
            let write = std::future::ready(Err::<Version, _>("no"));
            assert!(cache.write(lesson(number), &stranger, write).await.is_err());
        }
        within_bound(
            &watch,
            settings,
            "10000 lessons were invalidated and written",
        );
        source.set_failing(false);
        for number in 0..2_500 {
            source.set_stuck(true);
            let before = source.loads();
            let mut readers = JoinSet::new();
            // Four that run, four that wait, and one that is shed.
            for key in 0..9 {
                let (cache, session) = (cache.clone(), Arc::clone(&stranger));
                readers.spawn(async move { cache.read(lesson(9 * number + key), &session).await });
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

/// Holds the memory that was taken since `watch` against what the settings promise.
fn within_bound(watch: &Watch, settings: Settings, what: &str) {
    note(what);
    let loads = settings.max_loads + settings.max_waiting_loads;
    let bound = settings.capacity_entries * 512 + loads * 4096 + 64 * 1024;
    let grown = watch.grown_bytes();
    assert!(
        grown <= bound,
        "When {what}, the cache held {grown} bytes. With room for {} entries, {loads} loads that run or \
         wait, and none of them now, {bound} bytes are the bound. What is kept for keys that have no \
         entry?",
        settings.capacity_entries
    );
}

/// **C8** A full cache goes on keeping what is read, and does not throw the rest away for it.
#[test]
fn a_full_cache_stays_full_and_takes_what_is_new() {
    story(|| async {
        let world = World::new(Settings {
            capacity_entries: 1000,
            ..roomy()
        });
        world.authority.stop_holding();
        for number in 0..3000 {
            assert_eq!(world.read(lesson(number)).await, Ok(0));
            let entries = world.cache.entries();
            assert!(
                number < 1000 || entries >= 500,
                "{number} lessons have been read, there is room for 1000 entries, and {entries} are \
                 held: at least half of the room is to be used."
            );
        }
        pass(2 * TTL).await;
        let before = world.loads();
        for _ in 0..4 {
            for number in 9000..9004 {
                assert_eq!(world.read(lesson(number)).await, Ok(0));
            }
        }
        assert!(
            world.loads() < before + 16,
            "Everything that the cache holds has expired, and what is read now, four times each, is not \
             kept: {} loads for 4 lessons.",
            world.loads() - before
        );
    });
}
