//! Loads that began before an invalidation, and land after it.

use crate::world::{
    LESSON, OTHER, TICK, TTL, WAITED, World, pass, roomy, session, session_told, settle,
};
use cache::settings::Settings;
use domain::{LessonKey, Version};
use std::convert::Infallible;
use testbed::{note, story};

/// What went wrong when an old value is served after an invalidation.
const STALE: &str = "An old value was served to a read that began after the cache had been told of a \
                     newer one. Nothing takes it away again before the staleness bound.";

/// A load of version 1 is under way, and the cache has been told of version 2.
async fn overtaken(settings: Settings) -> (World, crate::world::Reading) {
    let world = World::at_version(1, settings);
    world.authority.hold();
    let early = world.start(LESSON).await;
    let version = world.authority.change(LESSON);
    world.invalidate(LESSON, version);
    (world, early)
}

/// **C4** A read that begins after an invalidation is not answered by a load from before it.
#[test]
fn a_read_after_an_invalidation_is_not_served_by_a_load_from_before() {
    story(|| async {
        let (world, early) = overtaken(roomy()).await;
        let late = world.start(LESSON).await;
        world.authority.release(1);
        settle().await;
        world.let_all_go().await;
        assert_eq!(late.answer().await, Ok(2), "{STALE}");
        assert!(
            early.answer().await.is_ok(),
            "Read 1 began before the invalidation, and may be answered with either version."
        );
    });
}

/// **C4** A load that an invalidation has overtaken leaves nothing in the cache.
#[test]
fn a_late_fill_is_not_kept() {
    story(|| async {
        let (world, early) = overtaken(roomy()).await;
        world.authority.release(1);
        assert!(early.answer().await.is_ok(), "{WAITED}");
        world.authority.stop_holding();
        assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
    });
}

/// **C4** A late fill does not take the place of a newer entry.
#[test]
fn a_late_fill_does_not_replace_a_newer_entry() {
    story(|| async {
        let (world, early) = overtaken(roomy()).await;
        let late = world.start(LESSON).await;
        world.let_all_go().await;
        assert_eq!(late.answer().await, Ok(2), "{STALE}");
        assert!(early.answer().await.is_ok(), "{WAITED}");
        world.authority.stop_holding();
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(2), 2),
            "Version 2 was there, and a late load of version 1 must neither replace nor remove it (the \
             second number counts the loads)."
        );
    });
}

/// **C4** A late fill is refused also when the newer entry is there no more, and its version with it.
#[test]
fn a_late_fill_is_refused_after_the_newer_entry_was_evicted() {
    story(|| async {
        let (world, early) = overtaken(Settings {
            capacity_entries: 8,
            ..roomy()
        })
        .await;
        let late = world.start(LESSON).await;
        world.let_newest_go().await;
        world.read_others(100).await;
        world.let_all_go().await;
        assert_eq!(late.answer().await, Ok(2), "{STALE}");
        assert!(early.answer().await.is_ok(), "{WAITED}");
        world.authority.stop_holding();
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "{STALE} The entry of version 2 had been evicted, and with it went what the late fill \
             was compared with."
        );
    });
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

/// **C4** Only the latest of several invalidations counts, whatever order they come in.
#[test]
fn notices_that_come_in_the_wrong_order_lower_nothing() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let early = world.start(LESSON).await;
        let second = world.authority.change(LESSON);
        let third = world.authority.change(LESSON);
        world.invalidate(LESSON, third);
        world.invalidate(LESSON, second);
        let late = world.start(LESSON).await;
        world.authority.release(1);
        settle().await;
        world.let_all_go().await;
        assert_eq!(late.answer().await, Ok(3), "{STALE}");
        assert!(early.answer().await.is_ok(), "{WAITED}");
        world.authority.stop_holding();
        assert_eq!(world.read(LESSON).await, Ok(3), "{STALE}");
    });
}

/// **C4** An entry below the version of a notice is not served again.
#[test]
fn an_invalidation_removes_what_is_below_it() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1));
        let version = world.authority.change(LESSON);
        world.invalidate(LESSON, version);
        assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
    });
}

/// **C4** "Not begun" is below every version.
#[test]
fn an_invalidation_removes_not_begun() {
    story(|| async {
        let world = World::new(roomy());
        assert_eq!(world.read(LESSON).await, Ok(0));
        let version = world.authority.change(LESSON);
        world.invalidate(LESSON, version);
        assert_eq!(
            world.read(LESSON).await,
            Ok(1),
            "{STALE} \"Not begun\" has no version, and is below them all."
        );
    });
}

