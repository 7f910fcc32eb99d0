//! What a session was told, it does not see taken back.

use crate::world::{
    LESSON, OTHER, TICK, TTL, World, answers, pass, roomy, session, session_told, settle,
};
use cache::session::Session;
use cache::settings::{ReadError, Settings};
use domain::{LessonKey, Version};
use std::time::Duration;
use testbed::memory::Watch;
use testbed::{note, story};

/// **C6** A session is not served from an entry below what it was told.
#[test]
fn a_session_reads_at_least_what_it_was_told() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1));
        let version = world.authority.change(LESSON);
        let session = session_told(LESSON, version);
        assert_eq!(
            world.read_in(LESSON, &session).await,
            Ok(2),
            "Its own change was acknowledged, and then taken back on the next page."
        );
        assert_eq!(
            (world.read_in(LESSON, &session).await, world.loads()),
            (Ok(2), 2),
            "What was loaded for it serves it the next time (the second number counts the loads)."
        );
    });
}

/// **C6** "Not begun" is below whatever a session was told.
#[test]
fn a_session_that_was_told_something_does_not_read_not_begun() {
    story(|| async {
        let world = World::new(roomy());
        assert_eq!(world.read(LESSON).await, Ok(0));
        let version = world.authority.change(LESSON);
        let session = session_told(LESSON, version);
        assert_eq!(world.read_in(LESSON, &session).await, Ok(1));
    });
}

/// **C6** The entry that is too old for one session is still good for the others, also while that one
/// waits.
#[test]
fn an_entry_below_one_sessions_floor_serves_the_others() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1));
        let version = world.authority.change(LESSON);
        let session = session_told(LESSON, version);
        world.authority.hold();
        let own = world.start_in(LESSON, &session).await;
        assert_eq!(world.loads(), 2, "The session needs a load.");
        let stranger = world.start(LESSON).await;
        assert!(
            stranger.is_done() && world.loads() == 2,
            "Version 1 is within the staleness bound, and good enough for somebody who was told \
             nothing. That one session needs more must not make the others wait, or load."
        );
        assert_eq!(stranger.answer().await, Ok(1));
        world.authority.release(2);
        assert_eq!(own.answer().await, Ok(2));
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(2), 2),
            "And what it brought serves everybody."
        );
    });
}

/// **C6** A load that began before the acknowledgement may be joined, but what it brings is held against
/// the floor like an entry.
#[test]
fn a_joined_load_below_the_floor_is_not_taken() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let stranger = world.start(LESSON).await;
        let version = world.authority.change(LESSON);
        let session = session_told(LESSON, version);
        let mut own = Vec::new();
        for _ in 0..20 {
            own.push(world.start_in(LESSON, &session).await);
        }
        world.authority.release(1);
        settle().await;
        assert_eq!(stranger.answer().await, Ok(1));
        world.authority.release_all();
        settle().await;
        world.authority.release_all();
        assert!(
            answers(own).await.iter().all(|seen| *seen == Ok(2)),
            "Load 1 began before version 2 was made. A session that was told of version 2 waited for \
             it, and took what came."
        );
        assert!(
            world.loads() <= 3,
            "Twenty reads found that load 1 was too old for them. They can share the next one; there \
             were {} loads.",
            world.loads()
        );
    });
}

/// **C6** When the authority itself answers below what it acknowledged, the session is told so, and the
/// authority is not asked again and again.
#[test]
fn an_authority_that_has_forgotten_is_said_to_be_behind() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1));
        let session = session_told(LESSON, Version(5));
        assert_eq!(
            world.read_in(LESSON, &session).await,
            Err(ReadError::Behind { floor: Version(5) })
        );
        assert_eq!(
            world.loads(),
            2,
            "A load that began after the read has proved it, and was load 2. Asking again proves \
             nothing more."
        );
        let before = world.loads();
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(1), before),
            "To everybody else version 1 is still the value."
        );
    });
}

