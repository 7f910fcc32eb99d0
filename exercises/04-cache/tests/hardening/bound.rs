//! What a cache may hold.

use crate::world::authority::value;
use crate::world::plain::Plain;
use crate::world::{LESSON, PLAIN, TTL, World, lesson, pass, roomy, session, settle};
use cache::cache::Cache;
use cache::session::Session;
use cache::settings::{ReadError, Settings, SettingsError};
use domain::Version;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use testbed::memory::Watch;
use testbed::{note, poll_once, scene, story};
use tokio::task::JoinSet;

/// Why a read has no answer yet.
const STUCK: &str =
    "The authority answers nobody, and a read of a lesson that was never loaded has an answer.";

/// **C8** A cache without room, or without a load, is refused when it is made. One in which nobody may wait is
/// a cache.
#[test]
fn settings_without_room_or_loads_are_refused() {
    story(|| async {
        let with = |settings| Cache::new(Plain::default(), settings);
        let no_room = Settings {
            capacity_entries: 0,
            ..roomy()
        };
        let no_loads = Settings {
            max_loads: 0,
            ..roomy()
        };
        for (settings, error) in [
            (no_room, SettingsError::NoCapacity),
            (no_loads, SettingsError::NoLoads),
        ] {
            assert_eq!(
                with(settings).err(),
                Some(error),
                "No cache can keep the promises of these settings, and one was made: {settings:?}"
            );
        }
        let nobody_waits = with(Settings {
            max_waiting_loads: 0,
            ..roomy()
        });
        let read = nobody_waits.expect("nobody has to wait");
        assert_eq!(
            read.read(LESSON, &session()).await,
            Ok(value(LESSON, 1)),
            "{PLAIN}"
        );
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
                assert!(answer.is_ok(), "{PLAIN} It got {answer:?}.");
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
            assert_eq!(world.read(lesson(number)).await, Ok(0), "{PLAIN}");
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
                assert_eq!(world.read(lesson(number)).await, Ok(0), "{PLAIN}");
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

/// **C8** Every staleness bound that is longer than the clock can express is a bound, and not only `Duration::MAX`.
#[test]
fn bounds_that_are_nearly_for_ever_are_bounds() {
    story(|| async {
        for ttl in [
            Duration::MAX.checked_sub(Duration::from_nanos(1)).unwrap(),
            Duration::from_secs(u64::MAX / 2),
            Duration::from_secs(1 << 40),
        ] {
            scene(format!("the bound is {ttl:?}"));
            let world = World::at_version(1, Settings { ttl, ..roomy() });
            assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
            pass(TTL).await;
            assert_eq!(
                (world.read(LESSON).await, world.loads()),
                (Ok(1), 1),
                "A minute has passed, and the bound is {ttl:?}. The entry is fresh, and costs no load (the second \
                 number counts the loads)."
            );
            let told = Session::new(ttl);
            told.acknowledged(LESSON, Version(1));
            pass(TTL).await;
            assert_eq!(
                told.floor(LESSON),
                Some(Version(1)),
                "A minute has passed since the acknowledgement, and it counts for {ttl:?}."
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
            assert!(answer.is_ok(), "{PLAIN} It got {answer:?}.");
        }
        within_bound(&watch, settings, "100000 lessons were read");
        assert_eq!(
            source.loads(),
            100_000,
            "Each of 100000 lessons was read once, and had to be loaded once."
        );
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
            assert_eq!(
                answer,
                Err(ReadError::Unavailable),
                "The authority is down, and nothing of this lesson was ever loaded."
            );
        }
        within_bound(&watch, settings, "loads of 10000 lessons failed");
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

/// **C8** While the authority is stuck, those who come and go leave nothing in the line.
#[test]
fn those_who_come_and_go_leave_nothing_in_the_line() {
    story(|| async {
        let settings = Settings {
            capacity_entries: 10,
            max_loads: 1,
            max_waiting_loads: 4,
            ..roomy()
        };
        let source = Plain::default();
        let cache = Cache::new(source.clone(), settings).expect("settings that make sense");
        let stranger = session();
        source.set_stuck(true);
        let watch = Watch::start();
        let mut running = Box::pin(cache.read(LESSON, &stranger));
        assert!(poll_once(running.as_mut()).is_pending(), "{STUCK}");
        for number in 0..10_000 {
            {
                let mut waiting = pin!(cache.read(lesson(number % 7), &stranger));
                assert!(
                    poll_once(waiting.as_mut()).is_pending(),
                    "One load runs, four may wait, and none does: whoever waited before has left. This read was not \
                     let into the line."
                );
                tokio::task::yield_now().await;
            }
            tokio::task::yield_now().await;
        }
        within_bound(
            &watch,
            settings,
            "10000 reads had come and gone while a load was stuck",
        );
        source.set_stuck(false);
        let read = running.await;
        assert!(read.is_ok(), "{PLAIN} It got {read:?}.");
    });
}

/// **C8** A load that runs, and one that waits, cost what the settings say.
#[test]
fn loads_that_run_or_wait_cost_what_the_settings_say() {
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
