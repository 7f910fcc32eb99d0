//! Events of one instant, which no clock tells apart.

use crate::world::{
    LESSON, PLAIN, STALE, TTL, WAITED, World, each_gets, roomy, session, session_told, settle,
};
use cache::settings::Settings;
use std::time::Duration;
use testbed::{note, story};

/// Lets others go on; the clock does not move.
async fn in_this_instant() {
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
}

/// **C1** At the bound itself a load may be joined, and a nanosecond later it may not.
#[test]
fn at_the_bound_itself_a_value_is_within_the_bound() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let first = world.spawn(LESSON, &session());
        in_this_instant().await;
        tokio::time::advance(TTL).await;
        note("exactly the bound has passed since the load began");
        let joined = world.spawn(LESSON, &session());
        in_this_instant().await;
        assert_eq!(
            world.loads(),
            1,
            "The load began exactly the bound before this read, and \"at most\" includes that."
        );
        tokio::time::advance(Duration::from_nanos(1)).await;
        let beyond = world.spawn(LESSON, &session());
        in_this_instant().await;
        assert_eq!(
            world.loads(),
            2,
            "A nanosecond more than the bound has passed since the load began, and that is more than \"at most\" allows."
        );
        world.authority.release_all();
        assert_eq!(beyond.answer().await, Ok(1), "{PLAIN}");
        assert_eq!(
            (first.answer().await, joined.answer().await),
            (Ok(1), Ok(1)),
            "{PLAIN}"
        );
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
            "Twenty reads began in the instant in which the load did. A bound of zero includes that, and \
             is no reason to load twenty times."
        );
        world.authority.release_all();
        each_gets(readings, Ok(1), "Their load has ended.").await;
    });
}

/// **C4** Two loads of one instant are two loads: the older one leaves nothing.
#[test]
fn loads_of_the_same_instant_are_told_apart() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let early = world.spawn(LESSON, &session());
        in_this_instant().await;
        let version = world.authority.change(LESSON);
        world.invalidate(LESSON, version);
        let late = world.spawn(LESSON, &session());
        in_this_instant().await;
        note("all that in one instant; the clock has not moved");
        world.authority.release(1);
        assert_eq!(early.answer().await, Ok(1), "{WAITED}");
        settle().await;
        let next = world.start(LESSON).await;
        world.let_all_go().await;
        assert!(late.answer().await.is_ok(), "{WAITED}");
        assert_eq!(next.answer().await, Ok(2), "{STALE}");
    });
}

/// **C6** A load that began in the same instant as the acknowledgement may have looked before it.
#[test]
fn a_load_of_the_same_instant_proves_nothing() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let early = world.spawn(LESSON, &session());
        in_this_instant().await;
        assert_eq!(world.loads(), 1, "A read that finds nothing begins a load.");
        let version = world.authority.change(LESSON);
        let told = session_told(LESSON, version);
        let reading = world.spawn(LESSON, &told);
        in_this_instant().await;
        note("all that in one instant; the clock has not moved");
        world.let_all_go().await;
        assert_eq!(early.answer().await, Ok(1), "{PLAIN}");
        assert_eq!(
            reading.answer().await,
            Ok(2),
            "The joined load looked before the acknowledgement, though at the same time by the clock. \
             A further one had the answer."
        );
    });
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
