//! Loads that wait for a place, and places that become free.

use crate::world::plain::Plain;
use crate::world::{
    LESSON, OTHER, PLAIN, TTL, World, each_gets, lesson, roomy, session, session_told, settle,
};
use cache::cache::Cache;
use cache::settings::{ReadError, Settings};
use domain::{LessonKey, Version};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use testbed::{note, poll_once, scene, soon, story};
use tokio::task::JoinSet;

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
            "The authority declared that it answers 10 loads at once, and {} ran. That number was \
             declared for the day on which the cache is empty.",
            source.most_running()
        );
        assert_eq!(
            source.most_running(),
            10,
            "The authority declared 10 loads at once, ten thousand waited, and so many ran at the same time."
        );
    });
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

/// **C8** A load that has begun no longer waits: its place in the line is free for another one.
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
        assert_eq!(first.answer().await, Ok(0), "{PLAIN}");
        settle().await;
        assert_eq!(world.loads(), 2, "The one that waited runs.");
        let third = world.start(lesson(2)).await;
        assert!(
            !third.is_done(),
            "One load runs and one may wait. None does, because the one that had waited has begun; \
             and the next one was shed."
        );
        world.let_all_go().await;
        each_gets(vec![second, third], Ok(0), "Places became free.").await;
    });
}

/// **C8** A place that becomes free while the read that waits for it is leaving is not lost.
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
                "No load runs, and the next one waits for a place: a place was lost."
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

/// **C6** A load that waited for its place until after the acknowledgement proves it, whoever asked for
/// it first.
#[test]
fn a_joined_load_that_began_later_is_proof_enough() {
    story(|| async {
        let world = World::at_version(
            1,
            Settings {
                max_loads: 1,
                ..roomy()
            },
        );
        world.authority.hold();
        let running = world.start(OTHER).await;
        let told = session_told(LESSON, Version(5));
        let stranger = world.start(LESSON).await;
        let behind = world.start_in(LESSON, &told).await;
        world.authority.release(1);
        settle().await;
        world.let_all_go().await;
        assert_eq!(
            (running.answer().await, stranger.answer().await),
            (Ok(0), Ok(1)),
            "{PLAIN}"
        );
        assert_eq!(
            behind.answer().await,
            Err(ReadError::Behind { floor: Version(5) }),
            "The session was told of version 5, and a load that began after this read brought version 1."
        );
        assert_eq!(
            world.authority.loads_of(LESSON),
            1,
            "The load that it joined was waiting for its place, and began after the read did. That is proof enough, \
             and an authority that is in trouble is not asked more often than that."
        );
    });
}

/// **C6** Where the further load that a session needs is shed, nothing is known of the authority: it is
/// not behind, and what was below the floor is no answer.
#[test]
fn a_session_whose_further_load_is_shed_is_told_that() {
    story(|| async {
        let world = World::at_version(
            1,
            Settings {
                max_loads: 1,
                max_waiting_loads: 1,
                ..roomy()
            },
        );
        world.authority.hold();
        let stranger = world.start(LESSON).await;
        let version = world.authority.change(LESSON);
        let told = session_told(LESSON, version);
        let own = world.start_in(LESSON, &told).await;
        let other = world.start(OTHER).await;
        note("another load waits for the place");
        world.authority.release(1);
        settle().await;
        world.let_all_go().await;
        assert_eq!(stranger.answer().await, Ok(1), "{PLAIN}");
        assert_eq!(other.answer().await, Ok(0), "{PLAIN}");
        let seen = own.answer().await;
        assert!(
            matches!(seen, Ok(2) | Err(ReadError::Shed)),
            "The load that it joined was from before the acknowledgement, and proves nothing. It takes \
             another one; where there is no place for that, the read is shed. It got {seen:?}."
        );
    });
}

/// **C3** A write needs no place among the loads, also where a read is shed because nobody may wait.
#[test]
fn a_write_goes_on_while_every_place_is_taken() {
    story(|| async {
        let world = World::new(Settings {
            max_waiting_loads: 0,
            ..one_place()
        });
        world.authority.hold();
        let running = world.start(OTHER).await;
        let beyond = world.start(LESSON).await;
        assert!(
            beyond.is_done(),
            "One load may run, and one does; none may wait. The next read has to be shed at once, and it waits."
        );
        assert_eq!(
            beyond.answer().await,
            Err(ReadError::Shed),
            "One load may run, and one does; none may wait, and zero means zero."
        );
        write(&world, LESSON).await;
        world.authority.release_all();
        assert_eq!(running.answer().await, Ok(0), "{PLAIN}");
    });
}
