//! Two at once: projectors, swaps, clean-ups and readers that overlap.

use crate::world::held::{Held, Slow};
use crate::world::log::TestLog;
use crate::world::store::TestStore;
use crate::world::{NEXT_PLAN, PLAN, completes, history, holds_d1, log_of, settings, view_of};
use domain::Offset;
use projection::checkpoint;
use projection::dashboard::{Dashboard, Lag, TooOld};
use projection::plan::{Counting, Plan, PlanVersion};
use projection::projector::{Checkpoint, Projector, ProjectorError};
use projection::rebuild::{clean_up, rebuild};
use projection::shelf::Shelf;
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::thread;
use testbed::{live, note, story};
use tokio::sync::Mutex;

/// How often two threads meet: enough that one of them gets in between wherever that is possible.
const ROUNDS: usize = 200;

const THIRD_PLAN: Plan = Plan {
    version: PlanVersion(3),
    counting: Counting::FromSteps(1),
};

#[track_caller]
fn served(shelf: &Shelf, log: &TestLog) -> (u32, u64) {
    let view = shelf.current().expect("a view is served");
    holds_d1(&view, log);
    (view.plan().version.0, view.watermark().0)
}

async fn start(log: &TestLog, store: &TestStore, shelf: &Shelf) -> Projector<TestLog, TestStore> {
    let settings = settings(4, 6);
    let started = Projector::start(PLAN, log.clone(), store.clone(), shelf.clone(), settings);
    started.await.expect("a projector")
}

/// **D3** Two projectors of one plan, by mistake: the one behind is no error, takes no reader back, and
/// catches up.
#[test]
fn a_second_projector_does_no_harm() {
    story(|| async {
        let log = log_of(&history());
        let (store, shelf) = (TestStore::default(), Shelf::new());
        let mut ahead = start(&log, &store, &shelf).await;
        let mut behind = start(&log, &store, &shelf).await;
        ahead.catch_up().await.expect("the log answers");
        let end = log.len();
        while behind.watermark().0 < end {
            let step = behind.step().await;
            assert!(
                step.is_ok(),
                "A view of the same plan is served, which has come further. That does not stop a \
                 projector: {step:?}."
            );
            assert_eq!(served(&shelf, &log), (1, end), "It takes no reader back.");
        }
        drop(ahead);
        log.record(completes(40, 1));
        behind.catch_up().await.expect("the log answers");
        assert_eq!(
            served(&shelf, &log),
            (1, end + 1),
            "It has caught up, and continues alone."
        );
        let restored = start(&log, &store, &shelf).await;
        assert!(restored.watermark() <= Offset(end + 1));
        assert_eq!(
            served(&shelf, &log),
            (1, end + 1),
            "A restart from behind takes no reader back."
        );
    });
}

/// **D3** A start or a rebuild by a plan that is over gets an error, and leaves nothing.
#[test]
fn a_plan_that_is_over_cannot_start_again() {
    story(|| async {
        let log = log_of(&history());
        let (store, shelf) = (TestStore::default(), Shelf::new());
        let mut old = start(&log, &store, &shelf).await;
        old.catch_up().await.expect("the log answers");
        let saved = store.contents();
        let newer = Arc::new(view_of(NEXT_PLAN, &history()));
        assert_eq!(shelf.publish(newer), Ok(()));
        let over = Some(ProjectorError::Superseded {
            newest: NEXT_PLAN.version,
        });
        for served_still in [true, false] {
            if !served_still {
                shelf.delete();
                note("plan 2's view is deleted");
            }
            let started = Projector::start(
                PLAN,
                log.clone(),
                store.clone(),
                shelf.clone(),
                settings(4, 6),
            );
            assert_eq!(
                started.await.err(),
                over,
                "It has a checkpoint, but its plan is over."
            );
            log.record(completes(40, 1));
            assert_eq!(old.step().await.err(), over);
            let built = rebuild(
                PLAN,
                log.clone(),
                store.clone(),
                shelf.clone(),
                settings(4, 6),
            );
            assert_eq!(built.await.err(), over);
            assert_eq!(
                store.contents(),
                saved,
                "What is over saves nothing and removes nothing."
            );
            let current = shelf.current().map(|view| view.plan());
            assert_eq!(current, served_still.then_some(NEXT_PLAN));
        }
    });
}

