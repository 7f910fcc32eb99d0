//! Stage 3: from the log into the view, with checkpoints.

use crate::world::held::Held;
use crate::world::log::TestLog;
use crate::world::store::TestStore;
use crate::world::{NEXT_PLAN, PLAN, completes, history, holds_d1, log_of, settings, view_of};
use domain::Offset;
use projection::checkpoint;
use projection::plan::Plan;
use projection::projector::{Checkpoint, Projector, ProjectorError, Settings, Step};
use projection::shelf::Shelf;
use std::sync::Arc;
use testbed::{note, scene, soon, story};

async fn start(
    plan: Plan,
    log: &TestLog,
    store: &TestStore,
    shelf: &Shelf,
    settings: Settings,
) -> Projector<TestLog, TestStore> {
    let projector = Projector::start(plan, log.clone(), store.clone(), shelf.clone(), settings);
    let projector = soon("the projector to start", projector).await;
    let projector =
        projector.unwrap_or_else(|error| panic!("The projector did not start: {error}."));
    note(format!("a projector starts at {}", projector.watermark().0));
    projector
}

/// The served view, which has to equal a replay.
#[track_caller]
fn served(shelf: &Shelf, log: &TestLog) -> u64 {
    let view = shelf.current().expect("After a step, its view is served.");
    holds_d1(&view, log);
    view.watermark().0
}

/// **D1** After each step what is served is a replay up to its watermark. A step reads once, from the
/// watermark on, and no record twice.
#[test]
fn each_step_serves_a_replay_up_to_its_watermark() {
    story(|| async {
        let log = log_of(&history());
        let (store, shelf) = (TestStore::default(), Shelf::new());
        let mut projector = start(PLAN, &log, &store, &shelf, settings(4, 1000)).await;
        assert!(
            shelf.current().is_none() && log.reads().is_empty(),
            "A start without a checkpoint reads nothing, and has nothing to publish."
        );
        let mut expected = Vec::new();
        while projector.watermark().0 < log.len() {
            let from = projector.watermark().0;
            expected.push((from, 4));
            let step = projector.step().await.expect("the log answers");
            let moved = 4.min(log.len() - from);
            let nothing = Checkpoint::NotDue;
            assert_eq!(
                step,
                Step {
                    moved,
                    checkpoint: nothing
                }
            );
            assert_eq!(projector.watermark(), Offset(from + moved));
            assert_eq!(served(&shelf, &log), from + moved);
            assert_eq!(
                log.reads(),
                expected,
                "A step reads once: from its watermark on, as many as a batch holds."
            );
        }
        let step = projector.step().await.expect("the log answers");
        assert_eq!(step.moved, 0, "The log is at its end.");
        assert_eq!(store.puts(), 0, "No checkpoint was due.");
    });
}

/// **D1** A projector that starts again continues from its checkpoint: it serves that at once, and
/// replays only later records.
#[test]
fn a_restart_goes_on_from_the_checkpoint() {
    story(|| async {
        let log = log_of(&history());
        let store = TestStore::default();
        let mut projector = start(PLAN, &log, &store, &Shelf::new(), settings(4, 10)).await;
        let mut checkpoints = Vec::new();
        for _ in 0..5 {
            checkpoints.push(projector.step().await.expect("the log answers").checkpoint);
        }
        assert_eq!(
            checkpoints,
            [
                Checkpoint::NotDue,
                Checkpoint::NotDue,
                Checkpoint::Saved,
                Checkpoint::NotDue,
                Checkpoint::NotDue
            ],
            "One is due after every 10 records, and a step applies 4: so it is due at 12, and next at 22."
        );
        assert_eq!(store.puts(), 1, "A checkpoint is one put.");
        drop(projector);
        note("the process ends, and starts again with an empty memory");
        let shelf = Shelf::new();
        let before = log.reads().len();
        let rest = log.len() - 12;
        let mut projector = start(PLAN, &log, &store, &shelf, settings(100, rest + 1)).await;
        assert_eq!(
            projector.watermark(),
            Offset(12),
            "The checkpoint was saved at 12."
        );
        assert_eq!(
            served(&shelf, &log),
            12,
            "A restored view can be served at once, with its lag. Readers need not wait for the rest."
        );
        let step = projector.step().await.expect("the log answers");
        assert_eq!(
            step.checkpoint,
            Checkpoint::NotDue,
            "The last checkpoint was at 12, and {rest} records have come since: one less than the \
            distance between checkpoints."
        );
        assert_eq!(served(&shelf, &log), log.len());
        assert_eq!(
            log.reads()[before..],
            [(12, 100)],
            "What is in the checkpoint is not read again."
        );
    });
}

