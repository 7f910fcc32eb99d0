//! What a session remembers, for how long, and what a read makes of it.

use crate::world::{
    LESSON, PLAIN, TICK, TTL, World, lesson, pass, roomy, session, session_told, settle,
};
use cache::session::Session;
use cache::settings::ReadError;
use domain::{LessonKey, Version};
use std::convert::Infallible;
use std::time::Duration;
use testbed::memory::Watch;
use testbed::{note, story};

/// **C6** A session has a floor for everything that it was told lately, however much that is.
#[test]
fn a_session_remembers_all_that_it_was_told() {
    story(|| async {
        let session = Session::new(TTL);
        for number in 0..500 {
            session.acknowledged(lesson(number), Version(number + 1));
        }
        for number in 0..500 {
            assert_eq!(
                session.floor(lesson(number)),
                Some(Version(number + 1)),
                "It was told of 500 lessons just now, and has forgotten number {number}."
            );
        }
    });
}

/// **C6** Each floor lasts for a bound from its own acknowledgement, whatever else the session is told, or was.
#[test]
fn each_floor_has_an_age_of_its_own() {
    story(|| async {
        let session = Session::new(TTL);
        for number in 0..200_u64 {
            session.acknowledged(lesson(number), Version(1));
            tokio::time::sleep(TTL / 20).await;
            for recent in number.saturating_sub(18)..=number {
                assert!(
                    session.floor(lesson(recent)).is_some(),
                    "A session was told of a lesson every twentieth of the bound. It has forgotten one \
                     that it was told of {} twentieths ago.",
                    number - recent + 1
                );
            }
        }
    });
}

/// **C6** A floor lasts to the last moment at which something older may be served, and that one is
/// within the bound; also when the session is told much at that very moment.
#[test]
fn a_floor_is_there_at_the_bound_itself() {
    story(|| async {
        let session = Session::new(TTL);
        for number in 0..40 {
            session.acknowledged(lesson(number), Version(1));
        }
        tokio::time::advance(TTL).await;
        for told in 0..100 {
            for number in 0..40 {
                assert!(
                    session.floor(lesson(number)).is_some(),
                    "What was loaded right before the acknowledgement may be served until the bound has \
                     passed, and exactly then it may still be. Lesson {number} has no floor any more, after \
                     {told} others in that moment."
                );
            }
            session.acknowledged(lesson(100 + told), Version(1));
        }
    });
}

/// **C6** What becomes unnecessary takes no other floor with it, in a session that is told little.
#[test]
fn an_old_floor_takes_no_younger_one_with_it() {
    story(|| async {
        let session = Session::new(TTL);
        session.acknowledged(lesson(1), Version(1));
        pass(TTL + TTL / 2).await;
        session.acknowledged(lesson(2), Version(2));
        pass(TTL / 2 + 2 * TICK).await;
        session.acknowledged(lesson(3), Version(3));
        assert_eq!(
            session.floor(lesson(2)),
            Some(Version(2)),
            "It was told of lesson 2 half a bound ago. What it was told of lesson 1 is older than two, and \
             no reason to forget anything else."
        );
        assert_eq!(
            session.floor(lesson(1)),
            None,
            "It was told of lesson 1 more than two bounds ago, and that binds nobody any more."
        );
    });
}

/// **C6** The bound of a session counts for each acknowledgement anew.
#[test]
fn a_later_acknowledgement_lasts_longer() {
    story(|| async {
        let session = Session::new(TTL);
        session.acknowledged(LESSON, Version(1));
        tokio::time::sleep(TTL / 2).await;
        session.acknowledged(LESSON, Version(2));
        tokio::time::sleep(TTL / 2 + TICK).await;
        assert_eq!(
            session.floor(LESSON),
            Some(Version(2)),
            "It was told of version 2 half a minute ago, and the bound is a minute."
        );
        let forever = Session::new(Duration::MAX);
        forever.acknowledged(LESSON, Version(1));
        tokio::time::sleep(TTL * 60).await;
        assert_eq!(
            forever.floor(LESSON),
            Some(Version(1)),
            "A session with the bound `Duration::MAX` was told of version 1 an hour ago, and that counts for ever."
        );
    });
}

/// **C6** The floor of a write lasts from the acknowledgement, and not from when the write began.
#[test]
fn a_floor_counts_from_the_acknowledgement() {
    story(|| async {
        let world = World::new(roomy());
        let writer = session();
        let written = world.cache.write(LESSON, &writer, async {
            tokio::time::sleep(TTL / 2).await;
            Ok::<_, Infallible>(Version(1))
        });
        assert_eq!(
            written.await,
            Ok(Version(1)),
            "The authority acknowledged version 1 after half of the bound."
        );
        note("the write took half of the bound");
        pass(TTL.checked_sub(TICK).unwrap()).await;
        assert_eq!(
            writer.floor(LESSON),
            Some(Version(1)),
            "The bound has not passed since the session was told. Another cache may still serve what it \
             loaded right before the write took effect."
        );
    });
}

/// **C8** A session that lives for long keeps what it was told lately, and no more.
#[test]
fn a_long_session_stays_small() {
    story(|| async {
        let session = Session::new(TTL);
        let watch = Watch::start();
        for lesson in 0..5_000 {
            session.acknowledged(LessonKey::new(1, lesson), Version(1));
            tokio::time::sleep(TTL / 20).await;
        }
        let grown = watch.grown_bytes();
        assert!(
            grown <= 16 * 1024,
            "The session was told of 5000 lessons, and of twenty within the last bound; it holds \
             {grown} bytes, and 16384 are plenty for those."
        );
    });
}

