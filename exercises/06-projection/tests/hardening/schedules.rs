//! Any order of events, in about fifty turns.
//!
//! Each case is a list of turns: records that are made, repeated and come late; two projectors that step
//! and are dropped half-way; rebuilds by three plans; crashes, deletions, full disks, logs that are down
//! or deliver again. Everything that asks the log or the store may be overtaken by everything else: a
//! turn lets one running task continue to its next question.
//!
//! The served view has to equal a replay after each turn, and readers are never taken back.

#![allow(clippy::similar_names)] // `self` and `shelf` are.

use crate::world::held::{Held, Slow};
use crate::world::office::Authority;
use crate::world::store::TestStore;
use crate::world::{says, settings};
use domain::Offset;
use projection::dashboard::{Answer, Dashboard, Lag, ReadError, TooOld};
use projection::log::{Body, LogError};
use projection::plan::{Counting, Plan, PlanVersion, Row, Subject};
use projection::projector::{Projector, ProjectorError, Step};
use projection::rebuild::rebuild;
use projection::shelf::Shelf;
use projection::view::View;
use proptest::prelude::*;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testbed::{note, scene, stories};
use tokio::sync::Mutex;

type TestProjector = Projector<crate::world::log::TestLog, TestStore>;

/// Something that happens. Where a turn picks one of several, it does so by number, modulo their count.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// The authority decides something.
    Decide {
        learner: u8,
        lesson: u8,
        done: u8,
        completed: bool,
    },
    /// A relay records something again.
    Repeat { which: u8 },
    /// A projector of one of the plans starts, in one of two places. What ran there has died.
    Start { place: u8, plan: u8 },
    /// A projector begins a step.
    Go { place: u8 },
    /// A rebuild begins.
    Rebuild { plan: u8 },
    /// A read of the dashboard begins.
    Read,
    /// A reader takes the view that is served, and keeps it.
    Take,
    /// One of the running tasks continues, by this many questions.
    GoOn { which: u8, questions: u8 },
    /// One of them is dropped half-way.
    GiveUp { which: u8 },
    /// The process dies; the store stays.
    Crash,
    /// The view is deleted, without its checkpoints or with them.
    Delete { checkpoints: bool },
    /// The disk is full, or has room again.
    Full { full: bool },
    /// The log is down, or up again.
    Down { down: bool },
    /// The log delivers this many records again with each read.
    Again { count: u8 },
    /// Questions have their effect before they wait, or after.
    Slow { question: bool },
}

/// The first plan most often: once the third is served, the others are over.
fn any_plan() -> impl Strategy<Value = u8> {
    (0..8_u8).prop_map(|n| match n {
        0..5 => 1,
        5 | 6 => 2,
        _ => 3,
    })
}

fn any_step() -> impl Strategy<Value = Turn> {
    let work = prop_oneof![
        6 => (1..4_u8, 1..3_u8, 0..9_u8, any::<bool>()).prop_map(|(learner, lesson, done, completed)| {
            Turn::Decide { learner, lesson, done, completed }
        }),
        1 => any::<u8>().prop_map(|which| Turn::Repeat { which }),
        3 => (0..2_u8, any_plan()).prop_map(|(place, plan)| Turn::Start { place, plan }),
        6 => (0..2_u8).prop_map(|place| Turn::Go { place }),
        2 => any_plan().prop_map(|plan| Turn::Rebuild { plan }),
        2 => Just(Turn::Read),
        1 => Just(Turn::Take),
    ];
    let faults = prop_oneof![
        any::<u8>().prop_map(|which| Turn::GiveUp { which }),
        Just(Turn::Crash),
        any::<bool>().prop_map(|checkpoints| Turn::Delete { checkpoints }),
        any::<bool>().prop_map(|full| Turn::Full { full }),
        any::<bool>().prop_map(|down| Turn::Down { down }),
        (0..4_u8).prop_map(|count| Turn::Again { count }),
        any::<bool>().prop_map(|question| Turn::Slow { question }),
    ];
    prop_oneof![
        20 => work,
        20 => (any::<u8>(), 1..7_u8).prop_map(|(which, questions)| Turn::GoOn { which, questions }),
        6 => faults,
    ]
}

/// What has happened over all cases: a property that never saw a fault has shown nothing.
#[derive(Default)]
struct Seen {
    restored: AtomicUsize,
    superseded: AtomicUsize,
    swapped: AtomicUsize,
    swapped_during_a_step: AtomicUsize,
    given_up: AtomicUsize,
    refused_saves: AtomicUsize,
    read_during_a_move: AtomicUsize,
}

fn count(what: &AtomicUsize) {
    what.fetch_add(1, Ordering::Relaxed);
}

