//! Loads that wait for a place, and places that become free.

use crate::world::{LESSON, OTHER, TTL, World, lesson, roomy, session, session_told, settle};
use cache::cache::Cache;
use cache::settings::{ReadError, Settings};
use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress, Version};
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testbed::{note, poll_once, scene, soon, story};

/// One load may run and some may wait.
fn one_place() -> Settings {
    Settings {
        max_loads: 1,
        max_waiting_loads: 4,
        ..roomy()
    }
}

/// Writes to `key`, with success and at once.
async fn write(world: &World, key: LessonKey) {
    let session = session();
    let written = world
        .cache
        .write(key, &session, async { Ok::<_, Infallible>(Version(1)) });
    let _ = soon("a write that needs nothing of the cache", written).await;
    note("a write has ended");
}

/// **C8** The load that waits runs when the one before it ends, however that ends, and is not touched by
/// it.
#[test]
fn the_next_load_runs_however_the_one_before_it_ends() {
    for end in [
        "with a value",
        "with an error",
        "with a panic",
        "by being given up",
    ] {
        story(move || async move {
            scene(format!("one load may run at once, and ends {end}"));
            let world = World::new(one_place());
            world.authority.hold();
            let first = world.start(lesson(0)).await;
            let second = world.start(lesson(1)).await;
            let third = world.start(lesson(2)).await;
            match end {
                "with a value" => world.authority.release(1),
                "with an error" => world.authority.fail(1),
                "with a panic" => world.authority.panic(1),
                _ => {
                    first.give_up().await;
                    // If it goes on without its reader, it ends now.
                    world.authority.release(1);
                }
            }
            settle().await;
            world.let_all_go().await;
            let what = "The load before it has ended, and its place is free.";
            assert_eq!(second.answer().await, Ok(0), "{what}");
            assert_eq!(third.answer().await, Ok(0), "{what}");
        });
    }
}

/// **C8** A load without readers, or one that was overtaken, has its place until it ends.
#[test]
fn no_load_is_beyond_the_places_while_another_one_runs() {
    for how in [
        "is given up",
        "is cleared",
        "is written over",
        "is invalidated",
        "is too old",
    ] {
        story(move || async move {
            scene(format!(
                "one load may run at once, and the one that does {how}"
            ));
            let world = World::new(one_place());
            world.authority.hold();
            let first = world.start(LESSON).await;
            match how {
                "is given up" => first.give_up().await,
                "is cleared" => world.clear(),
                "is written over" => write(&world, LESSON).await,
                "is invalidated" => world.invalidate(LESSON, Version(1)),
                _ => tokio::time::sleep(2 * TTL).await,
            }
            let again = world.start(LESSON).await;
            let other = world.start(OTHER).await;
            assert_eq!(
                world.authority.most_running(),
                1,
                "The load {how}, and goes on: to the authority it is still there, and one is what it \
                 has declared."
            );
            drop((again, other));
        });
    }
}

/// **C5** A load that waits for a place has not begun: nothing can overtake it, and nobody's leaving
/// takes it along.
#[test]
fn a_load_that_waits_is_not_overtaken() {
    let all = [
        "the cache is cleared",
        "its key is written",
        "its key is invalidated",
        "its first reader leaves",
        "its last reader leaves",
        "the bound passes",
    ];
    for how in all {
        story(move || async move {
            scene(format!("a load waits for a place, and {how}"));
            let world = World::new(one_place());
            world.authority.hold();
            let running = world.start(OTHER).await;
            let leader = world.start(LESSON).await;
            let follower = world.start(LESSON).await;
            let mut waiting = Vec::new();
            match how {
                "the cache is cleared" => world.clear(),
                "its key is written" => write(&world, LESSON).await,
                "its key is invalidated" => world.invalidate(LESSON, Version(1)),
                "its first reader leaves" => leader.give_up().await,
                "its last reader leaves" => world.start(LESSON).await.give_up().await,
                _ => tokio::time::sleep(2 * TTL).await,
            }
            waiting.push(follower);
            waiting.push(world.start(LESSON).await);
            world.authority.change(LESSON);
            world.authority.release(1);
            settle().await;
            world.let_all_go().await;
            let _ = running.answer().await;
            for reading in waiting {
                assert_eq!(
                    reading.answer().await,
                    Ok(1),
                    "The load that it waited for had not begun when {how}: it is as good as one that \
                     starts afterwards."
                );
            }
            assert_eq!(
                world.authority.loads_of(LESSON),
                1,
                "A load waited for its place while {how}. It had not begun, so nothing was wrong with \
                 it, and one load was enough for all."
            );
            let hit = world.start(LESSON).await;
            assert!(
                hit.is_done(),
                "What it brought is not kept, though nothing has overtaken it."
            );
        });
    }
}

/// A source that panics when it is first called, before there is a future.
struct PanicsFirst(AtomicUsize);

impl Source for PanicsFirst {
    #[allow(clippy::manual_async_fn)] // the panic has to come before the future
    fn load(
        &self,
        _key: LessonKey,
    ) -> impl Future<Output = Result<Option<Progress>, SourceError>> + Send {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            std::panic::resume_unwind(Box::new("asked to"));
        }
        async { Ok(None) }
    }
}

