//! How old an answer may be.

use crate::world::{LESSON, PLAIN, TICK, TTL, World, pass, pass_until, roomy, settle};
use cache::settings::{ReadError, Settings};
use std::time::Duration;
use testbed::{scene, story};

/// **C1** An entry serves until the staleness bound has passed, and not a moment longer.
#[test]
fn an_entry_serves_until_the_bound_and_no_longer() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        world.authority.change(LESSON);
        pass_until(world.authority.began(1) + TTL).await;
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(1), 1),
            "The load began exactly the bound of 60 s before this read. \"At most\" includes that, and the entry \
             serves without a load (the second number counts the loads)."
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
        assert_eq!(first.answer().await, Ok(1), "{PLAIN}");
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

/// **C1** "Not begun" is a value like any other: it is kept as long, and no longer.
#[test]
fn not_begun_is_a_value_like_any_other() {
    story(|| async {
        let world = World::new(roomy());
        assert_eq!(world.read(LESSON).await, Ok(0), "{PLAIN}");
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(0), 1),
            "Most learners have not begun most lessons. If that answer is not kept, the commonest \
             question of all is always a load (the second number counts them)."
        );
        world.authority.change(LESSON);
        pass(TTL + TICK).await;
        assert_eq!(
            world.read(LESSON).await,
            Ok(1),
            "\"Not begun\" is older than the bound by now, like any other value."
        );
    });
}

/// **C1** A bound of `Duration::MAX` is for ever, and a bound of zero shares nothing with later reads.
#[test]
fn the_widest_and_the_narrowest_bound_are_bounds() {
    story(|| async {
        for ttl in [Duration::MAX, Duration::from_secs(u64::MAX)] {
            scene(format!("the bound is {ttl:?}"));
            let world = World::at_version(1, Settings { ttl, ..roomy() });
            assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
            pass(Duration::from_secs(10 * 60 * 60)).await;
            assert_eq!(
                (world.read(LESSON).await, world.loads()),
                (Ok(1), 1),
                "The bound is longer than the clock can express, and ten hours are within it (the second number \
                 counts the loads)."
            );
        }

        scene("the bound is zero");
        let world = World::at_version(
            1,
            Settings {
                ttl: Duration::ZERO,
                ..roomy()
            },
        );
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        world.authority.change(LESSON);
        settle().await;
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "The bound is zero, and a value from a millisecond ago was served."
        );
    });
}

/// **C7** An error is not kept, as a value or as an error: the next read asks again.
#[test]
fn an_error_is_not_kept() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.set_failing(true);
        for load in 1..=2 {
            assert_eq!(
                world.read(LESSON).await,
                Err(ReadError::Unavailable),
                "Nobody knows whether the learner has begun. \"Not begun\" would be a lie."
            );
            assert_eq!(
                world.loads(),
                load,
                "Each read that finds nothing asks. Only the authority knows whether it is still \
                 away (the numbers count the loads)."
            );
        }
        assert_eq!(
            world.cache.entries(),
            0,
            "Two loads failed, and left an entry. Of what?"
        );
        world.authority.set_failing(false);
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(1), 3),
            "The authority is up again. If this is an error, it is one from the time when it was \
             down (the second number counts the loads)."
        );
    });
}