/// **D8** Of two rebuilds that overlap, the newer plan's view stays, whichever ends first.
#[test]
fn of_two_rebuilds_the_newer_plan_stays() {
    for newer_first in [true, false] {
        story(move || async move {
            let log = log_of(&history());
            let (store, shelf) = (TestStore::default(), Shelf::new());
            start(&log, &store, &shelf)
                .await
                .catch_up()
                .await
                .expect("the log answers");
            log.set_slow(Slow::Answer);
            store.set_slow(Slow::Answer);
            let begin = |plan: Plan| {
                let what = format!("a rebuild by plan {}", plan.version.0);
                let (log, store, shelf) = (log.clone(), store.clone(), shelf.clone());
                Held::begin(&what, rebuild(plan, log, store, shelf, settings(4, 6)))
            };
            let (newer, older) = (begin(THIRD_PLAN), begin(NEXT_PLAN));
            if newer_first {
                drop(newer.succeed().await);
                let over = ProjectorError::Superseded {
                    newest: THIRD_PLAN.version,
                };
                assert_eq!(older.finish().await.err(), Some(over));
            } else {
                drop(older.succeed().await);
                assert_eq!(served(&shelf, &log).0, 2);
                drop(newer.succeed().await);
            }
            assert_eq!(served(&shelf, &log), (3, log.len()));
            let names: Vec<String> = store.contents().into_keys().collect();
            assert_eq!(names, [checkpoint::name(THIRD_PLAN.version)]);
        });
    }
}

/// **D8** A clean-up that was held up removes nothing that has become the newest meanwhile.
#[test]
fn a_clean_up_that_was_held_up_removes_nothing_new() {
    for slow in [Slow::Question, Slow::Answer] {
        for polls in 0..6 {
            story(move || async move {
                note(format!(
                    "{slow:?} is slow, and the clean-up is overtaken at question {polls}"
                ));
                let log = log_of(&history());
                let (store, shelf) = (TestStore::default(), Shelf::new());
                for plan in [PLAN, NEXT_PLAN] {
                    store.plant(&checkpoint::name(plan.version), vec![1]);
                }
                let second = Arc::new(view_of(NEXT_PLAN, &history()));
                assert_eq!(shelf.publish(second), Ok(()));
                store.set_slow(slow);
                let (ours, theirs) = (store.clone(), shelf.clone());
                let cleaning = async move { clean_up(&ours, &theirs).await };
                let mut cleaning = Held::begin("a clean-up while plan 2 is served", cleaning);
                for _ in 0..polls {
                    cleaning.go_on();
                }
                store.set_slow(Slow::Not);
                let built = rebuild(
                    THIRD_PLAN,
                    log.clone(),
                    store.clone(),
                    shelf.clone(),
                    settings(4, 6),
                );
                drop(built.await.expect("the log answers"));
                note("plan 3 is served");
                cleaning.succeed().await;
                assert_eq!(served(&shelf, &log), (3, log.len()));
                let names: Vec<String> = store.contents().into_keys().collect();
                assert_eq!(
                    names,
                    [checkpoint::name(THIRD_PLAN.version)],
                    "The clean-up began when plan 2 was the newest. What it may remove depends on what \
                     is served at that moment."
                );
            });
        }
    }
}

/// **D1** A step that is dropped at any of its questions harms nothing: the next one continues, and
/// counts nothing twice.
#[test]
fn a_step_that_is_dropped_harms_nothing() {
    for slow in [Slow::Question, Slow::Answer] {
        for polls in 0..4 {
            story(move || async move {
                note(format!(
                    "{slow:?} is slow, and each step is dropped at question {polls}"
                ));
                let log = log_of(&history());
                let (store, shelf) = (TestStore::default(), Shelf::new());
                let projector = Rc::new(Mutex::new(start(&log, &store, &shelf).await));
                for _ in 0..3 {
                    let before = projector.lock().await.watermark();
                    log.set_slow(slow);
                    store.set_slow(slow);
                    let stepping = Rc::clone(&projector);
                    let step = async move { stepping.lock().await.step().await };
                    let mut step = Held::begin("a step", step);
                    for _ in 0..polls {
                        step.go_on();
                    }
                    step.give_up();
                    log.set_slow(Slow::Not);
                    store.set_slow(Slow::Not);
                    let mut projector = projector.lock().await;
                    assert!(
                        projector.watermark() >= before,
                        "The projector was at {}, and after the dropped step it is at {}: what it knew \
                         was lost with the future.",
                        before.0,
                        projector.watermark().0
                    );
                    projector.step().await.expect("the log answers");
                    let watermark = projector.watermark().0;
                    assert_eq!(
                        served(&shelf, &log),
                        (1, watermark),
                        "Readers see everything that it has."
                    );
                }
                projector
                    .lock()
                    .await
                    .catch_up()
                    .await
                    .expect("the log answers");
                assert_eq!(served(&shelf, &log), (1, log.len()));
                let shelf = Shelf::new();
                let mut again = start(&log, &store, &shelf).await;
                again.catch_up().await.expect("the log answers");
                assert_eq!(served(&shelf, &log), (1, log.len()));
            });
        }
    }
}