/// **D1** A crash at any point, and then another, leaves a store that replays to the same view.
#[test]
fn a_crash_at_any_point_replays_to_the_same_view() {
    story(|| async {
        let log = log_of(&history());
        let store = TestStore::default();
        let mut projector = start(PLAN, &log, &store, &Shelf::new(), settings(3, 5)).await;
        projector.catch_up().await.expect("the log answers");
        let states = store.states();
        assert!(
            states.len() > 4,
            "Checkpoints were saved, and each is a crash point."
        );
        for (nth, state) in states.into_iter().enumerate() {
            scene(format!("a crash after change {nth} of the store"));
            let store = TestStore::with(state);
            let shelf = Shelf::new();
            let mut projector = start(PLAN, &log, &store, &shelf, settings(2, 4)).await;
            projector.step().await.expect("the log answers");
            served(&shelf, &log);
            projector.catch_up().await.expect("the log answers");
            assert_eq!(served(&shelf, &log), log.len());
            for (again, state) in store.states().into_iter().enumerate() {
                scene(format!(
                    "a crash after change {nth}, and after change {again} of the second run"
                ));
                let shelf = Shelf::new();
                let store = TestStore::with(state);
                let mut projector = start(PLAN, &log, &store, &shelf, settings(7, 9)).await;
                projector.catch_up().await.expect("the log answers");
                assert_eq!(served(&shelf, &log), log.len());
            }
        }
    });
}

/// **D2** Records that the log delivers again are not counted again, and do not stop a step.
#[test]
fn what_the_log_delivers_again_changes_nothing() {
    story(|| async {
        let log = log_of(&history());
        log.deliver_again(5);
        let (store, shelf) = (TestStore::default(), Shelf::new());
        let mut projector = start(PLAN, &log, &store, &shelf, settings(4, 6)).await;
        while projector.watermark().0 < log.len() {
            let from = projector.watermark().0;
            let step = projector
                .step()
                .await
                .expect("delivering again is no error");
            assert_eq!(
                step.moved,
                4.min(log.len() - from),
                "Five records came again, and then up to four new ones. Only the new ones advance the view."
            );
            served(&shelf, &log);
        }
        let step = projector
            .step()
            .await
            .expect("delivering again is no error");
        assert_eq!((step.moved, served(&shelf, &log)), (0, log.len()));
    });
}

