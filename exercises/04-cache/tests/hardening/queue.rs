//! Loads that wait for a place.

use crate::world::plain::Plain;
use crate::world::{LESSON, OTHER, PLAIN, World, lesson, roomy, session, session_told, settle};
use cache::cache::Cache;
use cache::settings::{ReadError, Settings};
use domain::Version;
use std::sync::Arc;
use testbed::{note, soon, story};
use tokio::task::JoinSet;

/// **C8** A cold start asks for ten thousand keys at once, and the authority has to answer no more at a
/// time than it declared.
#[test]
fn a_cold_start_stays_within_the_declared_loads() {
    story(|| async {
        let source = Plain::default();
        let cache = Cache::new(
            source.clone(),
            Settings {
                capacity_entries: 20_000,
                max_loads: 10,
                max_waiting_loads: 10_000,
                ..roomy()
            },
        )
        .expect("settings that make sense");
        let stranger = session();
        let mut readers = JoinSet::new();
        for number in 0..10_000 {
            let (cache, session) = (cache.clone(), Arc::clone(&stranger));
            readers.spawn(async move { cache.read(lesson(number), &session).await });
        }
        note("10000 reads of 10000 lessons begin");
        let answers = soon("10000 reads to be answered", readers.join_all()).await;
        assert!(
            answers.iter().all(Result::is_ok),
            "There was room in the queue for all of them."
        );
        assert_eq!(
            source.most_running(),
            10,
            "The authority declared that it answers 10 loads at once, ten thousand waited, and this is how many ran \
             at the same time. That number was declared for the day on which the cache is empty."
        );
    });
}

/// **C6** An authority that is behind is asked once for all who need to know, or once more where the load that they
/// found had begun before them: any load that began after their reads proves it, whoever asked for it first. "Not
/// begun" is below every floor.
#[test]
fn an_authority_that_is_behind_is_asked_once_for_all() {
    for (found, most) in [("runs", 2), ("waits for its place", 1)] {
        story(move || async move {
            note(format!(
                "the load that twenty reads of a session find {found}"
            ));
            let world = World::new(Settings {
                max_loads: 1,
                ..roomy()
            });
            world.authority.hold();
            let waits = most == 1;
            let other = world.start(if waits { OTHER } else { LESSON }).await;
            let stranger = world.start(LESSON).await;
            let told = session_told(LESSON, Version(5));
            let mut behind = Vec::new();
            for _ in 0..20 {
                behind.push(world.start_in(LESSON, &told).await);
            }
            for _ in 0..30 {
                world.authority.release_all();
                settle().await;
            }
            for reading in behind {
                assert_eq!(
                    reading.answer().await,
                    Err(ReadError::Behind { floor: Version(5) }),
                    "The session was told of version 5, and whenever the authority is asked it has nothing."
                );
            }
            assert_eq!(
                (other.answer().await, stranger.answer().await),
                (Ok(0), Ok(0)),
                "{PLAIN}"
            );
            assert_eq!(
                world.authority.loads_of(LESSON),
                most,
                "The load that twenty reads found {found} when they begin. A load that begins after a read, whoever \
                 asked for it first, is proof enough for it, and an authority that is in trouble is not asked more \
                 often than that."
            );
        });
    }
}
