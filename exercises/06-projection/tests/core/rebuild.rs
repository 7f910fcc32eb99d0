//! Stage 4: built aside, and swapped.

use crate::world::held::Held;
use crate::world::log::TestLog;
use crate::world::office::Authority;
use crate::world::store::TestStore;
use crate::world::{NEXT_PLAN, PLAN, completes, history, holds_d1, log_of, settings};
use domain::Offset;
use projection::checkpoint;
use projection::dashboard::{Dashboard, ReadError, TooOld};
use projection::plan::{Counting, Plan, PlanVersion};
use projection::projector::{Projector, ProjectorError};
use projection::rebuild::{clean_up, rebuild};
use projection::shelf::Shelf;
use testbed::{note, story};

type Building = Held<Result<Projector<TestLog, TestStore>, ProjectorError>>;

fn begin(plan: Plan, log: &TestLog, store: &TestStore, shelf: &Shelf) -> Building {
    let (log, store, shelf) = (log.clone(), store.clone(), shelf.clone());
    let what = format!("a rebuild by plan {}", plan.version.0);
    Held::begin(&what, rebuild(plan, log, store, shelf, settings(4, 8)))
}

/// A projector of plan 1 that has read the log to its end.
async fn caught_up(
    log: &TestLog,
    store: &TestStore,
    shelf: &Shelf,
) -> Projector<TestLog, TestStore> {
    let settings = settings(4, 8);
    let started = Projector::start(PLAN, log.clone(), store.clone(), shelf.clone(), settings);
    let mut projector = started.await.expect("a projector");
    projector.catch_up().await.expect("the log answers");
    note(format!("plan 1 is served at {}", projector.watermark().0));
    projector
}

#[track_caller]
fn served(shelf: &Shelf, log: &TestLog) -> (u32, u64) {
    let view = shelf.current().expect("a view is served");
    holds_d1(&view, log);
    (view.plan().version.0, view.watermark().0)
}

/// **D8** No reader sees a new view before it can replace the old one. Then it is served as a whole, and
/// the old checkpoint is removed.
#[test]
fn a_new_view_is_seen_when_it_has_caught_up_and_not_before() {
    for plan in [PLAN, NEXT_PLAN] {
        story(move || async move {
            let log = log_of(&history());
            let (store, shelf) = (TestStore::default(), Shelf::new());
            drop(caught_up(&log, &store, &shelf).await);
            let (end, saved) = (log.len(), store.contents());
            let before = log.reads().len();
            let gate = log.hold_reads();
            let mut building = begin(plan, &log, &store, &shelf);
            let mut reads = 0;
            while !building.is_done() {
                assert_eq!(
                    served(&shelf, &log),
                    (1, end),
                    "The new view has read {} of {end} records, and readers see it already. They must \
                     never see half a view.",
                    4 * reads
                );
                assert!(
                    store.contents() == saved,
                    "The old view is served, and a restart continues from its checkpoint: until the \
                     new view is served, nothing in the store changes."
                );
                gate.let_one_pass();
                building.go_on();
                reads += 1;
            }
            assert_eq!(
                log.reads()[before],
                (0, 4),
                "A rebuild starts at 0: the checkpoint may be the very thing that has to be rebuilt."
            );
            assert!(
                reads <= end.div_ceil(4) + 1,
                "{end} records in batches of 4 took {reads} reads: each record is read once."
            );
            let projector = building.succeed().await;
            let version = plan.version.0;
            assert_eq!(served(&shelf, &log), (version, end));
            assert_eq!(
                projector.watermark(),
                Offset(end),
                "The projector continues from there."
            );
            let names: Vec<String> = store.contents().into_keys().collect();
            let only = [checkpoint::name(plan.version)];
            assert_eq!(
                names, only,
                "One checkpoint stays: that of the served view."
            );
        });
    }
}

/// **D4** The old view is kept up to date while the new one is built, and the swap never takes readers
/// back.
#[test]
fn a_swap_takes_readers_no_step_back() {
    story(|| async {
        let log = log_of(&history());
        let (store, shelf) = (TestStore::default(), Shelf::new());
        let mut old = caught_up(&log, &store, &shelf).await;
        let gate = log.hold_reads();
        let mut building = begin(NEXT_PLAN, &log, &store, &shelf);
        let mut highest = 0;
        for round in 0..200 {
            log.record(completes(100 + round, 4));
            // The old projector's read is answered, and then one of the rebuild's.
            let mut step = Held::begin("a step of plan 1's projector", async move {
                let step = old.step().await;
                (step, old)
            });
            while !step.go_on() {
                gate.let_one_pass();
                building.go_on();
            }
            old = step.finish().await.1;
            building.go_on();
            let (plan, watermark) = served(&shelf, &log);
            assert!(
                watermark >= highest,
                "Readers have seen {highest} records, and then plan {plan} at {watermark}."
            );
            highest = watermark;
            if building.is_done() {
                break;
            }
        }
        assert!(
            building.is_done(),
            "200 rounds, in each of which one event is recorded and the rebuild may read four: it \
             never ends. Its goal must not move."
        );
        building.succeed().await;
        assert_eq!(served(&shelf, &log).0, 2);
    });
}

