//! What a cache may ask of the authority at once, and what happens to those who are too many.

use crate::plain::Plain;
use crate::world::{LESSON, Reading, TTL, World, answers, lesson, pass, roomy, session, settle};
use cache::cache::Cache;
use cache::settings::{ReadError, Settings};
use std::convert::Infallible;
use std::sync::Arc;
use testbed::{idle, note, soon, story};
use tokio::task::JoinSet;

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
            !readings.iter().any(Reading::is_done),
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
            assert!(
                !waiting.is_done(),
                "One may wait, and nobody does: those who did have left. A waiting place is given back \
                 by leaving too."
            );
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
    for end in [
        "with a value",
        "with an error",
        "with a panic",
        "by being given up",
    ] {
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

/// **C8** A load that has begun waits no more: its waiting place is another's.
#[test]
fn a_load_that_runs_has_left_its_waiting_place() {
    story(|| async {
        let world = World::new(Settings {
            max_loads: 1,
            max_waiting_loads: 1,
            ..roomy()
        });
        world.authority.hold();
        let first = world.start(lesson(0)).await;
        let second = world.start(lesson(1)).await;
        world.authority.release(1);
        assert_eq!(first.answer().await, Ok(0));
        settle().await;
        assert_eq!(world.loads(), 2, "The one that waited runs.");
        let third = world.start(lesson(2)).await;
        assert!(
            !third.is_done(),
            "One load runs and one may wait. None does, for the one that had waited has begun; and the \
             next was shed."
        );
        world.let_all_go().await;
        assert_eq!(answers(vec![second, third]).await, vec![Ok(0); 2]);
    });
}

/// **C8** Whatever becomes of loads, there are as many places afterwards as there were: no fewer, and no
/// more.
#[test]
fn there_are_as_many_places_as_before() {
    for how in ["left alone", "invalidated", "cleared", "written", "too old"] {
        for end in ["lands", "fails", "panics", "is given up"] {
            story(move || async move {
                note(format!(
                    "four times a load is {how} and then {end}; two loads may run, and two may wait"
                ));
                let world = World::new(Settings {
                    max_loads: 2,
                    max_waiting_loads: 2,
                    ..roomy()
                });
                for _ in 0..4 {
                    world.authority.hold();
                    let reading = world.start(LESSON).await;
                    let load = world.loads();
                    let version = world.authority.change(LESSON);
                    match how {
                        "invalidated" => world.invalidate(LESSON, version),
                        "cleared" => world.clear(),
                        "written" => {
                            let writer = session();
                            let write = std::future::ready(Ok::<_, Infallible>(version));
                            let written = world.cache.write(LESSON, &writer, write);
                            assert!(written.await.is_ok());
                        }
                        "too old" => pass(2 * TTL).await,
                        _ => {}
                    }
                    match end {
                        "lands" => world.authority.release(load),
                        "fails" => world.authority.fail(load),
                        "panics" => world.authority.panic(load),
                        _ => {
                            reading.give_up().await;
                            // If the load goes on without its reader, it ends now.
                            world.authority.release(load);
                        }
                    }
                    settle().await;
                    world.clear();
                }
                let before = world.loads();
                let readings: Vec<Reading> =
                    (0..6).map(|n| world.spawn(lesson(n), &session())).collect();
                settle().await;
                let shed = readings.iter().filter(|reading| reading.is_done()).count();
                assert_eq!(
                    (world.loads() - before, shed),
                    (2, 2),
                    "Six lessons are read: two loads may run, two may wait, and two are to be shed. (The \
                     first number are those that run, the second those that have their answer.)"
                );
                drop(readings);
            });
        }
    }
}
