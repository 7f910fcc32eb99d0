//! What a session was told is never taken back from it.

use crate::world::{LESSON, OTHER, PLAIN, TICK, TTL, World, answers, roomy, session_told, settle};
use cache::session::Session;
use cache::settings::ReadError;
use domain::Version;
use testbed::{note, story};

/// **C6** The entry that is too old for one session is still good for the others, also while that one
/// waits.
#[test]
fn an_entry_below_one_sessions_floor_serves_the_others() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
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
        assert_eq!(stranger.answer().await, Ok(1), "{PLAIN}");
        world.authority.release(2);
        assert_eq!(own.answer().await, Ok(2), "{PLAIN}");
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(2), 2),
            "And what it brought serves everybody."
        );
    });
}

/// **C6** A load that began before the acknowledgement may be joined, but what it brings is compared with the
/// floor like an entry.
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
        assert_eq!(stranger.answer().await, Ok(1), "{PLAIN}");
        world.authority.release_all();
        settle().await;
        world.authority.release_all();
        assert!(
            answers(own).await.iter().all(|seen| *seen == Ok(2)),
            "Load 1 began before version 2 was made. A session that was told of version 2 waited for \
             it, and took what came, or called the authority behind for it. Such a load proves nothing: \
             one load more does."
        );
        assert!(
            world.loads() <= 3,
            "Twenty reads found that load 1 was too old for them. They can share the next one; there \
             were {} loads.",
            world.loads()
        );
    });
}

/// **C6** When the authority itself answers below what it acknowledged, the read returns that as an error, and the
/// authority is not asked again and again.
#[test]
fn an_authority_that_has_forgotten_is_said_to_be_behind() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        let session = session_told(LESSON, Version(5));
        // At their gates, loads that are asked for again and again are counted instead of going on for ever.
        world.authority.hold();
        let own = world.start_in(LESSON, &session).await;
        world.authority.release_all();
        settle().await;
        assert_eq!(
            world.loads(),
            2,
            "A load that began after the read has proved it, and was load 2. Asking again proves \
             nothing more."
        );
        assert_eq!(
            own.answer().await,
            Err(ReadError::Behind { floor: Version(5) }),
            "A load that began after this read brought version 1, and version 5 had been acknowledged. Version 1 is \
             no answer to this session, and the authority is to blame."
        );
        world.authority.stop_holding();
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
        assert_eq!(session.floor(LESSON), None, "It was told nothing yet.");
        session.acknowledged(LESSON, Version(3));
        tokio::time::sleep(TTL / 2).await;
        session.acknowledged(LESSON, Version(2));
        note("a session was told of version 3, and half a bound later of version 2");
        assert_eq!(
            session.floor(LESSON),
            Some(Version(3)),
            "Acknowledgements may arrive in any order. The highest counts."
        );
        assert_eq!(session.floor(OTHER), None, "It was told nothing of that.");
        tokio::time::sleep(TTL / 2).await;
        assert_eq!(
            session.floor(LESSON),
            Some(Version(3)),
            "Exactly the bound after the acknowledgement, a value from before it may still be served to others, and \
             must not be served to this session."
        );
        tokio::time::sleep(TTL / 2).await;
        assert!(
            session.floor(LESSON) >= Some(Version(2)),
            "The session was told of version 2 exactly one bound ago. Each acknowledgement counts for a bound of its \
             own, also when its version is the lower one."
        );
        tokio::time::sleep(TICK).await;
        assert_eq!(
            session.floor(LESSON),
            None,
            "Whatever may still be served was loaded after both acknowledgements."
        );
        session.acknowledged(LESSON, Version(4));
        assert_eq!(
            session.floor(LESSON),
            Some(Version(4)),
            "It was told of version 4 just now."
        );
    });
}

/// **C7** A load that fails for one session leaves the entry that is valid for all others where it is.
#[test]
fn a_failed_load_leaves_a_valid_entry_alone() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        let version = world.authority.change(LESSON);
        let session = session_told(LESSON, version);
        world.authority.hold();
        let own = world.start_in(LESSON, &session).await;
        world.authority.fail(2);
        assert_eq!(
            own.answer().await,
            Err(ReadError::Unavailable),
            "Its load failed, and the entry is below what it was told."
        );
        let stranger = world.start(LESSON).await;
        assert!(
            stranger.is_done() && world.loads() == 2,
            "The entry was valid, to everybody but one session, and the failure of a load for that \
             one took it away from all; while the authority is failing, of all times."
        );
        assert_eq!(stranger.answer().await, Ok(1), "{PLAIN}");
    });
}
