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