/// **C6** A floor lasts for as long as something older could be served, and not for ever.
#[test]
fn a_floor_lasts_as_long_as_the_staleness_bound() {
    story(|| async {
        let session = Session::new(TTL);
        assert_eq!(session.floor(LESSON), None);
        session.acknowledged(LESSON, Version(3));
        session.acknowledged(LESSON, Version(2));
        note("a session was told of version 3, and then of version 2");
        assert_eq!(
            session.floor(LESSON),
            Some(Version(3)),
            "Acknowledgements may arrive in any order. The highest counts."
        );
        assert_eq!(session.floor(OTHER), None, "It was told nothing of that.");
        tokio::time::sleep(TTL.saturating_sub(TICK)).await;
        assert_eq!(
            session.floor(LESSON),
            Some(Version(3)),
            "Within the bound a value from before may still be served to others, and not to it."
        );
        tokio::time::sleep(TICK * 2).await;
        assert_eq!(
            session.floor(LESSON),
            None,
            "Whatever may still be served was loaded after the acknowledgement."
        );
        session.acknowledged(LESSON, Version(4));
        assert_eq!(session.floor(LESSON), Some(Version(4)));
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
        assert_eq!(forever.floor(LESSON), Some(Version(1)));
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

/// **C6** A load that a session asks for waits in the same queue as all others.
#[test]
fn a_sessions_load_is_within_the_declared_capacity() {
    story(|| async {
        let world = World::at_version(
            1,
            Settings {
                max_loads: 1,
                max_waiting_loads: 0,
                ..roomy()
            },
        );
        assert_eq!(world.read(LESSON).await, Ok(1));
        let version = world.authority.change(LESSON);
        let session = session_told(LESSON, version);
        world.authority.hold();
        let _running = world.start(OTHER).await;
        let own = world.start_in(LESSON, &session).await;
        assert!(
            own.is_done() && world.authority.most_running() == 1,
            "The one place is taken, and nobody may wait. That a session needs the load makes it no \
             lighter for the authority."
        );
        assert_eq!(own.answer().await, Err(ReadError::Shed));
        assert_eq!(world.read(LESSON).await, Ok(1), "The entry is untouched.");
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
                Err(ReadError::Behind { floor: Version(5) })
            );
        }
        assert!(
            world.loads() <= 2,
            "20 reads of one session were told that the authority is behind, by {} loads. The first may \
             have begun before the later reads; a second one, that all of them share, proves it.",
            world.loads()
        );
        let stranger = world.start(LESSON).await;
        assert!(
            stranger.is_done(),
            "What the authority said is too old for one session, and fresh for all others."
        );
        assert_eq!(stranger.answer().await, Ok(1));
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
            (Ok(0), Ok(1))
        );
        assert_eq!(
            behind.answer().await,
            Err(ReadError::Behind { floor: Version(5) })
        );
        assert!(
            world.authority.loads_of(LESSON) <= 2,
            "The load that it joined was waiting, and began after the read did. That was proof; {} \
             loads are a loop.",
            world.authority.loads_of(LESSON)
        );
    });
}

/// **C6** A load that began in the same instant as the acknowledgement may have looked before it.
#[test]
fn a_load_of_the_same_instant_proves_nothing() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let early = world.spawn(LESSON, &session());
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.loads(), 1, "A read that finds nothing begins a load.");
        let version = world.authority.change(LESSON);
        let told = session_told(LESSON, version);
        let reading = world.spawn(LESSON, &told);
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        note("all that in one instant; the clock has not moved");
        world.let_all_go().await;
        assert_eq!(early.answer().await, Ok(1));
        assert_eq!(
            reading.answer().await,
            Ok(2),
            "The joined load looked before the acknowledgement, though at the same time by the clock. \
             A further one had the answer."
        );
    });
}

/// **C6** A session that was told something joins a load like anybody: if that brings enough, it is
/// enough.
#[test]
fn a_session_with_a_floor_joins_too() {
    story(|| async {
        let world = World::at_version(2, roomy());
        world.authority.hold();
        let told = session_told(LESSON, Version(2));
        let first = world.start(LESSON).await;
        let second = world.start_in(LESSON, &told).await;
        world.authority.release_all();
        assert_eq!(
            (first.answer().await, second.answer().await),
            (Ok(2), Ok(2))
        );
        assert_eq!(world.loads(), 1, "One load had the answer to both.");
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
        assert_eq!(stranger.answer().await, Ok(1));
        assert_eq!(other.answer().await, Ok(0));
        let seen = own.answer().await;
        assert!(
            matches!(seen, Ok(2) | Err(ReadError::Shed)),
            "The load that it joined was from before the acknowledgement, and proves nothing. It takes \
             another one; where there is no place for that, the read is shed. It got {seen:?}."
        );
    });
}

/// **C6** A floor lasts by the last acknowledgement, also where that was of a lower version.
#[test]
fn a_lower_acknowledgement_lasts_as_long_as_any() {
    story(|| async {
        let session = Session::new(TTL);
        session.acknowledged(LESSON, Version(3));
        pass(TTL / 2).await;
        session.acknowledged(LESSON, Version(2));
        pass(TTL / 2 + TICK).await;
        assert!(
            session.floor(LESSON).is_some(),
            "It was told of version 2 half a minute ago, and the bound is a minute."
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
