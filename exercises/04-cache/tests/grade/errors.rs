//! An error is an answer to those who asked, and to nobody else.

use crate::world::{LESSON, World, roomy, session_told};
use cache::settings::ReadError;
use testbed::{note, story};

/// **C7** An error is not kept: the next read asks again.
#[test]
fn an_error_is_not_kept() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.set_failing(true);
        assert_eq!(world.read(LESSON).await, Err(ReadError::Unavailable));
        assert_eq!(
            world.cache.entries(),
            0,
            "The load failed, and left an entry. Of what?"
        );
        world.authority.set_failing(false);
        assert_eq!(
            (world.read(LESSON).await, world.loads()),
            (Ok(1), 2),
            "The authority is up again. What the cache says is what it was told when it was down; the \
             second number counts the loads."
        );
    });
}

/// **C7** An error does not become "not begun", which is a value.
#[test]
fn an_error_is_not_an_absence() {
    story(|| async {
        let world = World::new(roomy());
        world.authority.set_failing(true);
        assert_eq!(
            world.read(LESSON).await,
            Err(ReadError::Unavailable),
            "Nobody knows whether the learner has begun. \"No\" would be a lie."
        );
    });
}

/// **C7** A load that fails or panics leaves a valid entry where it is.
#[test]
fn a_failed_load_leaves_a_valid_entry_alone() {
    for panics in [false, true] {
        story(move || async move {
            let world = World::at_version(1, roomy());
            assert_eq!(world.read(LESSON).await, Ok(1));
            let version = world.authority.change(LESSON);
            let session = session_told(LESSON, version);
            world.authority.hold();
            let own = world.start_in(LESSON, &session).await;
            note("the session's load is to go wrong");
            if panics {
                world.authority.panic(2);
            } else {
                world.authority.fail(2);
            }
            assert_eq!(own.answer().await, Err(ReadError::Unavailable));
            let stranger = world.start(LESSON).await;
            assert!(
                stranger.is_done() && world.loads() == 2,
                "The entry was valid, to everybody but one session, and the failure of a load for that \
                 one took it away from all; while the authority is failing, of all times."
            );
            assert_eq!(stranger.answer().await, Ok(1));
        });
    }
}

/// **C7** A load that fails after an invalidation brings back nothing that was invalidated.
#[test]
fn a_failed_load_brings_nothing_back() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1));
        let version = world.authority.change(LESSON);
        world.invalidate(LESSON, version);
        world.authority.set_failing(true);
        assert_eq!(world.read(LESSON).await, Err(ReadError::Unavailable));
        assert_eq!(world.read(LESSON).await, Err(ReadError::Unavailable));
        world.authority.set_failing(false);
        assert_eq!(world.read(LESSON).await, Ok(2));
    });
}

/// **C7** However often a load has failed, the next read asks again.
#[test]
fn each_read_asks_again_however_often_it_has_failed() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.set_failing(true);
        for number in 1..=20 {
            assert_eq!(world.read(LESSON).await, Err(ReadError::Unavailable));
            assert_eq!(
                world.loads(),
                number,
                "Read {number} was answered with the error of one before it. Whether the authority is still \
                 away is the authority's to say."
            );
        }
        world.authority.set_failing(false);
        assert_eq!(world.read(LESSON).await, Ok(1), "It is up again.");
    });
}