/// **D1** **D2** **D3** **D4** **D8** A view at watermark w equals a replay of log[0..w], whatever
/// happens, in whatever order, and no reader is taken back.
#[test]
fn what_is_served_is_always_a_replay() {
    let seen = Arc::new(Seen::default());
    let ours = Arc::clone(&seen);
    stories(
        proptest::collection::vec(any_step(), 1..100),
        move |turns| {
            let mut run = Run::new(Arc::clone(&ours));
            async move {
                for turn in turns {
                    run.take(turn).await;
                    run.judge();
                }
                run.end().await;
            }
        },
    );
    let seen = [
        ("a checkpoint was restored", &seen.restored),
        ("a projector was superseded", &seen.superseded),
        ("a rebuild was swapped in", &seen.swapped),
        (
            "a swap happened during another projector's step",
            &seen.swapped_during_a_step,
        ),
        ("something was dropped half-way", &seen.given_up),
        ("a checkpoint was refused", &seen.refused_saves),
        ("a view moved during a read", &seen.read_during_a_move),
    ];
    for (what, times) in seen {
        assert!(
            times.load(Ordering::Relaxed) > 0,
            "It never happened that {what}."
        );
    }
}

/// A running task, with what is needed to judge it when it ends.
enum Going {
    Start(usize, Plan, Held<Result<TestProjector, ProjectorError>>),
    Step(usize, Held<Result<Step, ProjectorError>>),
    Rebuild(Plan, u64, Held<Result<TestProjector, ProjectorError>>),
    Read(u64, bool, Option<u64>, Held<Result<Answer, ReadError>>),
}

/// A view that a reader holds, and what it was when it was taken.
type Taken = (Arc<View>, Offset, Vec<(Subject, Row)>);

struct Run {
    authority: Authority,
    store: TestStore,
    shelf: Shelf,
    places: [Option<(Plan, Rc<Mutex<TestProjector>>)>; 2],
    /// The projectors' watermarks when they were last seen between two steps.
    reached: [u64; 2],
    going: Vec<Going>,
    taken: Vec<Taken>,
    /// The highest watermark that readers have seen, and the newest plan, since the process began.
    highest: u64,
    newest: u32,
    /// Whether the log was ever down, or a view ever deleted. Then some errors are right.
    was_down: bool,
    was_deleted: bool,
    seen: Arc<Seen>,
}

fn plan(version: u8) -> Plan {
    Plan {
        version: PlanVersion(u32::from(version)),
        counting: match version {
            1 => Counting::Completed,
            2 => Counting::FromSteps(5),
            _ => Counting::FromSteps(2),
        },
    }
}

impl Run {
    fn new(seen: Arc<Seen>) -> Self {
        let (authority, store) = (Authority::default(), TestStore::default());
        authority.log.set_slow(Slow::Answer);
        store.set_slow(Slow::Answer);
        Self {
            authority,
            store,
            shelf: Shelf::new(),
            places: [None, None],
            reached: [0, 0],
            going: Vec::new(),
            taken: Vec::new(),
            highest: 0,
            newest: 0,
            was_down: false,
            was_deleted: false,
            seen,
        }
    }

    /// What the platform and its operators do.
    async fn take(&mut self, turn: Turn) {
        let log = self.authority.log.clone();
        let (store, shelf) = (self.store.clone(), self.shelf.clone());
        match turn {
            Turn::Decide {
                learner,
                lesson,
                done,
                completed,
            } => {
                let (learner, lesson) = (u64::from(learner), u64::from(lesson));
                self.authority
                    .decide(learner, lesson, u32::from(done), completed);
            }
            Turn::Repeat { which } => {
                if let Some(body) = pick(&log.bodies(), which) {
                    log.record(body);
                }
            }
            Turn::Start {
                place,
                plan: version,
            } => {
                let place = usize::from(place);
                self.places[place] = None;
                self.going.retain(|going| match going {
                    Going::Start(at, ..) | Going::Step(at, ..) => *at != place,
                    _ => true,
                });
                let plan = plan(version);
                let start = Projector::start(plan, log, store, shelf, settings(3, 2));
                let what = format!("the start of a projector {place} of plan {version}");
                self.going
                    .push(Going::Start(place, plan, Held::begin(&what, start)));
            }
            Turn::Go { place } => {
                let place = usize::from(place);
                let busy = |going: &Going| matches!(going, Going::Step(at, _) if *at == place);
                if self.going.iter().any(busy) {
                    return;
                }
                if let Some((_, projector)) = &self.places[place] {
                    let projector = Rc::clone(projector);
                    let what = format!("a step of projector {place}");
                    let step = async move { projector.lock().await.step().await };
                    self.going
                        .push(Going::Step(place, Held::begin(&what, step)));
                }
            }
            Turn::Rebuild { plan: version } => {
                let (end, plan) = (log.len(), plan(version));
                let what = format!("a rebuild by plan {version}");
                let building = Held::begin(&what, rebuild(plan, log, store, shelf, settings(2, 4)));
                self.going.push(Going::Rebuild(plan, end, building));
            }
            Turn::Read => {
                let end = log.len();
                let served = shelf.current().map(|view| view.watermark().0);
                let read = async move { Dashboard::new(log, shelf).read(1, TooOld::Label).await };
                let read = Held::begin("a read of the dashboard", read);
                self.going
                    .push(Going::Read(end, served.is_some(), served, read));
            }
            Turn::Take => {
                if let Some(view) = self.shelf.current() {
                    note(format!("a reader takes the view at {}", view.watermark().0));
                    let (watermark, rows) = (view.watermark(), view.rows());
                    self.taken.push((view, watermark, rows));
                }
            }
            Turn::GoOn { which, questions } => {
                if !self.going.is_empty() {
                    let which = usize::from(which) % self.going.len();
                    for _ in 0..questions {
                        if self.go_on(which).await {
                            break;
                        }
                        self.judge();
                    }
                }
            }
            fault => self.fail(fault),
        }
    }