/// **C4** A notice of what the cache has already costs no load.
#[test]
fn an_old_notice_costs_no_load() {
    story(|| async {
        let world = World::at_version(2, roomy());
        assert_eq!(world.read(LESSON).await, Ok(2));
        world.invalidate(LESSON, Version(1));
        world.invalidate(LESSON, Version(2));
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(2), 1),
            "The entry is at version 2, and both notices are about what it has already; the second \
             number counts the loads."
        );
    });
}

/// **C4** An invalidation concerns its own key.
#[test]
fn an_invalidation_concerns_its_own_key() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.change(OTHER);
        assert_eq!(world.read(LESSON).await, Ok(1));
        world.authority.hold();
        let other = world.start(OTHER).await;
        world.invalidate(LessonKey::new(1, 3), Version(9));
        world.invalidate(LessonKey::new(2, 1), Version(9));
        world.authority.release(2);
        assert_eq!(other.answer().await, Ok(1));
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

/// **C4** The end of an overtaken load, however it ends, leaves the load that replaced it alone: a
/// further invalidation still reaches that one.
#[test]
fn the_end_of_an_old_load_does_not_hide_the_new_one() {
    for end in ["ends", "fails", "is given up"] {
        story(move || async move {
            note(format!("the overtaken load {end}"));
            let (world, early) = overtaken(roomy()).await;
            let late = world.start(LESSON).await;
            match end {
                "ends" => world.authority.release(1),
                "fails" => world.authority.fail(1),
                _ => early.give_up().await,
            }
            settle().await;
            let version = world.authority.change(LESSON);
            world.invalidate(LESSON, version);
            world.let_all_go().await;
            let late = late.answer().await;
            assert!(late.is_ok() || end == "fails", "{WAITED}");
            world.authority.stop_holding();
            assert_eq!(
                world.read(LESSON).await,
                Ok(3),
                "{STALE} Load 2 was running when version 3 was announced. Did the end of load 1 take \
                 away what was remembered of load 2?"
            );
        });
    }
}

/// **C4** Between "is this load still wanted?" and "keep what it brought" no invalidation fits, nor
/// another load.
#[test]
fn judging_and_keeping_are_one_step() {
    for turns in 0..12 {
        story(move || async move {
            note(format!(
                "the load is let go, and after {turns} turns of the runtime its key is invalidated"
            ));
            let world = World::at_version(1, roomy());
            world.authority.hold();
            let early = world.start(LESSON).await;
            world.authority.stop_holding();
            world.authority.release(1);
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            let version = world.authority.change(LESSON);
            world.invalidate(LESSON, version);
            assert!(early.answer().await.is_ok(), "{WAITED}");
            settle().await;
            assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
        });
    }
}

/// **C4** Two loads of one instant are two loads: the older one leaves nothing.
#[test]
fn loads_of_the_same_instant_are_told_apart() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let early = world.spawn(LESSON, &session());
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        let version = world.authority.change(LESSON);
        world.invalidate(LESSON, version);
        let late = world.spawn(LESSON, &session());
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        note("all that in one instant; the clock has not moved");
        world.authority.release(1);
        assert_eq!(early.answer().await, Ok(1));
        settle().await;
        let next = world.start(LESSON).await;
        world.let_all_go().await;
        assert!(late.answer().await.is_ok(), "{WAITED}");
        assert_eq!(next.answer().await, Ok(2), "{STALE}");
    });
}

/// **C4** An invalidation that finds an entry has a load to look for all the same: both are from before
/// it.
#[test]
fn an_invalidation_reaches_an_entry_and_a_load_at_once() {
    for why in ["has expired", "is below a session's floor"] {
        story(move || async move {
            note(format!(
                "the entry {why}, and a load is under way beside it"
            ));
            let world = World::at_version(1, roomy());
            assert_eq!(world.read(LESSON).await, Ok(1));
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

/// **C4** What happens to another key overtakes no load: it is joined, and kept.
#[test]
fn a_load_is_not_overtaken_by_what_happens_to_others() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let early = world.start(LESSON).await;
        note("another lesson is invalidated, and a third is written");
        let writer = session();
        world.cache.invalidate(OTHER, Version(7));
        let write = std::future::ready(Ok::<_, Infallible>(Version(1)));
        let written = world.cache.write(LessonKey::new(4, 1), &writer, write);
        assert!(written.await.is_ok());
        let joined = world.start(LESSON).await;
        world.let_all_go().await;
        assert_eq!(
            (early.answer().await, joined.answer().await),
            (Ok(1), Ok(1))
        );
        let hit = world.start(LESSON).await;
        assert!(
            hit.is_done() && world.loads() == 1,
            "What happened to others has made this lesson's load unfit to be joined or kept: there were {} \
             loads of it.",
            world.loads()
        );
    });
}
