//! Bad input: logs that are cut, records and checkpoints that cannot be read, disks that are full.

use crate::world::held::{Held, Slow};
use crate::world::log::TestLog;
use crate::world::store::TestStore;
use crate::world::{NEXT_PLAN, PLAN, completes, history, holds_d1, log_of, settings};
use domain::Offset;
use projection::checkpoint;
use projection::dashboard::{Dashboard, ReadError, TooOld};
use projection::log::{Body, LogError};
use projection::plan::{Counting, Plan};
use projection::projector::{Checkpoint, Projector, ProjectorError};
use projection::rebuild::rebuild;
use projection::shelf::Shelf;
use projection::store::StoreError;
use projection::view::ApplyError;
use std::num::{NonZeroU64, NonZeroUsize};
use testbed::{note, scene, story};

type Started = Result<Projector<TestLog, TestStore>, ProjectorError>;

async fn start(plan: Plan, log: &TestLog, store: &TestStore, shelf: &Shelf) -> Started {
    let settings = settings(4, 6);
    Projector::start(plan, log.clone(), store.clone(), shelf.clone(), settings).await
}

async fn build(plan: Plan, log: &TestLog, store: &TestStore, shelf: &Shelf) -> Started {
    let settings = settings(4, 6);
    rebuild(plan, log.clone(), store.clone(), shelf.clone(), settings).await
}

#[track_caller]
fn served(shelf: &Shelf, log: &TestLog) -> (u32, u64) {
    let view = shelf.current().expect("a view is served");
    holds_d1(&view, log);
    (view.plan().version.0, view.watermark().0)
}

/// A log, a store and a shelf with plan 1's view of all of the log.
async fn all_read() -> (TestLog, TestStore, Shelf, Projector<TestLog, TestStore>) {
    let (log, store, shelf) = (log_of(&history()), TestStore::default(), Shelf::new());
    let mut projector = start(PLAN, &log, &store, &shelf)
        .await
        .expect("a projector");
    projector.catch_up().await.expect("the log answers");
    (log, store, shelf, projector)
}

/// **D1** The records before one that cannot be read are published; the record itself is not skipped,
/// and a program that can read it continues from there.
#[test]
fn a_record_that_cannot_be_read_is_waited_for() {
    for at in [0, 4, 6, 7] {
        story(move || async move {
            let log = log_of(&history());
            let readable = log.bodies()[at];
            log.reread(at, Body::Unreadable { schema: 2 });
            let (store, shelf) = (TestStore::default(), Shelf::new());
            let mut projector = start(PLAN, &log, &store, &shelf)
                .await
                .expect("a projector");
            let offset = Offset(at as u64);
            let expected = ProjectorError::Apply(ApplyError::Unreadable { offset, schema: 2 });
            assert_eq!(
                projector.catch_up().await,
                Err(expected),
                "A record that cannot be read is an error, and is not skipped."
            );
            assert!(
                shelf.current().is_some(),
                "The records before it, if any, can be read: readers may see the view up to there."
            );
            for _ in 0..2 {
                assert_eq!(
                    projector.step().await,
                    Err(expected),
                    "It still cannot be read."
                );
            }
            assert_eq!(
                served(&shelf, &log),
                (1, offset.0),
                "The records before it can be read, and readers may see them."
            );
            let failed = build(NEXT_PLAN, &log, &store, &shelf).await;
            assert_eq!(failed.err(), Some(expected), "A rebuild gets no further.");
            assert_eq!(served(&shelf, &log), (1, offset.0));
            log.reread(at, readable);
            let again = start(PLAN, &log, &store, &Shelf::new()).await;
            drop(again.expect("a newer program starts"));
            projector.catch_up().await.expect("it can be read now");
            assert_eq!(served(&shelf, &log), (1, log.len()), "Nothing was skipped.");
        });
    }
}

