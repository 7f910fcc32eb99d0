//! Writes go past the cache, and leave nothing old behind.

use crate::world::{
    LESSON, OTHER, Reading, TICK, TTL, WAITED, World, pass, roomy, session, settle,
};
use cache::session::Session;
use domain::{LessonKey, Version};
use std::convert::Infallible;
use std::sync::Arc;
use testbed::{Gate, note, story};
use tokio::task::JoinHandle;

/// How a write may end. What it was to do has been done in each case, and not every caller learns it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Acknowledged,
    Failed,
    Dropped,
    Panicked,
}

const ENDS: [End; 4] = [End::Acknowledged, End::Failed, End::Dropped, End::Panicked];

/// A write in the test's hands: it takes effect at the authority, and ends, when the test says so.
struct Writing {
    effect: Gate,
    gate: Gate,
    task: JoinHandle<Result<Version, &'static str>>,
    end: End,
}

impl Writing {
    /// Starts a write, and lets it take effect.
    async fn start(world: &World, key: LessonKey, session: &Arc<Session>, end: End) -> Self {
        let writing = Self::start_slowly(world, key, session, end).await;
        writing.take_effect().await;
        writing
    }

    /// Starts a write that has not reached the authority yet.
    async fn start_slowly(world: &World, key: LessonKey, session: &Arc<Session>, end: End) -> Self {
        let (effect, gate) = (Gate::closed(), Gate::closed());
        let (cache, authority) = (world.cache.clone(), world.authority.clone());
        let (session, reached, held) = (Arc::clone(session), effect.clone(), gate.clone());
        let task = tokio::spawn(async move {
            let write = async {
                note("a write begins");
                reached.pass().await;
                let version = authority.change(key);
                held.pass().await;
                match end {
                    End::Failed => Err("the reply was lost"),
                    End::Panicked => std::panic::resume_unwind(Box::new("asked to")),
                    End::Acknowledged | End::Dropped => Ok(version),
                }
            };
            cache.write(key, &session, write).await
        });
        settle().await;
        Self {
            effect,
            gate,
            task,
            end,
        }
    }

    async fn take_effect(&self) {
        self.effect.open();
        settle().await;
    }

    async fn end(self) -> Option<Result<Version, &'static str>> {
        note(format!("the write ends: {:?}", self.end));
        if self.end == End::Dropped {
            self.task.abort();
        } else {
            self.gate.open();
        }
        settle().await;
        self.task.await.ok()
    }
}

/// What went wrong when an old value is served after a write.
const STALE: &str = "The write took place, whatever its caller learnt of it, and a read that began after \
                     its end returned a value that was loaded before.";

/// **C3** A write hands on what the authority said, and not before the authority has said it.
#[test]
fn a_write_hands_on_what_the_authority_said() {
    story(|| async {
        let world = World::new(roomy());
        let own = session();
        let writing = Writing::start(&world, LESSON, &own, End::Acknowledged).await;
        assert!(
            !writing.task.is_finished(),
            "The authority has not acknowledged the write, and the cache has. It may hold a copy of a \
             fact; it cannot make one."
        );
        assert_eq!(own.floor(LESSON), None, "Nothing was acknowledged yet.");
        assert_eq!(writing.end().await, Some(Ok(Version(1))));
        assert_eq!(
            own.floor(LESSON),
            Some(Version(1)),
            "The session was told of version 1, and its reads must not be below."
        );
        let failing = Writing::start(&world, LESSON, &own, End::Failed).await;
        assert_eq!(failing.end().await, Some(Err("the reply was lost")));
        assert_eq!(
            own.floor(LESSON),
            Some(Version(1)),
            "Nobody acknowledged version 2 to the session."
        );
        assert_eq!(world.loads(), 0, "A write asks for no load.");
    });
}

/// **C3** However a write ends, the entry from before it is served to no read after it.
#[test]
fn after_a_write_no_entry_from_before_it_is_served() {
    for end in ENDS {
        story(move || async move {
            let world = World::at_version(1, roomy());
            assert_eq!(world.read(LESSON).await, Ok(1));
            let writing = Writing::start(&world, LESSON, &session(), end).await;
            writing.end().await;
            assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
        });
    }
}

/// **C3** However a write ends, what was loaded while it ran is served to no read after it.
#[test]
fn after_a_write_no_entry_from_during_it_is_served() {
    for end in ENDS {
        story(move || async move {
            let world = World::at_version(1, roomy());
            let writing = Writing::start_slowly(&world, LESSON, &session(), end).await;
            assert_eq!(
                world.read(LESSON).await,
                Ok(1),
                "The write runs, and has not reached the authority yet."
            );
            writing.take_effect().await;
            writing.end().await;
            assert_eq!(
                world.read(LESSON).await,
                Ok(2),
                "{STALE} To forget the key before a write only is to leave the door open while it runs."
            );
        });
    }
}

/// **C4** However a write ends, a load that began while it ran is neither joined nor kept afterwards.
#[test]
fn after_a_write_no_load_from_during_it_is_joined_or_kept() {
    for end in ENDS {
        story(move || async move {
            let world = World::at_version(1, roomy());
            let writing = Writing::start_slowly(&world, LESSON, &session(), end).await;
            world.authority.hold();
            let early = world.start(LESSON).await;
            writing.take_effect().await;
            writing.end().await;
            let late = world.start(LESSON).await;
            world.authority.release(1);
            settle().await;
            assert!(early.answer().await.is_ok(), "{WAITED}");
            world.let_all_go().await;
            assert_eq!(late.answer().await, Ok(2), "{STALE}");
            world.authority.stop_holding();
            assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
        });
    }
}

