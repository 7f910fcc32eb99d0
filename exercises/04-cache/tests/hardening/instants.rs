//! The bound itself, to the nanosecond.

use crate::world::{LESSON, PLAIN, TTL, World, each_gets, roomy, session, turns};
use cache::settings::Settings;
use std::time::Duration;
use testbed::{scene, story};

/// **C1** At the bound itself a load may be joined, and a nanosecond later it may not; also where the bound is zero,
/// and only reads of one instant can share a load.
#[test]
fn at_the_bound_itself_a_value_is_within_the_bound() {
    story(|| async {
        for ttl in [TTL, Duration::ZERO] {
            scene(format!("the bound is {ttl:?}"));
            let world = World::at_version(1, Settings { ttl, ..roomy() });
            world.authority.hold();
            let mut readings = vec![world.spawn(LESSON, &session())];
            turns(9).await;
            tokio::time::advance(ttl).await;
            readings.push(world.spawn(LESSON, &session()));
            turns(9).await;
            assert_eq!(
                world.loads(),
                1,
                "The load began exactly the bound of {ttl:?} before the second read, and \"at most\" includes that."
            );
            tokio::time::advance(Duration::from_nanos(1)).await;
            readings.push(world.spawn(LESSON, &session()));
            turns(9).await;
            assert_eq!(
                world.loads(),
                2,
                "A nanosecond more than the bound of {ttl:?} has passed since the load began, and that is more than \
                 \"at most\" allows."
            );
            world.authority.release_all();
            each_gets(readings, Ok(1), PLAIN).await;
        }
    });
}
