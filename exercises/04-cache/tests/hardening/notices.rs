//! Notices that come in unusual orders, and find more than one thing to remove.

use crate::world::{
    LESSON, OTHER, PLAIN, STALE, TICK, TTL, WAITED, World, answers, overtaken, pass, roomy,
    session, session_told, settle,
};
use cache::settings::{ReadError, Settings};
use domain::{LessonKey, Version};
use testbed::{note, story};

/// **C5** What was overtaken by an invalidation is one load again for all who come after it.
#[test]
fn misses_after_an_invalidation_are_one_load_too() {
    for end in ["still runs", "ends", "fails", "is given up"] {
        story(move || async move {
            note(format!(
                "when the last reader comes, the overtaken load {end}"
            ));
            let world = World::at_version(1, roomy());
            world.authority.hold();
            let early = world.start(LESSON).await;
            let version = world.authority.change(LESSON);
            world.invalidate(LESSON, version);
            let mut late = world.start_many(20, LESSON).await;
            match end {
                "ends" => world.authority.release(1),
                "fails" => world.authority.fail(1),
                "is given up" => early.give_up().await,
                _ => {}
            }
            settle().await;
            late.push(world.start(LESSON).await);
            world.let_all_go().await;
            assert_eq!(
                world.loads(),
                2,
                "Twenty-one reads began after the invalidation, and the load from before it cannot be \
                 used for them: that makes one more. If the last read started a third, did the end of \
                 load 1 take away what was remembered of load 2?"
            );
            for answer in answers(late).await {
                // A design may let a read wait for an overtaken load, to compare what it brings with the version;
                // such a read gets the error of that load like all who wait for it.
                let joined = end == "fails" && answer == Err(ReadError::Unavailable);
                assert!(
                    joined || answer == Ok(2),
                    "A read that began after the cache had been told of version 2 got {answer:?}."
                );
            }
        });
    }
}

/// **C4** A late fill is refused however many other keys have been invalidated meanwhile.
#[test]
fn a_late_fill_is_refused_however_much_else_was_invalidated() {
    story(|| async {
        let (world, early) = overtaken(Settings {
            capacity_entries: 8,
            ..roomy()
        })
        .await;
        note("the cache is told of 10000 other lessons");
        for lesson in 0..10_000 {
            let key = LessonKey::new(3, 100 + lesson);
            world.cache.invalidate(key, Version(7));
        }
        world.authority.release(1);
        assert!(early.answer().await.is_ok(), "{WAITED}");
        world.authority.stop_holding();
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "{STALE} What was remembered of the invalidation had to make room for others."
        );
    });
}

/// **C4** An invalidation concerns its own key.
#[test]
fn an_invalidation_concerns_its_own_key() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.change(OTHER);
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        world.authority.hold();
        let other = world.start(OTHER).await;
        world.invalidate(LessonKey::new(1, 3), Version(9));
        world.invalidate(LessonKey::new(2, 1), Version(9));
        world.authority.release(2);
        assert_eq!(other.answer().await, Ok(1), "{PLAIN}");
        world.authority.stop_holding();
        let both = (world.read(LESSON).await, world.read(OTHER).await);
        assert_eq!(
            (both, world.loads()),
            ((Ok(1), Ok(1)), 2),
            "A lesson that nobody has touched is kept, loaded or still loading; the last number \
             counts the loads."
        );
    });
}

/// **C4** An invalidation that finds an entry has to look for a load as well: both are from before it.
#[test]
fn an_invalidation_reaches_an_entry_and_a_load_at_once() {
    for why in ["has expired", "is below a session's floor"] {
        story(move || async move {
            note(format!(
                "the entry {why}, and a load is under way beside it"
            ));
            let world = World::at_version(1, roomy());
            assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
            let reader = if why == "has expired" {
                pass(TTL + TICK).await;
                session()
            } else {
                let version = world.authority.change(LESSON);
                session_told(LESSON, version)
            };
            world.authority.hold();
            let early = world.start_in(LESSON, &reader).await;
            assert_eq!(
                world.loads(),
                2,
                "The entry {why}, and so a load is needed."
            );
            let version = world.authority.change(LESSON);
            world.invalidate(LESSON, version);
            world.authority.release(2);
            assert!(early.answer().await.is_ok(), "{WAITED}");
            world.authority.stop_holding();
            assert_eq!(
                world.read(LESSON).await,
                Ok(version.0),
                "The invalidation found an entry, and a load that was under way. It has to stop the one \
                 from being served and the other from being kept."
            );
        });
    }
}