/// **C8** A source that panics before there is a future gives its place back too.
#[test]
fn a_source_that_panics_at_once_costs_no_place() {
    story(|| async {
        let source = PanicsFirst(AtomicUsize::new(0));
        let cache = Cache::new(source, one_place()).expect("settings that make sense");
        let session = session();
        let both =
            async { tokio::join!(cache.read(LESSON, &session), cache.read(OTHER, &session)) };
        let (first, second) = soon("both reads to be answered", both).await;
        assert_eq!(
            (first, second),
            (Err(ReadError::Unavailable), Ok(None)),
            "The source panicked at its first call. The second read waited for the place."
        );
        let third = soon("a place for a third", cache.read(lesson(3), &session)).await;
        assert_eq!(third, Ok(None));
    });
}

/// **C8** The further load that a session needs is a load like any other: it has a place, it is shared,
/// and what it brings is kept.
#[test]
fn a_sessions_further_load_has_a_place_and_is_kept() {
    story(|| async {
        let world = World::at_version(1, one_place());
        world.authority.hold();
        let early = world.start(LESSON).await;
        let version = world.authority.change(LESSON);
        let told = session_told(LESSON, version);
        let below = world.start_in(LESSON, &told).await;
        let other = world.start(OTHER).await;
        world.authority.release(1);
        assert_eq!(early.answer().await, Ok(1));
        settle().await;
        assert_eq!(
            world.authority.most_running(),
            1,
            "One load is what the authority declared."
        );
        world.let_all_go().await;
        assert_eq!((below.answer().await, other.answer().await), (Ok(2), Ok(0)));
        let hit = world.start_in(LESSON, &told).await;
        assert!(
            hit.is_done(),
            "What a session's further load brought was not kept."
        );
        assert_eq!(world.authority.loads_of(LESSON), 2);
    });
}

/// **C3** A write needs no place among the loads.
#[test]
fn a_write_goes_on_while_every_place_is_taken() {
    story(|| async {
        let world = World::new(Settings {
            max_waiting_loads: 0,
            ..one_place()
        });
        world.authority.hold();
        let running = world.start(OTHER).await;
        write(&world, LESSON).await;
        world.authority.release_all();
        assert_eq!(running.answer().await, Ok(0));
    });
}

/// **C5** Any number of reads may join a load.
#[test]
fn two_thousand_reads_join_one_load() {
    story(|| async {
        let world = World::at_version(1, one_place());
        world.authority.hold();
        let session = Arc::clone(&session());
        let readings: Vec<_> = (0..2000).map(|_| world.spawn(LESSON, &session)).collect();
        settle().await;
        world.authority.release_all();
        for reading in readings {
            assert_eq!(
                reading.answer().await,
                Ok(1),
                "It waited for a load that has ended well."
            );
        }
        assert_eq!(world.loads(), 1);
    });
}

/// **C8** A place that becomes free while the one that waits for it is leaving is lost to nobody.
#[test]
fn a_place_is_not_lost_with_one_that_is_leaving() {
    for turns in 0..8 {
        story(move || async move {
            note(format!(
                "a place becomes free, and {turns} turns of the runtime later the read that waits for it \
                 is given up"
            ));
            let world = World::new(Settings {
                max_loads: 1,
                max_waiting_loads: 4,
                ..roomy()
            });
            world.authority.hold();
            let running = world.start(OTHER).await;
            let leaving = world.start(LESSON).await;
            world.authority.release(1);
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            leaving.give_up().await;
            // If its load goes on without it, it ends now.
            world.let_all_go().await;
            let next = world.start(lesson(1)).await;
            world.let_all_go().await;
            assert_eq!(
                (running.answer().await, next.answer().await),
                (Ok(0), Ok(0)),
                "No load runs, and the next waits for a place."
            );
        });
    }
}

/// **C5** When the one who began a load leaves, those who wait with it are answered, whoever else comes.
#[test]
fn those_who_wait_with_a_leaver_are_not_shed() {
    for rivals_first in [true, false] {
        story(move || async move {
            let world = World::at_version(
                1,
                Settings {
                    max_loads: 1,
                    max_waiting_loads: 0,
                    ..roomy()
                },
            );
            world.authority.hold();
            let leader = world.start(LESSON).await;
            let follower = world.start(LESSON).await;
            note("the leader leaves, and others come in the same moment");
            let mut rivals = Vec::new();
            if rivals_first {
                let leaving = leader.give_up();
                let mut leaving = pin!(leaving);
                let _ = poll_once(leaving.as_mut());
                rivals.extend((0..3).map(|n| world.spawn(lesson(n), &session())));
                leaving.await;
            } else {
                leader.give_up().await;
            }
            world.let_all_go().await;
            assert_eq!(
                follower.answer().await,
                Ok(1),
                "It waited for a load, and nothing is wrong."
            );
            drop(rivals);
        });
    }
}