/// **D4** When a log was cut off, no view is right: projector and dashboard report it, a rebuild does
/// not wait for records that will never come, and when the view is deleted it is rebuilt from the
/// records that are left.
#[test]
fn a_view_ahead_of_its_log_is_refused() {
    story(|| async {
        let (log, store, shelf, mut projector) = all_read().await;
        let had = log.len();
        log.cut_off(9);
        let (watermark, end) = (Offset(had), Offset(9));
        let ahead = ProjectorError::AheadOfLog { watermark, end };
        assert_eq!(
            projector.step().await,
            Err(ahead),
            "The log has fewer records than the view. That is a different error from a log that gives no answer."
        );
        let dashboard = Dashboard::new(log.clone(), shelf.clone());
        for too_old in [TooOld::Label, TooOld::Refuse] {
            let read = dashboard.read(u64::MAX, too_old).await;
            assert_eq!(
                read.err(),
                Some(ReadError::AheadOfLog { watermark, end }),
                "The view has {had} records and the log 9. No lag shows how wrong it is, so no label \
                 helps."
            );
        }
        for plan in [PLAN, NEXT_PLAN] {
            let built = build(plan, &log, &store, &shelf).await;
            assert_eq!(
                built.err(),
                Some(ahead),
                "The served view has more records than the log will ever return; it has to be deleted first."
            );
        }
        shelf.delete();
        note("the view is deleted");
        drop(
            build(NEXT_PLAN, &log, &store, &shelf)
                .await
                .expect("a view"),
        );
        assert_eq!(served(&shelf, &log), (2, 9));
        let read = dashboard.read(0, TooOld::Refuse).await;
        assert!(read.is_ok(), "Now it is a replay of the log as it is.");
        let stale = projector.step().await;
        assert!(
            stale.is_err(),
            "The old projector is still ahead of the log, and its plan is over."
        );
    });
}

/// **D5** When a log no longer keeps its beginning, no new view can be made, and the old one stays.
#[test]
fn a_log_without_its_beginning_makes_no_view() {
    story(|| async {
        let (log, store, shelf, _) = all_read().await;
        let saved = store.contents();
        log.forget_before(5);
        let gone = ProjectorError::Log(LogError::Gone { first: Offset(5) });
        let built = build(NEXT_PLAN, &log, &store, &shelf).await;
        assert_eq!(
            built.err(),
            Some(gone),
            "The first 5 records are gone, and no replay can have them."
        );
        assert_eq!(served(&shelf, &log), (1, log.len()));
        assert_eq!(store.contents(), saved);
        let shelf = Shelf::new();
        let mut again = start(PLAN, &log, &store, &shelf)
            .await
            .expect("a checkpoint");
        again.catch_up().await.expect("the rest is there");
        assert_eq!(
            served(&shelf, &log),
            (1, log.len()),
            "From the checkpoint it continues."
        );
        let fresh = TestStore::default();
        let mut none = start(PLAN, &log, &fresh, &Shelf::new())
            .await
            .expect("a projector");
        assert_eq!(none.step().await, Err(gone), "Without one it does not.");
    });
}

/// **D1** A checkpoint with one wrong bit anywhere, or with a missing or additional byte, is ignored.
#[test]
fn damage_anywhere_in_a_checkpoint_is_found() {
    story(|| async {
        let (log, store, _, _) = all_read().await;
        let (name, sealed) = store.contents().pop_first().expect("a checkpoint");
        let mut damaged: Vec<(String, Vec<u8>)> = Vec::new();
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << (at % 8);
            damaged.push((format!("byte {at} is wrong"), flipped));
            damaged.push((format!("it ends at {at}"), sealed[..at].to_vec()));
        }
        damaged.push(("it is longer".into(), [&sealed[..], &[0]].concat()));
        for (what, bytes) in damaged {
            scene(format!("the checkpoint has been damaged: {what}"));
            let (store, shelf) = (TestStore::default(), Shelf::new());
            store.plant(&name, bytes);
            let mut projector = start(PLAN, &log, &store, &shelf)
                .await
                .expect("a projector");
            projector.step().await.expect("the log answers");
            served(&shelf, &log);
            assert_eq!(
                projector.watermark(),
                Offset(4),
                "It began at 0, and has read 4."
            );
        }
    });
}

/// **D1** A plan whose rule was changed without a new version has no checkpoint: it was made by the other rule.
#[test]
fn a_checkpoint_by_another_rule_is_passed_over() {
    story(|| async {
        let (log, store, _, _) = all_read().await;
        let plan = Plan {
            counting: Counting::FromSteps(5),
            ..PLAN
        };
        let shelf = Shelf::new();
        let mut projector = start(plan, &log, &store, &shelf)
            .await
            .expect("a projector");
        assert_eq!(projector.watermark(), Offset(0));
        projector.catch_up().await.expect("the log answers");
        assert_eq!(served(&shelf, &log), (1, log.len()));
    });
}