/// **D1** A checkpoint that is damaged, of another plan, or ahead of the log is ignored: the log from 0
/// is right.
#[test]
fn a_checkpoint_that_cannot_be_trusted_is_passed_over() {
    story(|| async {
        let log = log_of(&history());
        let store = TestStore::default();
        let mut projector = start(PLAN, &log, &store, &Shelf::new(), settings(50, 1)).await;
        projector.catch_up().await.expect("the log answers");
        let (name, sealed) = store
            .contents()
            .pop_first()
            .expect("a checkpoint was saved");
        let mut damaged = sealed.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        let torn = sealed[..middle].to_vec();
        for (what, bytes, plan, end) in [
            ("has one bit wrong", damaged, PLAN, history().len()),
            ("is half there", torn, PLAN, history().len()),
            ("is empty", Vec::new(), PLAN, history().len()),
            (
                "is of plan 1, under plan 2's name",
                sealed.clone(),
                NEXT_PLAN,
                history().len(),
            ),
            ("has more records than the log", sealed.clone(), PLAN, 20),
        ] {
            scene(format!("the checkpoint {what}"));
            let log = log_of(&history()[..end]);
            let store = TestStore::default();
            let name = if plan == PLAN {
                name.clone()
            } else {
                checkpoint::name(plan.version)
            };
            store.plant(&name, bytes);
            let shelf = Shelf::new();
            let mut projector = start(plan, &log, &store, &shelf, settings(50, 1)).await;
            assert_eq!(
                projector.watermark(),
                Offset(0),
                "The checkpoint {what}. It is only a shortcut through the log: ignoring it costs time, \
                 and trusting it makes the view wrong."
            );
            projector.catch_up().await.expect("the log answers");
            assert_eq!(served(&shelf, &log), end as u64);
            assert_eq!(shelf.current().map(|view| view.plan()), Some(plan));
            let again = start(plan, &log, &store, &Shelf::new(), settings(50, 1)).await;
            let end = Offset(end as u64);
            assert_eq!(again.watermark(), end, "A good one has replaced it.");
        }
    });
}

/// **D1** A checkpoint that cannot be saved stops nothing, and is still due.
#[test]
fn a_checkpoint_that_cannot_be_saved_stops_nothing() {
    use projection::store::StoreError;
    story(|| async {
        let log = log_of(&history());
        let (store, shelf) = (TestStore::default(), Shelf::new());
        let mut projector = start(PLAN, &log, &store, &shelf, settings(4, 8)).await;
        store.fail_puts(StoreError::Full, false);
        let mut seen = Vec::new();
        for _ in 0..4 {
            let step = projector.step().await;
            let step = step.expect("A full disk does not affect the view: the step continues.");
            seen.push(step.checkpoint);
            served(&shelf, &log);
        }
        let failed = Checkpoint::Failed(StoreError::Full);
        assert_eq!(
            seen,
            [Checkpoint::NotDue, failed, failed, failed],
            "It was due at 8 and failed there, so it is due with the next step as well."
        );
        store.repair();
        let step = projector.step().await.expect("the log answers");
        assert_eq!(step.checkpoint, Checkpoint::Saved);
        let again = start(PLAN, &log, &store, &Shelf::new(), settings(4, 8)).await;
        assert_eq!(again.watermark(), Offset(20));
    });
}

/// **D3** A projector that was held up while a newer plan was published stops: it does not replace the
/// newer view, and leaves no checkpoint.
#[test]
fn a_projector_whose_plan_is_over_stops() {
    story(|| async {
        let log = log_of(&history());
        let (store, shelf) = (TestStore::default(), Shelf::new());
        let mut old = start(PLAN, &log, &store, &shelf, settings(4, 4)).await;
        old.step().await.expect("the log answers");
        let puts = store.puts();
        let gate = log.hold_reads();
        let mut step = Held::begin(
            "a step of plan 1's projector",
            async move { old.step().await },
        );
        assert!(!step.go_on(), "Its read of the log is held up.");
        let newer = Arc::new(view_of(NEXT_PLAN, &history()));
        assert_eq!(shelf.publish(newer), Ok(()));
        note("meanwhile plan 2 is published");
        log.record(completes(9, 9));
        gate.open();
        assert_eq!(
            step.finish().await.err(),
            Some(ProjectorError::Superseded {
                newest: NEXT_PLAN.version
            }),
            "Plan 1 is over, and its projector finds out when it publishes: its plan was the newest \
            when the step began."
        );
        assert_eq!(shelf.current().map(|view| view.plan()), Some(NEXT_PLAN));
        assert_eq!(
            store.puts(),
            puts,
            "A plan that is over needs no checkpoint."
        );
    });
}
