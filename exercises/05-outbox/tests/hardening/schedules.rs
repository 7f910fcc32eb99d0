//! Any order of events, in up to two dozen steps.
//!
//! Each case is a list of steps: commands, relays that overlap or die, workers that take steps, effects
//! that fail, disks that fail, processes that are killed, power that fails, and time that passes. What
//! has to be true afterwards follows from the authority's facts alone.

use crate::platform::complete;
use crate::relays::Interrupted;
use crate::world::{
    ALWAYS, ROOMY, Seeing, authority, database, firsts, of_lesson, published, seen, stream_on,
    unreadable,
};
use crashdisk::{Disk, Loss};
use outbox::inbox::Inbox;
use outbox::outbox::{Outbox, OutboxError, Row, Rows};
use outbox::relay::{Publish, Relay, RelayError};
use outbox::store::Store;
use outbox::stream::{Consumer, Stream};
use outbox::worker::{Settings, Step as Stepped, Worker};
use proptest::prelude::*;
use redb::Database;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use testbed::{for_all, live, note};

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A lesson is completed.
    Command { lesson: u64 },
    /// A relay takes a step.
    Relay,
    /// A relay takes a step, and in the middle of it something else happens.
    Overlap {
        published: bool,
        meanwhile: Meanwhile,
    },
    /// A relay publishes, and dies before it marks.
    Dies,
    /// A worker takes some steps.
    Work { worker: usize, steps: u8 },
    /// The next change of a lesson will fail this often with a worker, or panic for ever.
    Trouble {
        worker: usize,
        lesson: u64,
        times: u8,
    },
    /// A record that no program here can read is published.
    Stranger,
    /// The next sync of a file fails.
    FailSync { file: usize },
    /// The process is killed, and started again.
    Kill,
    /// The power fails, this many operations ago.
    Crash { ago: usize, loss: usize },
    /// Time passes.
    Pass { seconds: u16 },
}

/// What happens in the middle of a relay's step.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Command { lesson: u64 },
    OtherRelay,
    Work { worker: usize },
}

fn any_lesson() -> std::ops::Range<u64> {
    1..4
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let meanwhile = prop_oneof![
        any_lesson().prop_map(|lesson| Meanwhile::Command { lesson }),
        Just(Meanwhile::OtherRelay),
        (0..2_usize).prop_map(|worker| Meanwhile::Work { worker }),
    ];
    let step = prop_oneof![
        8 => any_lesson().prop_map(|lesson| Step::Command { lesson }),
        3 => Just(Step::Relay),
        3 => (any::<bool>(), meanwhile)
            .prop_map(|(published, meanwhile)| Step::Overlap { published, meanwhile }),
        1 => Just(Step::Dies),
        6 => (0..2_usize, 1..6_u8).prop_map(|(worker, steps)| Step::Work { worker, steps }),
        3 => (0..2_usize, any_lesson(), 1..6_u8)
            .prop_map(|(worker, lesson, times)| Step::Trouble { worker, lesson, times }),
        1 => Just(Step::Stranger),
        1 => (0..4_usize).prop_map(|file| Step::FailSync { file }),
        1 => Just(Step::Kill),
        2 => (0..6_usize, 0..Loss::ALL.len()).prop_map(|(ago, loss)| Step::Crash { ago, loss }),
        3 => (1..200_u16).prop_map(|seconds| Step::Pass { seconds }),
    ];
    prop::collection::vec(step, 1..26)
}

/// A patient worker that sheds nothing, and a hasty one with a small backlog.
const SETTINGS: [Settings; 2] = [
    Settings {
        max_tries: 3,
        first_backoff: Duration::from_secs(10),
        max_backoff: Duration::from_secs(60),
        window: 64,
        max_backlog: u64::MAX,
    },
    Settings {
        max_tries: 2,
        first_backoff: Duration::from_secs(30),
        max_backoff: Duration::from_secs(30),
        window: 3,
        max_backlog: 5,
    },
];

/// The lesson of the record that cannot be read.
const STRANGE: u64 = 99;

/// What has happened in all cases together, so that nothing is left out unnoticed.
#[derive(Debug, Default)]
struct Tally {
    overlaps: u64,
    crashes: u64,
    repeated: u64,
    dead: u64,
    shed: u64,
    applied: u64,
}