    /// What goes wrong.
    fn fail(&mut self, fault: Turn) {
        let log = &self.authority.log;
        match fault {
            Turn::GiveUp { which } => {
                if !self.going.is_empty() {
                    let going = self.going.remove(usize::from(which) % self.going.len());
                    count(&self.seen.given_up);
                    match going {
                        Going::Start(_, _, held) | Going::Rebuild(_, _, held) => held.give_up(),
                        Going::Step(_, held) => held.give_up(),
                        Going::Read(_, _, _, held) => held.give_up(),
                    }
                }
            }
            Turn::Crash => {
                note("the process dies, and starts with an empty memory");
                self.going.clear();
                self.places = [None, None];
                self.shelf = Shelf::new();
                (self.highest, self.newest) = (0, 0);
            }
            Turn::Delete { checkpoints } => {
                note("the view is deleted");
                self.shelf.delete();
                self.highest = 0;
                self.was_deleted = true;
                if checkpoints {
                    self.store.wipe();
                }
            }
            Turn::Full { full: true } => {
                let error = projection::store::StoreError::Full;
                self.store.fail_puts(error, false);
            }
            Turn::Full { full: false } => self.store.repair(),
            Turn::Down { down } => {
                log.set_down(down);
                self.was_down |= down;
            }
            Turn::Again { count } => log.deliver_again(u64::from(count)),
            Turn::Slow { question } => {
                let slow = if question {
                    Slow::Question
                } else {
                    Slow::Answer
                };
                log.set_slow(slow);
                self.store.set_slow(slow);
            }
            _ => unreachable!("no fault: {fault:?}"),
        }
    }

    /// One of them continues to its next question; if it has ended, it is judged. Returns whether it has.
    async fn go_on(&mut self, which: usize) -> bool {
        let done = match &mut self.going[which] {
            Going::Start(_, _, held) | Going::Rebuild(_, _, held) => held.go_on(),
            Going::Step(_, held) => held.go_on(),
            Going::Read(_, _, _, held) => held.go_on(),
        };
        if !done {
            return false;
        }
        match self.going.remove(which) {
            Going::Start(place, plan, held) => match held.finish().await {
                Ok(projector) => {
                    if projector.watermark().0 > 0 {
                        count(&self.seen.restored);
                    }
                    self.reached[place] = projector.watermark().0;
                    self.places[place] = Some((plan, Rc::new(Mutex::new(projector))));
                }
                Err(error) => self.may_fail("A start", plan, error),
            },
            Going::Step(place, held) => {
                let plan = self.places[place]
                    .as_ref()
                    .map_or(plan(1), |(plan, _)| *plan);
                match held.finish().await {
                    Ok(step) => {
                        if matches!(
                            step.checkpoint,
                            projection::projector::Checkpoint::Failed(_)
                        ) {
                            count(&self.seen.refused_saves);
                        }
                    }
                    Err(error) => self.may_fail("A step", plan, error),
                }
            }
            Going::Rebuild(plan, end, held) => match held.finish().await {
                Ok(_) => {
                    count(&self.seen.swapped);
                    if self
                        .going
                        .iter()
                        .any(|going| matches!(going, Going::Step(..)))
                    {
                        count(&self.seen.swapped_during_a_step);
                    }
                    if !self.was_deleted {
                        let view = self.shelf.current().expect("It was swapped in.");
                        let (version, watermark) = (view.plan().version, view.watermark().0);
                        assert!(
                            version >= plan.version && watermark >= end,
                            "A rebuild by plan {} has ended. When it began, the log ended at {end}; \
                             and now plan {} is served at {watermark}.",
                            plan.version.0,
                            version.0
                        );
                    }
                }
                Err(error) => self.may_fail("A rebuild", plan, error),
            },
            Going::Read(began, view, served, held) => {
                let end = self.authority.log.len();
                match held.finish().await {
                    Ok(answer) => {
                        if Some(answer.view.watermark().0) != served
                            || served != self.shelf.current().map(|view| view.watermark().0)
                        {
                            count(&self.seen.read_during_a_move);
                        }
                        self.holds(&answer, began, end);
                    }
                    Err(ReadError::NoView) if !view || self.was_deleted => {}
                    Err(error) => panic!("A read of the dashboard has no answer: {error}."),
                }
            }
        }
        true
    }

