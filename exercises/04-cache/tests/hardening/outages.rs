//! An authority that is away.

use crate::world::{LESSON, PLAIN, TTL, World, pass, roomy};
use cache::settings::ReadError;
use testbed::story;

/// **C1** Beyond the bound there is no answer rather than an old one, also while the authority is down.
#[test]
fn without_the_authority_the_bound_still_holds() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        world.authority.set_failing(true);
        pass(TTL * 2).await;
        assert_eq!(
            world.read(LESSON).await,
            Err(ReadError::Unavailable),
            "Serving old values while the authority is down can be right, if it was promised. Here \
             a bound was."
        );
        world.authority.set_failing(false);
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
    });
}

/// **C7** However often a load has failed, the next read asks again.
#[test]
fn each_read_asks_again_however_often_it_has_failed() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.set_failing(true);
        for number in 1..=20 {
            assert_eq!(
                world.read(LESSON).await,
                Err(ReadError::Unavailable),
                "The authority is down, and the cache holds nothing."
            );
            assert_eq!(
                world.loads(),
                number,
                "Read {number} was answered with the error of one before it. Only the authority knows whether it is \
                 still away."
            );
        }
        world.authority.set_failing(false);
        assert_eq!(
            world.read(LESSON).await,
            Ok(1),
            "The authority is up again, and the next read asks it."
        );
    });
}