/// **D5** The whole view is deleted, and rebuilt while the authority serves: nothing is missing.
#[test]
fn a_deleted_view_is_built_again_while_the_authority_serves() {
    story(|| async {
        let authority = Authority::default();
        let log = authority.log.clone();
        for learner in 1..=9 {
            authority.decide(learner, learner % 2, 10, true);
        }
        let (store, shelf) = (TestStore::default(), Shelf::new());
        drop(caught_up(&log, &store, &shelf).await);
        let dashboard = Dashboard::new(log.clone(), shelf.clone());
        shelf.delete();
        store.wipe();
        let gate = log.hold_reads();
        let mut building = begin(PLAN, &log, &store, &shelf);
        for learner in 1..=9 {
            let version = authority.decide(learner, learner % 2, 3, false);
            assert_eq!(
                version.0, 2,
                "The authority decides as before: it does not depend on the view."
            );
            if !building.is_done() {
                let read = dashboard.read(u64::MAX, TooOld::Label).await;
                assert_eq!(
                    read.err(),
                    Some(ReadError::NoView),
                    "There is no view at present."
                );
            }
            gate.let_one_pass();
            building.go_on();
        }
        gate.open();
        let mut projector = building.succeed().await;
        let (_, watermark) = served(&shelf, &log);
        assert!(
            watermark >= 9,
            "Nine records were there when the rebuild began, and it has published a view at \
             {watermark}: when the shelf is empty, any view looks new enough."
        );
        projector.catch_up().await.expect("the log answers");
        assert_eq!(
            served(&shelf, &log),
            (1, 18),
            "Everything that was decided is there."
        );
    });
}

/// **D8** A rebuild that dies half-way, at any point, leaves the served view and its checkpoint as they
/// were.
#[test]
fn a_rebuild_that_dies_leaves_what_is_served() {
    story(|| async {
        let log = log_of(&history());
        let (store, shelf) = (TestStore::default(), Shelf::new());
        drop(caught_up(&log, &store, &shelf).await);
        let (end, saved) = (log.len(), store.contents());
        let gate = log.hold_reads();
        for plan in [PLAN, NEXT_PLAN] {
            for reads in 0..end.div_ceil(4) {
                let mut building = begin(plan, &log, &store, &shelf);
                for _ in 0..reads {
                    gate.let_one_pass();
                    building.go_on();
                }
                assert!(!building.is_done(), "It still has to read.");
                building.give_up();
                assert_eq!(served(&shelf, &log), (1, end));
                assert!(
                    store.contents() == saved,
                    "A rebuild that never finished changed the store."
                );
            }
        }
        log.stop_holding();
        note("the process starts again, with the old program");
        let shelf = Shelf::new();
        drop(caught_up(&log, &store, &shelf).await);
        assert_eq!(served(&shelf, &log), (1, end));
    });
}

/// **D8** A clean-up removes the checkpoints of plans that are over, and nothing else: not that of the
/// served view, not one that is being built, nothing that belongs to others; and nothing at all if no
/// view is served.
#[test]
fn a_clean_up_removes_only_what_is_over() {
    story(|| async {
        let log = log_of(&history());
        let (store, shelf) = (TestStore::default(), Shelf::new());
        let plan = |version| Plan {
            version: PlanVersion(version),
            counting: Counting::Completed,
        };
        for name in ["letter-7-10", "view-plan-", "view-plan-x", "view"] {
            store.plant(name, vec![1]);
        }
        for version in [1, 2, 3, 9, 10] {
            store.plant(&checkpoint::name(plan(version).version), vec![1]);
        }
        let all = store.contents().len();
        clean_up(&store, &shelf).await.expect("the store answers");
        assert_eq!(
            store.contents().len(),
            all,
            "No view is served, so it is unknown which plans are over. Removing all of them is what \
             happened in October 2025."
        );
        drop(begin(plan(9), &log, &store, &shelf).succeed().await);
        note("plan 9 is served");
        clean_up(&store, &shelf).await.expect("the store answers");
        let names: Vec<String> = store.contents().into_keys().collect();
        assert_eq!(
            names,
            [
                "letter-7-10",
                "view",
                "view-plan-",
                "view-plan-10",
                "view-plan-9",
                "view-plan-x"
            ],
            "Plan 9 is served. Plans 1, 2 and 3 are over; plan 10 is being built; the others are not checkpoints."
        );
    });
}
