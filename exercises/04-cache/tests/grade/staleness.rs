//! How old an answer may be.

use crate::world::{
    LESSON, TICK, TTL, WAITED, World, answers, pass, pass_until, roomy, session, settle,
};
use cache::settings::Settings;
use std::time::Duration;
use testbed::{note, scene, story};

/// **C1** An entry serves until the staleness bound has passed, and not a moment longer.
#[test]
fn an_entry_serves_until_the_bound_and_no_longer() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1));
        world.authority.change(LESSON);
        pass_until(world.authority.began(1) + TTL - TICK).await;
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(1), 1),
            "The bound has not passed yet, and the entry serves without a load (the second number)."
        );
        pass_until(world.authority.began(1) + TTL + TICK).await;
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "The load that brought version 1 began more than the bound of 60 s before this read."
        );
    });
}

/// **C1** An entry's age counts from the beginning of its load: the authority may have looked right then.
#[test]
fn the_age_of_a_value_counts_from_the_beginning_of_its_load() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let first = world.start(LESSON).await;
        world.authority.change(LESSON);
        pass(TTL / 2).await;
        world.authority.release(1);
        assert_eq!(first.answer().await, Ok(1));
        world.authority.stop_holding();
        pass_until(world.authority.began(1) + TTL + TICK).await;
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "Load 1 took half a minute, and its value has been wrong for just as long when it \
             arrived. Counted from its arrival, an answer may be older than the bound by as much as \
             the authority is slow: most on the worst day."
        );
    });
}

/// **C1** A load that has been under way for longer than the bound answers those who waited, and no
/// read that begins now.
#[test]
fn a_read_joins_no_load_that_is_older_than_the_bound() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let early = world.start(LESSON).await;
        world.authority.change(LESSON);
        pass(TTL + TICK).await;
        let late = world.start(LESSON).await;
        world.authority.release(1);
        settle().await;
        assert_eq!(early.answer().await, Ok(1));
        world.authority.release_all();
        assert_eq!(
            late.answer().await,
            Ok(2),
            "Read 2 was given the value of a load that had begun more than the bound before it. To \
             wait for a running load is to be served from it: one rule holds for both."
        );
        world.authority.stop_holding();
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "The old load came late, and what it brought was kept."
        );
    });
}

/// **C1** What took longer than the bound to arrive is of no use to the next reader.
#[test]
fn a_value_that_arrives_beyond_the_bound_serves_nobody_else() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let patient = world.start(LESSON).await;
        world.authority.change(LESSON);
        pass(TTL * 2).await;
        world.authority.release(1);
        assert_eq!(patient.answer().await, Ok(1), "{WAITED}");
        world.authority.stop_holding();
        assert_eq!(world.read(LESSON).await, Ok(2));
    });
}

/// **C1** A bound of `Duration::MAX` is for ever, and a bound of zero shares nothing with later reads.
#[test]
fn the_widest_and_the_narrowest_bound_are_bounds() {
    story(|| async {
        scene("the bound is Duration::MAX");
        let world = World::at_version(
            1,
            Settings {
                ttl: Duration::MAX,
                ..roomy()
            },
        );
        assert_eq!(world.read(LESSON).await, Ok(1));
        pass(Duration::from_secs(12 * 60 * 60)).await;
        assert_eq!((world.read(LESSON).await, world.loads()), (Ok(1), 1));

        scene("the bound is zero");
        let world = World::at_version(
            1,
            Settings {
                ttl: Duration::ZERO,
                ..roomy()
            },
        );
        assert_eq!(world.read(LESSON).await, Ok(1));
        world.authority.change(LESSON);
        settle().await;
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "The bound is zero, and a value from a millisecond ago was served."
        );
    });
}

/// **C1** "Not begun" is a value like any other: it is kept as long, and no longer.
#[test]
fn not_begun_is_a_value_like_any_other() {
    story(|| async {
        let world = World::new(roomy());
        assert_eq!(world.read(LESSON).await, Ok(0));
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(0), 1),
            "Most learners have not begun most lessons. If that answer is not kept, the commonest \
             question of all is always a load (the second number counts them)."
        );
        world.authority.change(LESSON);
        pass(TTL + TICK).await;
        assert_eq!(world.read(LESSON).await, Ok(1));
    });
}

/// **C1** At the bound itself, a value is within the bound: as an entry, and as a load to join.
#[test]
fn at_the_bound_itself_a_value_is_within_the_bound() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let first = world.spawn(LESSON, &session());
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        tokio::time::advance(TTL).await;
        note("exactly the bound has passed since the load began");
        let joined = world.spawn(LESSON, &session());
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            world.loads(),
            1,
            "The load began exactly the bound before this read, and \"at most\" takes that in."
        );
        world.authority.release_all();
        assert_eq!(
            (first.answer().await, joined.answer().await),
            (Ok(1), Ok(1))
        );
    });
}

/// **C1** An entry that has expired is renewed by the load that follows, also when nothing has changed.
#[test]
fn what_has_not_changed_is_kept_anew() {
    story(|| async {
        for versions in [1, 0] {
            scene(format!(
                "the lesson is at version {versions}, and stays there"
            ));
            let world = World::at_version(versions, roomy());
            let seen = Ok(versions as u64);
            assert_eq!(world.read(LESSON).await, seen);
            for bound in 1..=3 {
                pass(TTL + TICK).await;
                assert_eq!(world.read(LESSON).await, seen);
                assert_eq!(
                    (world.read(LESSON).await, world.loads()),
                    (seen, 1 + bound),
                    "The entry had expired, a load brought the same value again, and the next read loaded \
                     once more (the second number counts the loads). The value is not new, and its age is."
                );
            }
        }
    });
}

/// **C1** With a bound of zero, reads of one instant share a load: none of them began after it.
#[test]
fn with_a_bound_of_zero_reads_of_one_instant_share() {
    story(|| async {
        let world = World::at_version(
            1,
            Settings {
                ttl: Duration::ZERO,
                ..roomy()
            },
        );
        world.authority.hold();
        let readings = world.start_many(20, LESSON).await;
        assert_eq!(
            world.loads(),
            1,
            "Twenty reads began in the instant in which the load did. A bound of zero takes that in, and \
             is no reason to let a herd through."
        );
        world.authority.release_all();
        assert_eq!(answers(readings).await, vec![Ok(1); 20]);
    });
}

/// **C1** What was too old to be joined, and arrives last, takes the place of nothing newer.
#[test]
fn what_arrives_beyond_the_bound_takes_no_newer_ones_place() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let patient = world.start(LESSON).await;
        pass(TTL + TICK).await;
        let next = world.start(LESSON).await;
        world.authority.release(2);
        assert_eq!(next.answer().await, Ok(1));
        world.authority.release(1);
        assert_eq!(patient.answer().await, Ok(1), "{WAITED}");
        let hit = world.start(LESSON).await;
        assert!(
            hit.is_done() && world.loads() == 2,
            "Load 2 had brought a fresh value. Load 1, which is older than the bound, came after it, and \
             there is nothing left that may be served."
        );
    });
}
