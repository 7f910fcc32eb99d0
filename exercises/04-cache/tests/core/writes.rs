//! Writes pass the cache by and leave nothing old in it; and the ledger's entry.

use crate::world::writing::{ENDS, End, STALE, Writing};
use crate::world::{LESSON, OTHER, PLAIN, WAITED, World, roomy, session, settle};
use domain::Version;
use ledger::{FILE_NAME, Role, lab};
use std::path::Path;
use testbed::{live, story};

/// **C3** A write returns what the authority answered, and not before the authority has answered.
#[test]
fn a_write_hands_on_what_the_authority_said() {
    story(|| async {
        let world = World::new(roomy());
        let own = session();
        let writing = Writing::start(&world, LESSON, &own, End::Acknowledged).await;
        assert!(
            !writing.is_done(),
            "The authority has not acknowledged the write, and the cache has. It may hold a copy of a \
             fact; it cannot decide one."
        );
        assert_eq!(own.floor(LESSON), None, "Nothing was acknowledged yet.");
        assert_eq!(
            writing.end().await,
            Some(Ok(Version(1))),
            "The authority acknowledged version 1, and this is what the write returned."
        );
        assert_eq!(
            own.floor(LESSON),
            Some(Version(1)),
            "The session was told of version 1, and its reads must not be below."
        );
        let failing = Writing::start(&world, LESSON, &own, End::Failed).await;
        assert_eq!(
            failing.end().await,
            Some(Err("the reply was lost")),
            "The write ended with an error, and its caller has to get that error."
        );
        assert_eq!(
            own.floor(LESSON),
            Some(Version(1)),
            "Nobody acknowledged version 2 to the session."
        );
        assert_eq!(world.loads(), 0, "A write asks for no load.");
    });
}

/// **C3** However a write ends, the entry from before it is served to no read after it.
#[test]
fn after_a_write_no_entry_from_before_it_is_served() {
    for end in ENDS {
        story(move || async move {
            let world = World::at_version(1, roomy());
            assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
            let writing = Writing::start(&world, LESSON, &session(), end).await;
            writing.end().await;
            assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
        });
    }
}

/// **C3** However a write ends, what was loaded while it ran is served to no read after it.
#[test]
fn after_a_write_no_entry_from_during_it_is_served() {
    for end in ENDS {
        story(move || async move {
            let world = World::at_version(1, roomy());
            let writing = Writing::start_slowly(&world, LESSON, &session(), end).await;
            assert_eq!(
                world.read(LESSON).await,
                Ok(1),
                "The write runs, and has not reached the authority yet."
            );
            writing.take_effect().await;
            writing.end().await;
            assert_eq!(
                world.read(LESSON).await,
                Ok(2),
                "{STALE} To forget the key before a write only is to leave the door open while it runs."
            );
        });
    }
}

/// **C4** However a write ends, a load from before its end is neither joined nor kept afterwards.
#[test]
fn after_a_write_no_load_from_before_is_joined_or_kept() {
    for end in ENDS {
        story(move || async move {
            let world = World::at_version(1, roomy());
            world.authority.hold();
            let early = world.start(LESSON).await;
            Writing::start(&world, LESSON, &session(), end)
                .await
                .end()
                .await;
            let late = world.start(LESSON).await;
            world.authority.release(1);
            settle().await;
            assert!(early.answer().await.is_ok(), "{WAITED}");
            world.let_all_go().await;
            assert_eq!(late.answer().await, Ok(2), "{STALE}");
            world.authority.stop_holding();
            assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
        });
    }
}

/// **C3** Reads go on while a write runs: they may see the value before it or after it.
#[test]
fn reads_do_not_wait_for_a_write() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        let writing = Writing::start(&world, LESSON, &session(), End::Acknowledged).await;
        let same = world.start(LESSON).await;
        let other = world.start(OTHER).await;
        assert!(
            same.is_done() && other.is_done(),
            "A write is on its way, and reads wait for it."
        );
        assert!(matches!(same.answer().await, Ok(1 | 2)), "{PLAIN}");
        assert_eq!(other.answer().await, Ok(0), "{PLAIN}");
        writing.end().await;
        assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
    });
}

/// **L1** The ledger has the boundary from the API to the cache, with four answers that could be wrong,
/// and calls the cache a cache.
#[test]
fn the_boundary_to_the_cache_is_answered_for() {
    live(|| {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
        let cache = lab::answered(lab, "api", "cache");
        assert_eq!(
            cache.role,
            Role::Cache,
            "{FILE_NAME} says what the component `cache` is to the facts that it holds. It decides none \
             of them, and a restart may empty it."
        );
    });
}
