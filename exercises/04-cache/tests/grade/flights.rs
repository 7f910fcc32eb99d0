//! Many readers, one load.

use crate::authority::value;
use crate::world::{LESSON, OTHER, World, answers, roomy, session, session_told, settle};
use cache::cache::Cache;
use cache::settings::{ReadError, Settings};
use cache::source::{Source, SourceError};
use domain::{LessonKey, Progress, Version};
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use testbed::{Gate, note, poll_once, scene, story};

/// **C5** A hundred reads that miss the same key at once are one load, and all have its value.
#[test]
fn a_hundred_misses_of_one_key_are_one_load() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let mut readings = world.start_many(50, LESSON).await;
        readings.extend(world.start_many(50, LESSON).await);
        assert_eq!(
            world.loads(),
            1,
            "A hundred reads found nothing, at about the same time. If each asks the authority, the \
             cache is absent exactly when it is needed most."
        );
        world.authority.release(1);
        assert_eq!(answers(readings).await, vec![Ok(1); 100]);
        world.authority.stop_holding();
        assert_eq!(world.read(LESSON).await, Ok(1));
        assert_eq!(
            world.loads(),
            1,
            "A hundred reads shared a load, the next one came when it was done, and loaded again. What a \
             load brings is to be kept."
        );
    });
}

/// **C5** A slow key holds up no other.
#[test]
fn a_slow_key_holds_up_no_other() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.change(OTHER);
        world.authority.hold();
        let slow = world.start(LESSON).await;
        let quick = world.start(OTHER).await;
        assert_eq!(
            world.authority.loads_of(OTHER),
            1,
            "There is room for 64 loads, one runs, and the read of another lesson waits for it. What do \
             the two share?"
        );
        world.authority.release(2);
        assert_eq!(quick.answer().await, Ok(1));
        world.authority.release(1);
        assert_eq!(slow.answer().await, Ok(1));
    });
}

/// **C5** A hit waits for nobody: not for loads, not for places, not even once.
#[test]
fn a_hit_is_answered_at_once() {
    story(|| async {
        let world = World::at_version(
            1,
            Settings {
                max_loads: 1,
                max_waiting_loads: 1,
                ..roomy()
            },
        );
        assert_eq!(world.read(LESSON).await, Ok(1));
        world.authority.hold();
        let _running = world.start(LessonKey::new(1, 3)).await;
        let _waiting = world.start(LessonKey::new(1, 4)).await;
        let session = session();
        let mut hit = std::pin::pin!(world.cache.read(LESSON, &session));
        std::future::poll_fn(|context| {
            assert_eq!(
                hit.as_mut().poll(context),
                Poll::Ready(Ok(value(LESSON, 1))),
                "The value is there. All places for loads are taken, and a hit needs none."
            );
            Poll::Ready(())
        })
        .await;
    });
}

/// **C5** When the reader that started a load gives up, those who wait with it are answered.
#[test]
fn a_reader_that_gives_up_strands_nobody() {
    story(|| async {
        for leavers in [&[0][..], &[0, 1], &[1], &[0, 1, 2]] {
            scene(format!(
                "of four who wait for one load, those of index {leavers:?} give up"
            ));
            let world = World::at_version(1, roomy());
            world.authority.hold();
            let mut readings: Vec<_> = Vec::new();
            for _ in 0..4 {
                readings.push(Some(world.start(LESSON).await));
            }
            for leaver in leavers {
                if let Some(reading) = readings[*leaver].take() {
                    reading.give_up().await;
                }
            }
            for _ in 0..=leavers.len() {
                world.authority.release_all();
                settle().await;
            }
            let left: Vec<_> = readings.into_iter().flatten().collect();
            let count = left.len();
            assert_eq!(
                answers(left).await,
                vec![Ok(1); count],
                "They waited for a load that another reader had started. That one has left, which is \
                 its own affair; the authority is well, and they are still here."
            );
            let most = 1 + leavers.len();
            assert!(
                world.loads() <= most,
                "Each that left may have cost a load, which makes {most} at the most; there were {}.",
                world.loads()
            );
        }
    });
}

/// **C5** A reader that joined and gives up takes nothing with it.
#[test]
fn a_follower_that_gives_up_costs_no_load() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let first = world.start(LESSON).await;
        world.start(LESSON).await.give_up().await;
        let third = world.start(LESSON).await;
        world.authority.release(1);
        assert_eq!(first.answer().await, Ok(1));
        assert_eq!((third.answer().await, world.loads()), (Ok(1), 1));
    });
}

/// **C5** When everybody has given up, the next reader is answered as if nobody had been there.
#[test]
fn a_key_that_everybody_gave_up_works() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let first = world.start(LESSON).await;
        let second = world.start(LESSON).await;
        second.give_up().await;
        first.give_up().await;
        let next = world.start(LESSON).await;
        world.authority.release_all();
        settle().await;
        world.authority.release_all();
        assert_eq!(next.answer().await, Ok(1));
    });
}