/// **C4** However a write ends, a load from before its end is neither joined nor kept afterwards.
#[test]
fn after_a_write_no_load_from_before_is_joined_or_kept() {
    for end in ENDS {
        story(move || async move {
            let world = World::at_version(1, roomy());
            world.authority.hold();
            let early = world.start(LESSON).await;
            Writing::start(&world, LESSON, &session(), end)
                .await
                .end()
                .await;
            let late = world.start(LESSON).await;
            world.authority.release(1);
            settle().await;
            assert!(early.answer().await.is_ok(), "{WAITED}");
            world.let_all_go().await;
            assert_eq!(late.answer().await, Ok(2), "{STALE}");
            world.authority.stop_holding();
            assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
        });
    }
}

/// **C4** A load from before a write's end that lands later, with nobody else reading, leaves nothing.
#[test]
fn a_load_that_lands_after_a_write_is_not_kept() {
    for end in ENDS {
        story(move || async move {
            let world = World::at_version(1, roomy());
            world.authority.hold();
            let early: Reading = world.start(LESSON).await;
            Writing::start(&world, LESSON, &session(), end)
                .await
                .end()
                .await;
            world.authority.release(1);
            assert!(early.answer().await.is_ok(), "{WAITED}");
            world.authority.stop_holding();
            assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
        });
    }
}

/// **C3** Reads go on while a write runs: they may see the value before it or after it.
#[test]
fn reads_do_not_wait_for_a_write() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1));
        let writing = Writing::start(&world, LESSON, &session(), End::Acknowledged).await;
        let same = world.start(LESSON).await;
        let other = world.start(OTHER).await;
        assert!(
            same.is_done() && other.is_done(),
            "A write is on its way, and reads wait for it."
        );
        assert!(matches!(same.answer().await, Ok(1 | 2)));
        assert_eq!(other.answer().await, Ok(0));
        writing.end().await;
        assert_eq!(world.read(LESSON).await, Ok(2), "{STALE}");
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
            "Two writes were handed to the cache, and the authority has not seen both. In which order \
             they take effect, if they do, is the authority's to decide."
        );
        assert_eq!(second.end().await, Some(Ok(Version(3))));
        assert_eq!(first.end().await, Some(Ok(Version(2))));
    });
}

/// **C3** A write concerns its own key.
#[test]
fn a_write_concerns_its_own_key() {
    story(|| async {
        let world = World::new(roomy());
        assert_eq!(world.read(OTHER).await, Ok(0));
        let writing = Writing::start(&world, LESSON, &session(), End::Acknowledged).await;
        writing.end().await;
        assert_eq!(
            (world.read(OTHER).await, world.loads()),
            (Ok(0), 1),
            "Nobody wrote this lesson, and it was loaded again (the second number counts the loads)."
        );
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
        assert_eq!(written.await, Ok(Version(1)));
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "Version 1 was loaded while the write ran. Before the write's end somebody else made version \
             2, and a read that begins afterwards returns nothing from a load that began before."
        );
    });
}

/// **C3** A write leaves the running loads of other keys alone.
#[test]
fn a_write_leaves_other_loads_alone() {
    story(|| async {
        let world = World::new(roomy());
        world.authority.hold();
        let other = world.start(OTHER).await;
        let writer = session();
        let written = world
            .cache
            .write(LESSON, &writer, async { Ok::<_, &str>(Version(1)) });
        assert_eq!(written.await, Ok(Version(1)));
        world.authority.release_all();
        assert_eq!(other.answer().await, Ok(0));
        let hit = world.start(OTHER).await;
        assert!(
            hit.is_done(),
            "Another lesson was written while this one was loading, and its load was not kept."
        );
    });
}

/// **C4** The end of a write finds an entry, and has a load to look for all the same.
#[test]
fn after_a_write_neither_the_entry_nor_the_load_beside_it_is_left() {
    story(|| async {
        let world = World::at_version(1, roomy());
        assert_eq!(world.read(LESSON).await, Ok(1));
        pass(TTL + TICK).await;
        note("the entry has expired, and a load is under way beside it");
        world.authority.hold();
        let early = world.start(LESSON).await;
        let writer = session();
        let written = world.cache.write(LESSON, &writer, async {
            Ok::<_, Infallible>(world.authority.change(LESSON))
        });
        assert_eq!(written.await, Ok(Version(2)));
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
        assert_eq!(world.read(LESSON).await, Ok(1));
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
        assert_eq!(first.await.ok(), Some(Ok(Version(2))));
        note("the first has ended");
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "A write has ended, and a read that began after it returned what was loaded before. Another \
             write is still under way, which is its own affair."
        );
        gates[1].open();
        assert_eq!(second.await.ok(), Some(Ok(Version(3))));
        note("the second has ended");
        assert_eq!(world.read(LESSON).await, Ok(3));
    });
}

/// **C6** The floor of a write lasts from the acknowledgement, and not from when the write began.
#[test]
fn a_floor_counts_from_the_acknowledgement() {
    story(|| async {
        let world = World::new(roomy());
        let writer = session();
        let written = world.cache.write(LESSON, &writer, async {
            tokio::time::sleep(TTL / 2).await;
            Ok::<_, Infallible>(Version(1))
        });
        assert_eq!(written.await, Ok(Version(1)));
        note("the write took half of the bound");
        pass(TTL.checked_sub(TICK).unwrap()).await;
        assert_eq!(
            writer.floor(LESSON),
            Some(Version(1)),
            "The bound has not passed since the session was told. Another cache may still serve what it \
             loaded right before the write took effect."
        );
    });
}