    fn holds(&self, answer: &Answer, began: u64, end: u64) {
        let watermark = answer.view.watermark().0;
        says(&answer.view, &self.authority.log.bodies());
        let lag = match answer.lag {
            Lag::Unknown if self.was_down => return,
            Lag::Unknown => panic!("The lag is reported as unknown, but the log was never down."),
            Lag::Within(lag) => {
                assert!(lag <= 1, "A lag of {lag} is reported as within 1.");
                lag
            }
            Lag::Beyond(lag) => {
                assert!(lag > 1, "A lag of {lag} is reported as beyond 1.");
                lag
            }
        };
        let (least, most) = (
            began.saturating_sub(watermark),
            end.saturating_sub(watermark),
        );
        assert!(
            (least..=most).contains(&lag),
            "A read returned a view at {watermark}, with a lag of {lag}. The log ended at {began} when \
             the read began and at {end} when it ended."
        );
    }

    fn may_fail(&self, what: &str, plan: Plan, error: ProjectorError) {
        match error {
            ProjectorError::Log(LogError::Unavailable) if self.was_down => {}
            ProjectorError::Superseded { newest } if newest > plan.version => {
                count(&self.seen.superseded);
            }
            error => panic!(
                "{what} of plan {} ended with an error: {error}.",
                plan.version.0
            ),
        }
    }

    /// What holds at any moment.
    fn judge(&mut self) {
        for (view, watermark, rows) in &self.taken {
            assert_eq!(
                (view.watermark(), &view.rows()),
                (*watermark, rows),
                "A view changed while a reader held it."
            );
        }
        for (place, reached) in self.places.iter().zip(&mut self.reached) {
            if let Some((plan, projector)) = place
                && let Ok(projector) = projector.try_lock()
            {
                let now = projector.watermark().0;
                assert!(
                    now >= *reached,
                    "A projector of plan {} was at {reached}, and is now at {now}.",
                    plan.version.0
                );
                *reached = now;
            }
        }
        let Some(view) = self.shelf.current() else {
            return;
        };
        says(&view, &self.authority.log.bodies());
        let (plan, watermark) = (view.plan().version.0, view.watermark().0);
        assert!(
            watermark >= self.highest,
            "Readers have seen {} records, and are now served {watermark}.",
            self.highest
        );
        assert!(
            plan >= self.newest,
            "Plan {} was served, and now it is plan {plan}.",
            self.newest
        );
        (self.highest, self.newest) = (watermark, plan);
    }

    /// When faults stop, everything finishes; and so it does from each state in which a crash could have
    /// left the store.
    async fn end(mut self) {
        note("here the faults stop");
        let log = self.authority.log.clone();
        log.set_down(false);
        log.set_slow(Slow::Not);
        self.store.set_slow(Slow::Not);
        self.store.repair();
        while !self.going.is_empty() {
            self.go_on(0).await;
            self.judge();
        }
        for place in 0..2 {
            if let Some((plan, projector)) = self.places[place].take() {
                if let Err(error) = projector.lock().await.catch_up().await {
                    self.may_fail("Catching up", plan, error);
                }
                self.judge();
            }
        }
        let (store, shelf) = (self.store.clone(), self.shelf.clone());
        let last = rebuild(plan(9), log.clone(), store, shelf, settings(3, 2)).await;
        drop(last.expect("nothing fails any more"));
        self.judge();
        assert_eq!(self.highest, log.len(), "In the end nothing is missing.");
        for (nth, left) in self.store.states().into_iter().enumerate() {
            scene(format!("a crash after change {nth} of the store"));
            for version in [1, 2, 3, 9] {
                let (store, shelf) = (TestStore::with(left.clone()), Shelf::new());
                let plan = plan(version);
                let begun =
                    Projector::start(plan, log.clone(), store, shelf.clone(), settings(50, 4));
                let mut projector = begun.await.expect("a projector");
                projector.catch_up().await.expect("the log answers");
                let view = shelf.current().expect("a view");
                assert_eq!((view.plan(), view.watermark().0), (plan, log.len()));
                says(&view, &log.bodies());
            }
        }
    }
}

fn pick(from: &[Body], which: u8) -> Option<Body> {
    (!from.is_empty()).then(|| from[usize::from(which) % from.len()])
}