/// **D1** A save that is dropped before it was done is still due.
#[test]
fn a_save_that_is_dropped_is_due_still() {
    story(|| async {
        let log = log_of(&history()[..8]);
        let (store, shelf) = (TestStore::default(), Shelf::new());
        let projector = Rc::new(Mutex::new(start(&log, &store, &shelf).await));
        projector
            .lock()
            .await
            .step()
            .await
            .expect("the log answers");
        let gate = store.hold_puts();
        let stepping = Rc::clone(&projector);
        let step = async move { stepping.lock().await.step().await };
        let step = Held::begin("a step with which a checkpoint is due", step);
        assert!(!step.is_done(), "Its put is held up.");
        step.give_up();
        drop(gate);
        store.stop_holding();
        assert!(store.contents().is_empty(), "Nothing was saved.");
        let step = projector
            .lock()
            .await
            .step()
            .await
            .expect("the log answers");
        assert_eq!(
            step.checkpoint,
            Checkpoint::Saved,
            "Eight records are not saved, and the distance is six. A save that was begun and dropped has not happened."
        );
    });
}

/// **D4** A projector that moves the view during a read makes it look neither ahead of the log nor
/// better than it is; and no reader holds it up.
#[test]
fn a_view_that_moves_during_a_read_is_not_ahead_of_its_log() {
    story(|| async {
        for slow in [Slow::Question, Slow::Answer] {
            let log = log_of(&history()[..10]);
            let (store, shelf) = (TestStore::default(), Shelf::new());
            let mut projector = start(&log, &store, &shelf).await;
            projector.step().await.expect("the log answers");
            log.set_slow(slow);
            let reading = Dashboard::new(log.clone(), shelf.clone());
            let read = async move { reading.read(0, TooOld::Label).await };
            let mut read = Held::begin("a read of the dashboard, of a log that ends at 10", read);
            assert!(!read.is_done());
            log.set_slow(Slow::Not);
            for learner in 30..40 {
                log.record(completes(learner, 1));
            }
            projector.catch_up().await.expect("the log answers");
            note("the projector has read all 20 meanwhile");
            assert!(read.go_on());
            let answer = read.succeed().await;
            let watermark = answer.view.watermark().0;
            let (Lag::Within(lag) | Lag::Beyond(lag)) = answer.lag else {
                panic!("The log gave an answer, and the lag is unknown.");
            };
            assert!(
                lag >= 10_u64.saturating_sub(watermark) && lag <= 20_u64.saturating_sub(watermark),
                "The read returned a view at {watermark}, and the log ended at 10 when it began. The \
                 view is reported to lack {lag}."
            );
        }
    });
}

/// Plan and watermark of what is served.
fn at(shelf: &Shelf) -> (u32, u64) {
    let view = shelf.current().expect("a view is served");
    (view.plan().version.0, view.watermark().0)
}

/// **D4** **D3** Two threads publish at the same moment, many times: whichever comes first, the newer view stays.
#[test]
fn two_publish_at_once_and_the_newer_stays() {
    live(|| {
        let history = history();
        let early = Arc::new(view_of(PLAN, &history[..4]));
        let late = Arc::new(view_of(PLAN, &history));
        let newer = Arc::new(view_of(NEXT_PLAN, &history));
        for (older, newer) in [(&early, &late), (&late, &newer)] {
            let shelves: Vec<Shelf> = (0..ROUNDS).map(|_| Shelf::new()).collect();
            let together = Barrier::new(2);
            thread::scope(|scope| {
                for view in [older, newer] {
                    let (shelves, together) = (&shelves, &together);
                    scope.spawn(move || {
                        for shelf in shelves {
                            together.wait();
                            let _ = shelf.publish(Arc::clone(view));
                        }
                    });
                }
            });
            for shelf in &shelves {
                assert_eq!(
                    at(shelf),
                    (newer.plan().version.0, newer.watermark().0),
                    "An older view was published while the newer one was, and is served now: another \
                     one came between the comparison and the replacement."
                );
            }
        }
    });
}
