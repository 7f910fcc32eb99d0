//! A cache may be emptied at any moment.

use crate::world::{LESSON, OTHER, TTL, WAITED, World, pass, roomy, session, settle};
use cache::settings::{ReadError, Settings};
use domain::LessonKey;
use testbed::{note, scene, story};

/// What a day in front of the cache looks like: reads and writes of four lessons, by turns.
async fn day(world: &World, clearing: bool) -> Vec<u64> {
    let mut seen = Vec::new();
    for step in 0..60_u64 {
        let key = LessonKey::new(1, 1 + step * 7 % 4);
        if step % 5 == 4 {
            let authority = &world.authority;
            let write = async { Ok::<_, ()>(authority.change(key)) };
            let _ = world.cache.write(key, &session(), write).await;
        }
        if clearing {
            world.clear();
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
        assert_eq!(cleared, kept, "The versions that the reads returned.");
        assert_eq!(world.loads(), 60, "Each of 60 reads had to be a load.");
        assert!(
            few <= 16,
            "Four lessons, twelve writes, sixty reads: with nothing cleared, a load for each lesson and \
             for each write is enough, and there were {few}. Is anything kept at all?"
        );
        scene("the same day with room for one entry");
        let world = World::new(Settings {
            capacity_entries: 1,
            ..roomy()
        });
        let squeezed = day(&world, false).await;
        assert_eq!(squeezed, kept, "The versions that the reads returned.");
    });
}

/// **C2** After a clearing there are no entries, and each key is loaded anew.
#[test]
fn a_clearing_leaves_nothing() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.read(LESSON).await.expect("a value");
        world.read(OTHER).await.expect("a value");
        assert_eq!(world.cache.entries(), 2, "Two lessons were read.");
        world.clear();
        assert_eq!(world.cache.entries(), 0);
        world.read(LESSON).await.expect("a value");
        world.read(OTHER).await.expect("a value");
        assert_eq!(world.loads(), 4);
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

/// **C2** While the authority is down, what is fresh is served, and what isn't there is an error.
#[test]
fn without_the_authority_what_is_fresh_is_served() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1));
        world.authority.set_failing(true);
        assert_eq!(world.read(LESSON).await, Ok(1), "A hit asks nobody.");
        assert_eq!(world.read(OTHER).await, Err(ReadError::Unavailable));
        world.clear();
        assert_eq!(world.read(LESSON).await, Err(ReadError::Unavailable));
    });
}

/// **C1** Beyond the bound there is no answer rather than an old one, also while the authority is down.
#[test]
fn without_the_authority_the_bound_still_holds() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1));
        world.authority.set_failing(true);
        pass(TTL * 2).await;
        assert_eq!(
            world.read(LESSON).await,
            Err(ReadError::Unavailable),
            "Serving old values while the authority is down can be right, if it was promised. Here \
             a bound was."
        );
        world.authority.set_failing(false);
        assert_eq!(world.read(LESSON).await, Ok(1));
    });
}
