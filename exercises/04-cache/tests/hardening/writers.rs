//! Writes that overlap with loads, and with each other.

use crate::world::writing::{End, STALE, Writing};
use crate::world::{
    LESSON, PLAIN, TICK, TTL, WAITED, World, each_gets, pass, roomy, session, settle,
};
use domain::Version;
use std::convert::Infallible;
use testbed::{Gate, note, story};

/// A write returns what the authority answered.
const RETURNED: &str = "The authority acknowledged a version, and this is what the write returned.";

/// **C5** While a write of the key runs, its misses share a load like any others.
#[test]
fn misses_during_a_write_are_one_load_too() {
    story(|| async {
        let world = World::at_version(1, roomy());
        let (reached, cache) = (Gate::closed(), world.cache.clone());
        let gate = reached.clone();
        let writing = tokio::spawn(async move {
            let writer = session();
            let write = async {
                gate.pass().await;
                Ok::<_, Infallible>(Version(2))
            };
            cache.write(LESSON, &writer, write).await
        });
        settle().await;
        note("a write runs, and has not reached the authority yet");
        world.authority.hold();
        let readings = world.start_many(20, LESSON).await;
        assert_eq!(
            world.loads(),
            1,
            "Twenty reads found nothing while a write ran. One answer would do for all of them."
        );
        world.authority.release_all();
        each_gets(readings, Ok(1), "Their load has ended.").await;
        reached.open();
        assert_eq!(writing.await.ok(), Some(Ok(Version(2))), "{RETURNED}");
    });
}

/// **C3** Writes go on while loads wait, and one write does not wait for another.
#[test]
fn writes_wait_for_nothing_of_the_cache() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let _stuck = world.start(LESSON).await;
        let first = Writing::start(&world, LESSON, &session(), End::Acknowledged).await;
        let second = Writing::start(&world, LESSON, &session(), End::Acknowledged).await;
        assert_eq!(
            world.authority.version(LESSON),
            3,
            "Two writes were handed to the cache, and the authority has not seen both. In which \
             order they take effect is decided by the authority."
        );
        assert_eq!(second.end().await, Some(Ok(Version(3))), "{RETURNED}");
        assert_eq!(first.end().await, Some(Ok(Version(2))), "{RETURNED}");
    });
}

/// **C3** A write forgets what was read while it ran, whatever version that had.
#[test]
fn what_a_write_read_itself_is_not_served_after_it() {
    story(|| async {
        let world = World::new(roomy());
        world.authority.stop_holding();
        let writer = session();
        let written = world.cache.write(LESSON, &writer, async {
            let version = world.authority.change(LESSON);
            let _ = world.cache.read(LESSON, &session()).await;
            world.authority.change(LESSON);
            Ok::<_, &str>(version)
        });
        assert_eq!(written.await, Ok(Version(1)), "{RETURNED}");
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "Version 1 was loaded while the write ran. Before the write's end somebody else made version \
             2, and a read that begins afterwards returns nothing from a load that began before."
        );
    });
}

/// **C4** The end of a write that finds an entry has to look for a load as well.
#[test]
fn after_a_write_neither_the_entry_nor_the_load_beside_it_is_left() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        pass(TTL + TICK).await;
        note("the entry has expired, and a load is under way beside it");
        world.authority.hold();
        let early = world.start(LESSON).await;
        let writer = session();
        let written = world.cache.write(LESSON, &writer, async {
            Ok::<_, Infallible>(world.authority.change(LESSON))
        });
        assert_eq!(written.await, Ok(Version(2)), "{RETURNED}");
        world.authority.release(2);
        assert!(early.answer().await.is_ok(), "{WAITED}");
        world.authority.stop_holding();
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "The end of the write found an entry, and a load from before it. The load was kept."
        );
    });
}

/// **C3** Of several writes of a key, each forgets it at its own end, whoever else is still writing.
#[test]
fn each_write_forgets_at_its_own_end() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        let write = |gate: &Gate| {
            let (cache, authority, gate) =
                (world.cache.clone(), world.authority.clone(), gate.clone());
            tokio::spawn(async move {
                let writer = session();
                let write = async {
                    gate.pass().await;
                    Ok::<_, Infallible>(authority.change(LESSON))
                };
                cache.write(LESSON, &writer, write).await
            })
        };
        let gates = [Gate::closed(), Gate::closed()];
        let first = write(&gates[0]);
        let second = write(&gates[1]);
        settle().await;
        note("two writes run");
        gates[0].open();
        assert_eq!(first.await.ok(), Some(Ok(Version(2))), "{RETURNED}");
        note("the first has ended");
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "A write has ended, and a read that began after it returned what was loaded before. That \
             another write is still under way changes nothing."
        );
        gates[1].open();
        assert_eq!(second.await.ok(), Some(Ok(Version(3))), "{RETURNED}");
        note("the second has ended");
        assert_eq!(world.read(LESSON).await, Ok(3), "{STALE}");
    });
}