/// **D1** A store that gives no answer costs a replay, no more; a save whose answer was lost is tried again.
#[test]
fn a_store_that_is_away_costs_a_replay() {
    story(|| async {
        let (log, store, _, _) = all_read().await;
        store.set_unreadable(true);
        let shelf = Shelf::new();
        let mut projector = start(PLAN, &log, &store, &shelf).await;
        let projector = projector
            .as_mut()
            .expect("The log is there, and nothing else is needed.");
        assert_eq!(projector.watermark(), Offset(0));
        store.fail_puts(StoreError::Unavailable, true);
        let mut failed = 0;
        for _ in 0..3 {
            let step = projector.step().await.expect("the log answers");
            failed += usize::from(step.checkpoint == Checkpoint::Failed(StoreError::Unavailable));
        }
        assert_eq!(
            failed, 2,
            "The checkpoint was due at 6, so it was tried at 8 and at 12."
        );
        store.repair();
        let step = projector.step().await.expect("the log answers");
        assert_eq!(step.checkpoint, Checkpoint::Saved);
        let again = start(PLAN, &log, &store, &Shelf::new())
            .await
            .expect("a projector");
        assert_eq!(again.watermark(), projector.watermark());
    });
}

/// **D8** A rebuild on a full disk is still served, and leaves the old plan's checkpoint, which is the
/// only one there is.
#[test]
fn a_rebuild_on_a_full_disk_is_served() {
    story(|| async {
        let (log, store, shelf, _) = all_read().await;
        store.fail_puts(StoreError::Full, false);
        let projector = build(NEXT_PLAN, &log, &store, &shelf).await;
        let mut projector = projector.expect("The view is whole; only its checkpoint is missing.");
        assert_eq!(served(&shelf, &log), (2, log.len()));
        let names: Vec<String> = store.contents().into_keys().collect();
        assert_eq!(
            names,
            [checkpoint::name(PLAN.version)],
            "A restart with the old program would need it, and nothing has replaced it."
        );
        store.repair();
        for learner in 30..37 {
            log.record(completes(learner, 1));
        }
        projector.catch_up().await.expect("the log answers");
        let again = start(NEXT_PLAN, &log, &store, &Shelf::new())
            .await
            .expect("a projector");
        assert!(
            again.watermark() > Offset(0),
            "A checkpoint was saved as soon as there was room."
        );
    });
}

/// **D8** The new checkpoint is saved when the new view is served, and counts as the last one for the steps that follow.
#[test]
fn a_rebuild_saves_once_it_is_served() {
    story(|| async {
        let (log, store, shelf, _) = all_read().await;
        let gate = store.hold_puts();
        let (ours, theirs, kept) = (log.clone(), shelf.clone(), store.clone());
        let building = async move { build(NEXT_PLAN, &ours, &kept, &theirs).await };
        let building = Held::begin("a rebuild", building);
        assert!(!building.is_done(), "Its put is held up.");
        assert_eq!(
            served(&shelf, &log),
            (2, log.len()),
            "A view that may still be refused must have no checkpoint yet. First it is served."
        );
        gate.open();
        let mut projector = building.succeed().await;
        store.stop_holding();
        for (learner, due) in (30..36).zip([false, false, false, false, false, true]) {
            log.record(completes(learner, 1));
            let step = projector.step().await.expect("the log answers");
            let saved = step.checkpoint == Checkpoint::Saved;
            assert_eq!(
                saved, due,
                "One is due after 6 records, counted from the rebuild's own."
            );
        }
    });
}

/// **D8** A clean-up that fails is no failure of the rebuild.
#[test]
fn a_clean_up_that_fails_takes_nothing_from_a_rebuild() {
    story(|| async {
        let (log, store, shelf, _) = all_read().await;
        store.set_unreadable(true);
        let projector = build(NEXT_PLAN, &log, &store, &shelf).await;
        assert!(
            projector.is_ok(),
            "The view is served and saved; only an old checkpoint is left."
        );
        assert_eq!(served(&shelf, &log), (2, log.len()));
        assert_eq!(store.contents().len(), 2);
    });
}