/// **C8** After each acknowledgement a session holds little more than what it was told within the last two
/// bounds, also when that was little and the hour before was busy.
#[test]
fn a_session_forgets_a_busy_hour() {
    story(|| async {
        let session = Session::new(TTL);
        let watch = Watch::start();
        for lesson in 0..10_000 {
            session.acknowledged(LessonKey::new(1, lesson), Version(1));
        }
        pass(3 * TTL).await;
        session.acknowledged(LESSON, Version(1));
        let grown = watch.grown_bytes();
        assert!(
            grown <= 16 * 1024,
            "The session was told of one lesson within the last two bounds, and of 10000 before. It holds \
             {grown} bytes."
        );
    });
}

/// **C6** "Not begun" is below every floor, also fresh from the authority.
#[test]
fn an_authority_that_forgot_a_lesson_is_behind() {
    story(|| async {
        let world = World::new(roomy());
        world.authority.stop_holding();
        let told = session_told(LESSON, Version(2));
        assert_eq!(
            world.read_in(LESSON, &told).await,
            Err(ReadError::Behind { floor: Version(2) }),
            "The session was told of version 2, and the authority says that nothing was begun."
        );
    });
}

/// **C6** An authority that is behind for one session is asked once for all who need to know, and what it
/// said is kept for those to whom it is no news.
#[test]
fn an_authority_that_is_behind_is_not_asked_again_and_again() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let told = session_told(LESSON, Version(5));
        let mut readings = Vec::new();
        for _ in 0..20 {
            readings.push(world.start_in(LESSON, &told).await);
        }
        for _ in 0..30 {
            world.authority.release_all();
            settle().await;
        }
        for reading in readings {
            assert_eq!(
                reading.answer().await,
                Err(ReadError::Behind { floor: Version(5) }),
                "The session was told of version 5, and whatever the authority is asked it answers version 1."
            );
        }
        assert!(
            world.loads() <= 2,
            "20 reads of one session learned that the authority is behind, and that took {} loads. The first may \
             have begun before the later reads; a second one, that all of them share, proves it.",
            world.loads()
        );
        let stranger = world.start(LESSON).await;
        assert!(
            stranger.is_done(),
            "What the authority said is too old for one session, and fresh for all others."
        );
        assert_eq!(stranger.answer().await, Ok(1), "{PLAIN}");
    });
}

/// **C7** Where the further load that a session needs fails, that is an error to it: what was below the floor
/// is no answer, and proves nothing of the authority.
#[test]
fn a_further_load_that_fails_is_an_error_and_no_more() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let stranger = world.start(LESSON).await;
        let version = world.authority.change(LESSON);
        let told = session_told(LESSON, version);
        let own = world.start_in(LESSON, &told).await;
        world.authority.release(1);
        settle().await;
        assert_eq!(stranger.answer().await, Ok(1), "{PLAIN}");
        assert_eq!(
            world.loads(),
            2,
            "Load 1 was from before the acknowledgement, and the session needs another."
        );
        world.authority.fail(2);
        assert_eq!(
            own.answer().await,
            Err(ReadError::Unavailable),
            "Its further load failed. Nobody knows whether the authority is behind, and the session must not get version 1."
        );
        let stranger = world.start(LESSON).await;
        assert!(
            stranger.is_done() && world.loads() == 2,
            "What load 1 brought is fresh to everybody else, and the failure of load 2 has not touched it."
        );
    });
}

/// **C6** What a session is told while it reads does not count for that read: the load that it waits for is not behind.
#[test]
fn a_floor_that_rises_during_a_read_is_for_the_next_one() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let own = session();
        let reading = world.start_in(LESSON, &own).await;
        let version = world.authority.change(LESSON);
        own.acknowledged(LESSON, version);
        note("the session is told of version 2 while it reads");
        world.authority.release(1);
        settle().await;
        world.let_all_go().await;
        let seen = reading.answer().await;
        assert!(
            matches!(seen, Ok(1 | 2)),
            "The read began before the session was told of version 2, and so did its load. It returned {seen:?}; \
             the authority has forgotten nothing."
        );
        world.authority.stop_holding();
        assert_eq!(
            world.read_in(LESSON, &own).await,
            Ok(2),
            "This read began after the session had been told of version 2."
        );
    });
}

/// **C6** What counts when a read begins, the session's floor and the age of a value, counts for that read, however
/// long it takes.
#[test]
fn a_floor_that_runs_out_during_a_read_holds_for_it() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let stranger = world.start(LESSON).await;
        let version = world.authority.change(LESSON);
        let told = session_told(LESSON, version);
        let own = world.start_in(LESSON, &told).await;
        pass(TTL + TICK).await;
        let late = world.start(LESSON).await;
        world.authority.release(2);
        assert_eq!(late.answer().await, Ok(2), "{PLAIN}");
        pass(TTL + TICK).await;
        world.authority.release(1);
        settle().await;
        world.let_all_go().await;
        assert_eq!(stranger.answer().await, Ok(1), "{PLAIN}");
        assert_eq!(
            (own.answer().await, world.loads()),
            (Ok(2), 2),
            "When its read began the session had been told of version 2 a moment ago. The load that it joined took \
             two bounds, and brought version 1. Meanwhile load 2 has brought version 2. It began after this read \
             did, and so is fresh to it, however long the read has waited (the second number counts the loads)."
        );
    });
}