/// **W1** **W2** **W3** **W5** **W6** **W7** **W8** Whatever happens in whatever order: once it is over,
/// each event that was committed has been applied once, in the order of its key, or is a dead letter for
/// a reason, or was shed by the worker that is allowed to; and all of them are accounted for.
#[test]
fn no_order_of_events_loses_or_doubles_an_effect() {
    live(|| {
        let tally = Arc::new(Mutex::new(Tally::default()));
        for_all(&steps(), |steps| {
            let mut run = Run::new();
            for step in steps {
                run.take(step);
                run.judge();
            }
            run.end(&mut counted(&tally));
        });
        let tally = counted(&tally);
        println!("{tally:?}");
        let Tally {
            overlaps,
            crashes,
            repeated,
            dead,
            shed,
            applied,
        } = *tally;
        for (what, times) in [
            ("relays overlapped", overlaps),
            ("crashes", crashes),
            ("repeated records", repeated),
            ("dead letters", dead),
            ("shed records", shed),
            ("effects", applied),
        ] {
            assert!(
                times > 20,
                "There were hardly any {what}: {times}. The search proves nothing."
            );
        }
    });
}

/// A failed case has left the lock poisoned, and another case follows.
fn counted(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What runs.
struct Parts {
    store: Store,
    outbox: Outbox,
    stream: Stream,
    workers: [Rc<RefCell<Worker<Consumer>>>; 2],
    databases: [Arc<Database>; 2],
}

struct Run {
    /// Of the authority, the stream, and the two workers.
    files: [Disk; 4],
    parts: Option<Parts>,
    effects: [Seeing; 2],
    /// What was acknowledged: when, and as what.
    acknowledged: Vec<(usize, u64, u64)>,
    /// How often effects were told to fail, for each worker.
    troubled: [BTreeMap<(u64, u64), u32>; 2],
    strangers: u64,
    now: Duration,
    overlaps: u64,
    crashes: u64,
}

impl Run {
    fn new() -> Self {
        let store = Disk::new();
        let mut run = Self {
            files: [
                store.beside(),
                store.beside(),
                store.beside(),
                store.beside(),
            ],
            parts: None,
            effects: [Seeing::default(), Seeing::default()],
            acknowledged: Vec::new(),
            troubled: [BTreeMap::new(), BTreeMap::new()],
            strangers: 0,
            now: Duration::ZERO,
            overlaps: 0,
            crashes: 0,
        };
        run.start();
        run
    }

    fn start(&mut self) {
        let (store, outbox) = authority(&self.files[0], ROOMY);
        let stream = stream_on(&self.files[1]);
        let databases = [2, 3].map(|file: usize| database(&self.files[file]));
        let workers = [0, 1].map(|at: usize| {
            let name = ["patient", "hasty"][at];
            let inbox = Inbox::open(Arc::clone(&databases[at]), name).expect("an inbox");
            let consumer = stream.consumer(name).expect("a name that is free");
            let effect = Box::new(self.effects[at].clone());
            Rc::new(RefCell::new(Worker::new(
                consumer,
                inbox,
                effect,
                SETTINGS[at],
            )))
        });
        self.parts = Some(Parts {
            store,
            outbox,
            stream,
            workers,
            databases,
        });
    }

    fn parts(&self) -> &Parts {
        self.parts
            .as_ref()
            .expect("everything runs between two steps")
    }

    fn take(&mut self, step: Step) {
        let fine = match step {
            Step::Command { lesson } => self.command(lesson),
            Step::Relay => self.relay(),
            Step::Overlap {
                published,
                meanwhile,
            } => self.overlap(published, meanwhile),
            Step::Dies => {
                let rows = Unmarkable(self.parts().outbox.clone());
                note("a relay publishes, and dies before it marks");
                let died = Relay::new(rows, self.parts().stream.clone()).step();
                !matches!(died, Err(RelayError::Stream(_)))
            }
            Step::Work { worker, steps } => self.work(worker, steps),
            Step::Trouble {
                worker,
                lesson,
                times,
            } => {
                self.trouble(worker, lesson, times);
                true
            }
            Step::Stranger => {
                self.strangers += 1;
                note("a record that no program can read is published");
                let stranger = unreadable(0, STRANGE, self.strangers).message;
                self.parts().stream.publish(&[stranger]).is_ok()
            }
            Step::FailSync { file } => {
                note(format!("the next sync of file {file} will fail"));
                self.files[file].fail_syncs(1);
                true
            }
            Step::Kill => {
                self.kill();
                true
            }
            Step::Crash { ago, loss } => {
                self.crash(ago, Loss::ALL[loss]);
                true
            }
            Step::Pass { seconds } => {
                self.now += Duration::from_secs(seconds.into());
                true
            }
        };
        if !fine {
            note("something failed: the machine is restarted");
            self.crash(0, Loss::Lost);
        }
    }

    fn command(&mut self, lesson: u64) -> bool {
        let done = complete(&self.parts().store, lesson);
        note(format!("lesson {lesson} is completed: {done:?}"));
        let Ok(version) = done else {
            return false;
        };
        self.acknowledged
            .push((self.files[0].moment(), lesson, version));
        true
    }

    fn relay(&self) -> bool {
        let mut relay = Relay::new(self.parts().outbox.clone(), self.parts().stream.clone());
        let stepped = relay.step();
        note(format!("a relay takes a step: {stepped:?}"));
        stepped.is_ok()
    }

    fn overlap(&mut self, published: bool, meanwhile: Meanwhile) -> bool {
        self.overlaps += 1;
        // A database whose sync has failed is opened again on a restarted machine: the kernel that
        // failed to write may keep showing what is not on the disk.
        let failed = Rc::new(Cell::new(false));
        let (outbox, stream) = (self.parts().outbox.clone(), self.parts().stream.clone());
        let during = {
            let (store, outbox, stream) =
                (self.parts().store.clone(), outbox.clone(), stream.clone());
            let workers = self.parts().workers.clone();
            let (now, files) = (self.now, self.files.clone());
            let acknowledged = Rc::new(RefCell::new(Vec::new()));
            let (told, failed) = (Rc::clone(&acknowledged), Rc::clone(&failed));
            let act = move || {
                note(format!("meanwhile: {meanwhile:?}"));
                let fine = match meanwhile {
                    Meanwhile::Command { lesson } => {
                        let done = complete(&store, lesson);
                        if let Ok(version) = done {
                            let acknowledged = (files[0].moment(), lesson, version);
                            told.borrow_mut().push(acknowledged);
                        }
                        done.is_ok()
                    }
                    Meanwhile::OtherRelay => Relay::new(outbox, stream).step().is_ok(),
                    Meanwhile::Work { worker } => workers[worker].borrow_mut().step(now).is_ok(),
                };
                failed.set(!fine);
            };
            (act, acknowledged)
        };
        let (act, acknowledged) = during;
        let stepped = if published {
            Relay::new(outbox, Interrupted::new(stream, act)).step()
        } else {
            Relay::new(Interrupted::new(outbox, act), stream).step()
        };
        self.acknowledged.append(&mut acknowledged.borrow_mut());
        stepped.is_ok() && !failed.get()
    }

    fn work(&self, worker: usize, steps: u8) -> bool {
        for _ in 0..steps {
            let stepped = self.parts().workers[worker].borrow_mut().step(self.now);
            note(format!(
                "worker {worker} at {} s: {stepped:?}",
                self.now.as_secs()
            ));
            match stepped {
                Ok(Stepped::Idle(_)) => break,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        true
    }

    fn trouble(&mut self, worker: usize, lesson: u64, times: u8) {
        let facts = self.parts().store.facts().unwrap_or_default();
        let of = facts.iter().find(|fact| fact.key.lesson.0 == lesson);
        let id = (lesson, of.map_or(1, |fact| fact.version.0 + 1));
        let often = self.troubled[worker].entry(id).or_default();
        *often = often.saturating_add(if times > 3 { ALWAYS } else { times.into() });
        let mut script = self.effects[worker].script();
        match times {
            1..=3 => {
                script.failures.insert(id, times.into());
            }
            4 => {
                script.failures.insert(id, ALWAYS);
            }
            _ => {
                script.panics.insert(id);
            }
        }
        note(format!(
            "with worker {worker} {id:?} will fail {times} times (4: always, 5: panic)"
        ));
    }

    fn kill(&mut self) {
        self.crashes += 1;
        note("the process is killed and started again");
        let [a, b, c, d] = &self.files;
        let found = Disk::kill_all([a, b, c, d], a.moment());
        self.go_on_with(found);
    }

    fn crash(&mut self, ago: usize, loss: Loss) {
        self.crashes += 1;
        let moment = self.files[0].moment();
        let at = moment.saturating_sub(ago);
        note(format!(
            "the power fails, {} operations ago: {loss:?}",
            moment - at
        ));
        let [a, b, c, d] = &self.files;
        let found = Disk::crash_all([a, b, c, d], at, loss);
        self.acknowledged.retain(|(when, _, _)| *when <= at);
        self.go_on_with(found);
    }

    /// The new machine counts from 0; what was acknowledged on the old one stays acknowledged.
    fn go_on_with(&mut self, found: [Disk; 4]) {
        self.parts = None;
        self.files = found;
        for acknowledged in &mut self.acknowledged {
            acknowledged.0 = 0;
        }
        self.start();
    }

    /// What has to be true at every moment.
    fn judge(&self) {
        let parts = self.parts();
        let facts = parts.store.facts().expect("the facts can be read");
        for (_, lesson, version) in &self.acknowledged {
            let fact = facts.iter().find(|fact| fact.key.lesson.0 == *lesson);
            assert!(
                fact.is_some_and(|fact| fact.version.0 >= *version),
                "Version {version} of lesson {lesson} was acknowledged, and is gone."
            );
        }
        let published = published(&parts.stream);
        let firsts = firsts(&published);
        for lesson in any_lesson() {
            let there = of_lesson(&firsts, lesson);
            let in_order: Vec<u64> = (1..=there.len() as u64).collect();
            assert_eq!(
                there, in_order,
                "the versions of lesson {lesson}, as they first appear in the stream"
            );
            let fact = facts.iter().find(|fact| fact.key.lesson.0 == lesson);
            assert!(
                there.len() as u64 <= fact.map_or(0, |fact| fact.version.0),
                "News of a fact that never existed: lesson {lesson}, {there:?}."
            );
        }
        for (at, worker) in parts.workers.iter().enumerate() {
            let applied = seen(&parts.databases[at]);
            for lesson in any_lesson() {
                let versions = of_lesson(&applied, lesson);
                assert!(
                    versions.windows(2).all(|pair| pair[0] < pair[1]),
                    "Worker {at} has applied the versions {versions:?} of lesson {lesson}: twice, or out of order."
                );
            }
            let counts = worker.borrow().counts().expect("counts");
            assert_eq!(
                counts.done + counts.queued + counts.dead + counts.shed,
                counts.accepted,
                "worker {at}: {counts:?}"
            );
            assert_eq!(counts.accepted, published.len() as u64);
        }
    }

    /// Nothing fails any more, and everything runs until nothing is left to do.
    fn end(mut self, tally: &mut Tally) {
        note("the faults are over");
        for file in &self.files {
            file.fail_syncs(0);
        }
        self.kill();
        while self
            .parts()
            .outbox
            .waiting()
            .expect("the outbox can be read")
            > 0
        {
            assert!(
                self.relay(),
                "A relay cannot continue, although nothing fails any more."
            );
        }
        for at in 0..2 {
            self.drain(at);
        }
        self.judge();
        let parts = self.parts();
        let published = published(&parts.stream);
        let events: BTreeSet<(u64, u64)> = published.iter().copied().collect();
        for fact in parts.store.facts().expect("the facts can be read") {
            for version in 1..=fact.version.0 {
                let event = (fact.key.lesson.0, version);
                assert!(
                    events.contains(&event),
                    "{event:?} was committed, and never published."
                );
            }
        }
        for (at, worker) in parts.workers.iter().enumerate() {
            let worker = worker.borrow();
            let applied: BTreeSet<(u64, u64)> = seen(&parts.databases[at]).into_iter().collect();
            let letters = worker.inbox().dead_letters().expect("dead letters");
            let dead: BTreeSet<(u64, u64)> = letters
                .iter()
                .map(|letter| crate::world::short(letter.record.message.id))
                .collect();
            assert_eq!(dead.len(), letters.len(), "An event is given up on once.");
            let counts = worker.counts().expect("counts");
            assert_eq!(counts.queued, 0, "worker {at}: {counts:?}");
            assert_eq!(counts.dead, letters.len() as u64);
            for event in &dead {
                assert!(
                    !applied.contains(event),
                    "{event:?} was applied, and also given up on."
                );
                let failed = self.troubled[at].get(event).copied().unwrap_or_default();
                assert!(
                    event.0 == STRANGE || failed >= SETTINGS[at].max_tries,
                    "Worker {at} has given up on {event:?}, which failed {failed} times."
                );
            }
            let missing: Vec<_> = events
                .iter()
                .filter(|e| !applied.contains(e) && !dead.contains(e))
                .collect();
            assert!(
                missing.len() as u64 <= counts.shed,
                "Worker {at} has neither applied nor given up on {missing:?}, and has shed {} records.",
                counts.shed
            );
            tally.dead += counts.dead;
            tally.shed += counts.shed;
            tally.applied += applied.len() as u64;
        }
        tally.repeated += (published.len() - events.len()) as u64;
        tally.overlaps += self.overlaps;
        tally.crashes += self.crashes;
    }

    fn drain(&mut self, at: usize) {
        for _ in 0..1_000 {
            let stepped = self.parts().workers[at].borrow_mut().step(self.now);
            match stepped.expect("nothing fails any more") {
                Stepped::Idle(None) => return,
                Stepped::Idle(Some(next)) => {
                    assert!(
                        next > self.now,
                        "The worker reports a wait that is over already."
                    );
                    self.now = next;
                }
                Stepped::Settled(_) | Stepped::Failed | Stepped::Shed(_) => {}
            }
        }
        panic!("Worker {at} took 1,000 steps and is not done.");
    }
}

/// An outbox whose relay dies before it marks.
struct Unmarkable(Outbox);

impl Rows for Unmarkable {
    fn unsent(&self, max: usize) -> Result<Vec<Row>, OutboxError> {
        self.0.unsent(max)
    }

    fn mark_sent(&self, _: &[u64]) -> Result<(), OutboxError> {
        Err(OutboxError::Disk("the relay has died".to_owned()))
    }
}