/// **D8** A rebuild ends however fast the log grows, even when it grows during each read by as much as a
/// read returns.
#[test]
fn a_rebuild_ends_while_the_log_grows() {
    for batch in [1, 2, 3, 100] {
        story(move || async move {
            let log = log_of(&history());
            log.grow_with_each_read(completes(50, 1));
            let (store, shelf) = (TestStore::default(), Shelf::new());
            let end = log.len();
            let settings = settings(batch, 10);
            let built = rebuild(PLAN, log.clone(), store, shelf.clone(), settings).await;
            let built = built.expect("the log answers");
            assert!(built.watermark().0 >= end);
            assert!(served(&shelf, &log).1 >= end);
        });
    }
}

/// **D1** The largest settings work.
#[test]
fn the_widest_settings_are_settings() {
    story(|| async {
        let log = log_of(&history());
        let widest = projection::projector::Settings {
            batch: NonZeroUsize::MAX,
            checkpoint_every: NonZeroU64::MAX,
        };
        let (store, shelf) = (TestStore::default(), Shelf::new());
        let built = rebuild(PLAN, log.clone(), store.clone(), shelf.clone(), widest).await;
        let mut built = built.expect("the log answers");
        log.record(completes(40, 1));
        let step = built.step().await.expect("the log answers");
        assert_eq!((step.moved, step.checkpoint), (1, Checkpoint::NotDue));
        let shelf = Shelf::new();
        let started = Projector::start(PLAN, log.clone(), store, shelf.clone(), widest).await;
        let mut started = started.expect("a projector");
        let step = started.step().await.expect("the log answers");
        assert_eq!((step.moved, step.checkpoint), (1, Checkpoint::NotDue));
        assert_eq!(served(&shelf, &log), (1, log.len()));
    });
}

/// **D1** A step that finds nothing new saves nothing, and publishes an empty view for an empty log.
#[test]
fn an_idle_step_saves_nothing() {
    story(|| async {
        let (log, store, shelf) = (TestLog::default(), TestStore::default(), Shelf::new());
        let mut projector = start(PLAN, &log, &store, &shelf)
            .await
            .expect("a projector");
        for _ in 0..3 {
            let step = projector.step().await.expect("the log answers");
            assert_eq!((step.moved, step.checkpoint), (0, Checkpoint::NotDue));
        }
        assert_eq!(
            served(&shelf, &log),
            (1, 0),
            "An empty log has an empty view."
        );
        for learner in 0..6 {
            log.record(completes(learner, 1));
        }
        projector.catch_up().await.expect("the log answers");
        let puts = store.puts();
        assert_eq!(puts, 1);
        for _ in 0..3 {
            projector.step().await.expect("the log answers");
        }
        assert_eq!(store.puts(), puts, "Nothing has moved since the last one.");
    });
}

/// **D4** A log that is down stops a step and loses nothing.
#[test]
fn a_log_that_is_down_takes_nothing_away() {
    story(|| async {
        let (log, store, shelf, mut projector) = all_read().await;
        let puts = store.puts();
        log.set_down(true);
        let down = ProjectorError::Log(LogError::Unavailable);
        assert_eq!(projector.step().await, Err(down));
        assert_eq!(
            build(NEXT_PLAN, &log, &store, &shelf).await.err(),
            Some(down)
        );
        assert_eq!(
            start(PLAN, &log, &store, &Shelf::new()).await.err(),
            Some(down)
        );
        assert_eq!((served(&shelf, &log), store.puts()), ((1, log.len()), puts));
        log.set_down(false);
        log.set_slow(Slow::Answer);
        let (ours, theirs, kept) = (log.clone(), shelf.clone(), store.clone());
        let building = async move { build(NEXT_PLAN, &ours, &kept, &theirs).await };
        let mut building = Held::begin("a rebuild", building);
        for _ in 0..3 {
            assert!(!building.go_on(), "It has more to read.");
        }
        log.set_down(true);
        assert_eq!(
            building.finish().await.err(),
            Some(down),
            "The log went down half-way: the caller of the rebuild has to get the error."
        );
        assert_eq!((served(&shelf, &log), store.puts()), ((1, log.len()), puts));
        log.set_slow(Slow::Not);
        log.set_down(false);
        log.record(completes(41, 1));
        projector.catch_up().await.expect("the log is up");
        assert_eq!(served(&shelf, &log), (1, log.len()));
    });
}