/// **C5** A load that panics is an error to all who wait for it, and to nobody afterwards.
#[test]
fn a_load_that_panics_is_an_error_to_all_who_wait() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let readings = world.start_many(3, LESSON).await;
        world.authority.panic(1);
        assert_eq!(
            answers(readings).await,
            vec![Err(ReadError::Unavailable); 3],
            "The load panicked. That is the authority's failure, and its readers' error."
        );
        world.authority.stop_holding();
        assert_eq!(world.read(LESSON).await, Ok(1), "It works again.");
    });
}

/// Panics before it has returned a future, the first time.
struct PanicsAtOnce(Arc<AtomicBool>);

impl Source for PanicsAtOnce {
    #[allow(clippy::manual_async_fn)] // the point is what happens outside the future
    fn load(
        &self,
        key: LessonKey,
    ) -> impl Future<Output = Result<Option<Progress>, SourceError>> + Send {
        if !self.0.swap(true, Ordering::Relaxed) {
            std::panic::resume_unwind(Box::new("asked to"));
        }
        async move { Ok(value(key, 1)) }
    }
}

/// **C5** The same holds for a source that panics before there is a future.
#[test]
fn a_source_that_panics_at_once_is_an_error_and_no_more() {
    story(|| async {
        let source = PanicsAtOnce(Arc::default());
        let cache = Cache::new(source, roomy()).expect("settings that make sense");
        note("the source panics when it is called");
        let reader = cache.clone();
        let read = tokio::spawn(async move { reader.read(LESSON, &session()).await });
        assert_eq!(
            read.await.ok(),
            Some(Err(ReadError::Unavailable)),
            "The source panicked before it had returned a future. `None` is a reader that panicked with \
             it, and that is one net too narrow."
        );
        assert_eq!(cache.read(LESSON, &session()).await, Ok(value(LESSON, 1)));
    });
}

/// **C5** When a load has failed, nobody who waited for it starts another one.
#[test]
fn a_failed_load_is_followed_by_no_herd() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let readings = world.start_many(100, LESSON).await;
        world.authority.fail(1);
        settle().await;
        for _ in 0..100 {
            world.authority.release_all();
            settle().await;
        }
        assert_eq!(
            world.loads(),
            1,
            "A hundred reads waited for a load, and it failed. An authority that fails is most likely \
             overloaded; a hundred new questions, or one for each in turn, are what it needs least."
        );
        assert_eq!(
            answers(readings).await,
            vec![Err(ReadError::Unavailable); 100]
        );
    });
}

/// **C5** What was overtaken by an invalidation is one load again for all who come after it.
#[test]
fn misses_after_an_invalidation_are_one_load_too() {
    for end in ["still runs", "ends", "fails", "is given up"] {
        story(move || async move {
            note(format!(
                "when the last reader comes, the overtaken load {end}"
            ));
            let world = World::at_version(1, roomy());
            world.authority.hold();
            let early = world.start(LESSON).await;
            let version = world.authority.change(LESSON);
            world.invalidate(LESSON, version);
            let mut late = world.start_many(20, LESSON).await;
            match end {
                "ends" => world.authority.release(1),
                "fails" => world.authority.fail(1),
                "is given up" => early.give_up().await,
                _ => {}
            }
            settle().await;
            late.push(world.start(LESSON).await);
            world.let_all_go().await;
            assert_eq!(
                world.loads(),
                2,
                "Twenty-one reads began after the invalidation, and the load from before it is of no \
                 use to them: that makes one more. If the last read started a third, did the end of \
                 load 1 take away what was remembered of load 2?"
            );
            for answer in answers(late).await {
                // Who waits for an overtaken load to hold what it brings against the version hears of
                // its failure like all who wait for it.
                let heard = end == "fails" && answer == Err(ReadError::Unavailable);
                assert!(
                    heard || answer == Ok(2),
                    "A read after the invalidation got {answer:?}."
                );
            }
        });
    }
}

/// **C5** A hit waits for nobody in a session that was told something, either.
#[test]
fn a_hit_above_the_floor_is_answered_at_once() {
    story(|| async {
        let world = World::at_version(2, roomy());
        assert_eq!(world.read(LESSON).await, Ok(2));
        let told = session_told(LESSON, Version(2));
        let mut hit = pin!(world.cache.read(LESSON, &told));
        assert_eq!(
            poll_once(hit.as_mut()),
            Poll::Ready(Ok(value(LESSON, 2))),
            "The value is there, and the session was told no more than that."
        );
    });
}

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
        assert_eq!(answers(readings).await, vec![Ok(1); 20]);
        reached.open();
        assert_eq!(writing.await.ok(), Some(Ok(Version(2))));
    });
}
