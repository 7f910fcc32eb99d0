//! Many learners, and large numbers.

use crate::world::{PLAIN, TTL, World, roomy, session};
use cache::cache::Cache;
use cache::session::Session;
use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress, Version};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use testbed::{scene, story};

/// An authority that answers at once, with any version there can be.
#[derive(Clone, Default)]
struct AtOnce(Arc<Mutex<HashMap<LessonKey, u64>>>);

impl AtOnce {
    fn set(&self, key: LessonKey, version: u64) {
        let mut versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        versions.insert(key, version);
    }
}

impl Source for AtOnce {
    async fn load(&self, key: LessonKey) -> Result<Option<Progress>, SourceError> {
        let versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(versions.get(&key).map(|version| Progress {
            key,
            version: Version(*version),
            steps_done: 1,
            completed: false,
        }))
    }
}

/// **C1** Each learner's each lesson is a key of its own: nobody is shown another's progress.
#[test]
fn no_learner_is_shown_anothers_progress() {
    story(|| async {
        let source = AtOnce::default();
        let cache = Cache::new(source.clone(), roomy()).expect("settings that make sense");
        let keys = [
            LessonKey::new(1, 1),
            LessonKey::new(2, 1),
            LessonKey::new(1, 2),
            LessonKey::new(1, 11),
            LessonKey::new(11, 1),
            LessonKey::new(0, 1_000_001),
            LessonKey::new(1 + (1 << 32), 1),
            LessonKey::new(1, 1 + (1 << 32)),
            LessonKey::new(u64::MAX, u64::MAX),
        ];
        for (version, key) in (1..).zip(keys) {
            source.set(key, version);
        }
        for round in 0..2 {
            for (version, key) in (1..).zip(keys) {
                let read = cache.read(key, &session()).await;
                assert_eq!(
                    read.map(|progress| progress.map(|progress| (progress.key, progress.version))),
                    Ok(Some((key, Version(version)))),
                    "In round {round}, a read of one learner's lesson was answered with another's."
                );
            }
        }
    });
}

/// **C5** Two learners' lessons of the same number share neither a load nor a session's floor.
#[test]
fn loads_and_floors_are_each_learners_own() {
    story(|| async {
        let world = World::new(roomy());
        world.authority.hold();
        let (mine, yours) = (LessonKey::new(1, 7), LessonKey::new(2, 7));
        let first = world.start(mine).await;
        let second = world.start(yours).await;
        assert_eq!(
            world.loads(),
            2,
            "Two learners read the same lesson, and share a load."
        );
        world.authority.release_all();
        assert_eq!(
            (first.answer().await, second.answer().await),
            (Ok(0), Ok(0)),
            "{PLAIN}"
        );
        let session = Session::new(TTL);
        session.acknowledged(mine, Version(3));
        for other in [
            yours,
            LessonKey::new(1 + (1 << 32), 7),
            LessonKey::new(1, 8),
        ] {
            assert_eq!(
                session.floor(other),
                None,
                "The session was told of {mine:?}, and has a floor for {other:?}."
            );
        }
    });
}

/// **C4** Versions are compared as whole numbers, up to the largest one.
#[test]
fn large_versions_are_versions_too() {
    story(|| async {
        let source = AtOnce::default();
        let cache = Cache::new(source.clone(), roomy()).expect("settings that make sense");
        let key = LessonKey::new(1, 1);
        for version in [
            u64::from(u32::MAX),
            1 << 32,
            1 << 63,
            u64::MAX - 1,
            u64::MAX,
        ] {
            scene(format!("the authority and a notice say version {version}"));
            source.set(key, version);
            cache.invalidate(key, Version(version));
            let told = session();
            told.acknowledged(key, Version(1));
            told.acknowledged(key, Version(version));
            assert_eq!(
                told.floor(key),
                Some(Version(version)),
                "The session was told of version 1, and then of version {version}. The higher one counts."
            );
            let read = cache.read(key, &told).await;
            assert_eq!(
                read.map(|progress| progress.map(|progress| progress.version)),
                Ok(Some(Version(version))),
                "The cache was told of version {version}, and the authority has it."
            );
        }
    });
}
