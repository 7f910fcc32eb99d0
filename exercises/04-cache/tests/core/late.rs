//! Loads that began before an invalidation, and land after it.

use crate::world::{LESSON, PLAIN, STALE, WAITED, World, overtaken, roomy, settle};
use cache::settings::Settings;
use domain::{LessonKey, Version};
use testbed::{note, scene, story};

/// **C4** A read that begins after an invalidation is not answered by a load from before it.
#[test]
fn a_read_after_an_invalidation_is_not_served_by_a_load_from_before() {
    story(|| async {
        let (world, early) = overtaken(roomy()).await;
        let late = world.start(LESSON).await;
        world.authority.release(1);
        settle().await;
        let later = world.start(LESSON).await;
        world.let_all_go().await;
        for read in [late, later] {
            assert_eq!(read.answer().await, Ok(2), "{STALE}");
        }
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
                "{STALE} Load 2 was running when the cache was told of version 3, and what it brought was \
                 kept. Does a landing ask whether it may be kept? If it does: did the end of load 1 take \
                 away what was remembered of load 2?"
            );
        });
    }
}

/// **C4** An entry below the version of a notice is not served again. "Not begun" is below every version.
#[test]
fn an_invalidation_removes_what_is_below_it() {
    story(|| async {
        let world = World::new(roomy());
        for version in 1..=2 {
            assert_eq!(world.read(LESSON).await, Ok(version - 1), "{PLAIN}");
            let made = world.authority.change(LESSON);
            world.invalidate(LESSON, made);
            assert_eq!(
                world.read(LESSON).await,
                Ok(version),
                "{STALE} (\"Not begun\" has no version, and is below them all.)"
            );
        }
    });
}

/// **C4** A notice of what the cache has already costs no load.
#[test]
fn an_old_notice_costs_no_load() {
    story(|| async {
        let world = World::at_version(2, roomy());
        assert_eq!(world.read(LESSON).await, Ok(2), "{PLAIN}");
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

/// **C4** A clearing is an invalidation of everything, with no version to compare: what began to load
/// before it is neither joined nor kept.
#[test]
fn a_clearing_reaches_the_loads_that_run() {
    for old_first in [true, false] {
        story(move || async move {
            let order = if old_first { "before" } else { "after" };
            note(format!("the old load ends {order} the new one"));
            let world = World::at_version(1, roomy());
            world.authority.hold();
            let before = world.start(LESSON).await;
            world.authority.change(LESSON);
            world.clear();
            let after = world.start(LESSON).await;
            let lesson = "After notices have been missed, clearing is all that one can do; and a load \
                          that began before it was served to a read that began after.";
            if old_first {
                world.authority.release(1);
                settle().await;
            }
            world.let_all_go().await;
            assert!(before.answer().await.is_ok(), "{WAITED}");
            assert_eq!(after.answer().await, Ok(2), "{lesson}");
            world.authority.stop_holding();
            assert_eq!(world.read(LESSON).await, Ok(2), "{lesson}");
        });
    }
}

/// What a day in front of the cache looks like: reads of four lessons by turns, changes, and notices of
/// them.
async fn day(world: &World, clearing: bool) -> Vec<u64> {
    let mut seen = Vec::new();
    for step in 0..60_u64 {
        let key = LessonKey::new(1, 1 + step * 7 % 4);
        if step % 5 == 4 {
            let version = world.authority.change(key);
            world.invalidate(key, version);
        }
        if clearing {
            world.clear();
            assert_eq!(
                world.cache.entries(),
                0,
                "The cache was cleared a moment ago, and this is how many entries it has."
            );
        }
        seen.push(world.read(key).await.expect("an authority that answers"));
    }
    seen
}

/// **C2** Emptied before each read, or too small for anything to stay, a cache gives the same answers;
/// what changes is the load.
#[test]
fn emptying_changes_load_and_no_answer() {
    story(|| async {
        scene("a day with a roomy cache");
        let world = World::new(roomy());
        let kept = day(&world, false).await;
        let few = world.loads();
        scene("the same day with a cache that is cleared before each read");
        let world = World::new(roomy());
        let cleared = day(&world, true).await;
        assert_eq!(
            cleared, kept,
            "The versions that sixty reads returned: first with a clearing before each, then with nothing \
             cleared. Where the second list is lower, an entry has outlived the notice of a newer version."
        );
        assert_eq!(world.loads(), 60, "Each of 60 reads had to be a load.");
        assert!(
            few <= 16,
            "Four lessons, twelve changes, sixty reads: with nothing cleared, a load for each lesson and \
             for each change is enough, and there were {few}. Is anything kept at all?"
        );
        scene("the same day with room for one entry");
        let world = World::new(Settings {
            capacity_entries: 1,
            ..roomy()
        });
        let squeezed = day(&world, false).await;
        assert_eq!(
            squeezed, kept,
            "The versions that sixty reads returned: first with room for one entry, then with room for \
             all. What is evicted costs a load, and changes no answer."
        );
    });
}
