//! What a cache may hold, and what it may ask of the authority.

use crate::plain::Plain;
use crate::world::{LESSON, World, answers, roomy, session, settle};
use cache::cache::Cache;
use cache::settings::{ReadError, Settings, SettingsError};
use domain::{LessonKey, Version};
use std::sync::Arc;
use std::time::Duration;
use testbed::memory::Watch;
use testbed::{idle, note, scene, soon, story};
use tokio::task::JoinSet;

fn lesson(number: u64) -> LessonKey {
    LessonKey::new(1, 10 + number)
}

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

/// **C8** A cold start asks for ten thousand keys at once, and the authority has to answer no more at a
/// time than it declared.
#[test]
fn a_cold_start_stays_within_the_declared_loads() {
    story(|| async {
        let source = Plain::default();
        let cache = Cache::new(
            source.clone(),
            Settings {
                capacity_entries: 20_000,
                max_loads: 10,
                max_waiting_loads: 10_000,
                ..roomy()
            },
        )
        .expect("settings that make sense");
        let stranger = session();
        let mut readers = JoinSet::new();
        for number in 0..10_000 {
            let (cache, session) = (cache.clone(), Arc::clone(&stranger));
            readers.spawn(async move { cache.read(lesson(number), &session).await });
        }
        note("10000 reads of 10000 lessons begin");
        let answers = soon("10000 reads to be answered", readers.join_all()).await;
        assert!(
            answers.iter().all(Result::is_ok),
            "There was room in the queue for all of them."
        );
        assert!(
            source.most_running() <= 10,
            "The authority declared that it answers 10 loads at once, and {} ran. An empty cache is the \
             day for which that number was declared.",
            source.most_running()
        );
        assert_eq!(source.most_running(), 10, "And ten it was to be given.");
    });
}

/// **C8** What neither runs nor may wait is shed at once; who joins, and who hits, needs no place.
#[test]
fn beyond_the_queue_reads_are_shed_at_once() {
    story(|| async {
        let world = World::at_version(
            1,
            Settings {
                max_loads: 2,
                max_waiting_loads: 3,
                ..roomy()
            },
        );
        assert_eq!(world.read(LESSON).await, Ok(1));
        world.authority.hold();
        let mut readings = Vec::new();
        for number in 0..5 {
            readings.push(world.start(lesson(number)).await);
        }
        assert_eq!(
            world.loads() - 1,
            2,
            "Two loads run, and three lessons wait."
        );
        let sixth = world.start(lesson(5)).await;
        assert!(
            sixth.is_done(),
            "Two loads run, three wait, and there is room for no more. The sixth read has to learn that \
             now, and not when it is its turn to learn it."
        );
        assert_eq!(sixth.answer().await, Err(ReadError::Shed));
        for number in 0..5 {
            readings.push(world.start(lesson(number)).await);
        }
        assert!(
            !readings.iter().any(crate::world::Reading::is_done),
            "Five further reads came for the lessons that run or wait. They join, and need no place."
        );
        assert_eq!(world.read(LESSON).await, Ok(1), "A hit needs no place.");
        for _ in 0..5 {
            world.authority.release_all();
            settle().await;
        }
        assert_eq!(answers(readings).await, vec![Ok(0); 10]);
        assert_eq!(world.authority.most_running(), 2);
        assert_eq!(world.loads() - 1, 5, "One load for each lesson.");
        world.authority.stop_holding();
        assert_eq!(world.read(lesson(5)).await, Ok(0), "There is room again.");
    });
}

/// **C8** A caller that leaves gives back the place at which it waited, and nobody loads for it.
#[test]
fn a_caller_that_leaves_gives_its_waiting_place_back() {
    story(|| async {
        let world = World::new(Settings {
            max_loads: 1,
            max_waiting_loads: 1,
            ..roomy()
        });
        world.authority.hold();
        let running = world.start(lesson(0)).await;
        for _ in 0..3 {
            let waiting = world.start(lesson(1)).await;
            assert!(!waiting.is_done(), "There is room for one to wait.");
            waiting.give_up().await;
        }
        let next = world.start(lesson(2)).await;
        assert!(
            !next.is_done(),
            "Those who waited have left, and one may wait; the next was shed."
        );
        world.authority.release(1);
        assert_eq!(running.answer().await, Ok(0));
        settle().await;
        world.authority.release_all();
        assert_eq!(next.answer().await, Ok(0));
        assert_eq!(
            world.authority.loads_of(lesson(1)),
            0,
            "Everybody who asked for this lesson had left before its load began."
        );
    });
}

/// **C8** A load gives its place back, however it ends: with a value, an error, a panic, or given up.
#[test]
fn every_load_gives_its_place_back() {
    for end in ["with a value", "with an error", "with a panic", "given up"] {
        story(move || async move {
            note(format!("nine loads end {end}, and two may run at once"));
            let world = World::new(Settings {
                max_loads: 2,
                max_waiting_loads: 0,
                ..roomy()
            });
            world.authority.hold();
            for number in 0..9 {
                let reading = world.start(lesson(number)).await;
                assert!(
                    !reading.is_done(),
                    "No load is running, and read {} was shed: places are lost when a load ends {end}.",
                    reading.number
                );
                let load = world.loads();
                match end {
                    "with a value" => world.authority.release(load),
                    "with an error" => world.authority.fail(load),
                    "with a panic" => world.authority.panic(load),
                    // If the load goes on without its reader, it has its place until it ends.
                    _ => {
                        reading.give_up().await;
                        world.authority.release(load);
                        settle().await;
                        continue;
                    }
                }
                let _ = reading.answer().await;
            }
        });
    }
}

/// **C8** A load that nobody may join any more is still a load to the authority.
#[test]
fn an_overtaken_load_still_counts() {
    story(|| async {
        let world = World::at_version(
            1,
            Settings {
                max_loads: 2,
                ..roomy()
            },
        );
        world.authority.hold();
        let mut readings = Vec::new();
        for _ in 0..6 {
            readings.push(world.start(LESSON).await);
            let version = world.authority.change(LESSON);
            world.invalidate(LESSON, version);
        }
        idle().await;
        assert!(
            world.authority.most_running() <= 2,
            "Six notices came in a row, each of them while a load ran; the authority declared two loads \
             at once, and {} ran.",
            world.authority.most_running()
        );
        for _ in 0..8 {
            world.authority.release_all();
            settle().await;
        }
        let last = answers(readings).await.pop();
        assert!(
            matches!(last, Some(Ok(6 | 7))),
            "The last read began at version 6, and returned {last:?}."
        );
        assert!(world.authority.most_running() <= 2);
    });
}
