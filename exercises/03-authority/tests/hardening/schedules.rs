//! Any order of events, against a model that has no disk.
//!
//! What makes a store hard is what happens *while* something else happens: a write that is handed in while
//! another group is being synced, a caller that leaves then, a reader that looks then, a crash then. So a
//! commit has two steps here. It begins, and the disk takes its time; it ends when a later step says so.

use crate::world::{Answer, Running, asked, in_epoch, keeping, lesson, named, told, write};
use authority::changes::{Changes, Notice};
use authority::fact::{Epoch, IdempotencyKey, Receipt, Write, WriteError};
use authority::group::{Committer, MAX_GROUP, MAX_WAITING};
use crashdisk::{Disk, Loss};
use domain::{LessonKey, Version};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use testbed::{for_all, live, note};

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A write is handed in.
    Hand {
        place: u64,
        seen: Seen,
        epoch: By,
        what: What,
    },
    /// The committer takes what waits, and the disk takes its time.
    Begin,
    /// The disk is done, if it was at work.
    End,
    /// Both at once.
    Commit,
    /// Somebody reads every lesson.
    Read,
    /// A caller leaves, at once or while its write is being committed.
    Leave { at_once: bool },
    /// The last caller that left comes back, and tries again.
    Return,
    /// The next sync fails; also the one that is under way.
    FailSync,
    /// So many stale writes come that the queue is full.
    Fill,
    /// The power fails.
    Crash { loss: usize },
    /// The store is closed and opened again.
    Reopen,
}

/// What a write expects, if everything that waits is done by then.
#[derive(Clone, Copy, Debug)]
enum Seen {
    Current,
    OneBefore,
    OneAhead,
    Nothing,
    Zero,
    Far,
}

/// In whose name it is written.
#[derive(Clone, Copy, Debug)]
enum By {
    Newest,
    Older,
    Newer,
}

/// Whether it is a new write.
#[derive(Clone, Copy, Debug)]
enum What {
    New,
    /// One of the latest writes again.
    Retry(usize),
    /// One of the latest with another content, under its key.
    Other(usize),
    /// A new write, under the key of an earlier one.
    Reuse(usize),
}

fn steps() -> impl Strategy<Value = (bool, Vec<Step>)> {
    let seen = prop_oneof![
        12 => Just(Seen::Current),
        4 => Just(Seen::OneBefore),
        1 => Just(Seen::OneAhead),
        1 => Just(Seen::Nothing),
        1 => Just(Seen::Zero),
        1 => Just(Seen::Far),
    ];
    let epoch = prop_oneof![10 => Just(By::Newest), 2 => Just(By::Older), 1 => Just(By::Newer)];
    let what = prop_oneof![
        6 => Just(What::New),
        2 => (0..8_usize).prop_map(What::Retry),
        1 => (0..8_usize).prop_map(What::Other),
        1 => (0..20_usize).prop_map(What::Reuse),
    ];
    let hand = (0..3_u64, seen, epoch, what).prop_map(|(place, seen, epoch, what)| Step::Hand {
        place,
        seen,
        epoch,
        what,
    });
    let step = prop_oneof![
        48 => hand,
        16 => Just(Step::Begin),
        9 => Just(Step::End),
        5 => Just(Step::Commit),
        4 => Just(Step::Read),
        6 => any::<bool>().prop_map(|at_once| Step::Leave { at_once }),
        3 => Just(Step::Return),
        2 => Just(Step::FailSync),
        1 => Just(Step::Fill),
        3 => (0..Loss::ALL.len()).prop_map(|loss| Step::Crash { loss }),
        1 => Just(Step::Reopen),
    ];
    (any::<bool>(), prop::collection::vec(step, 1..64))
}

/// The lessons that are written.
const PLACES: [LessonKey; 3] = [
    LessonKey::new(1, 1),
    LessonKey::new(1, 2),
    LessonKey::new(2, 1),
];

/// The lesson of the writes that fill the queue.
const FILLED: u64 = 50;

/// The lessons of callers that leave begin here: each has one of its own.
const LEFT: u64 = 100;

/// How long, in real time, a read may wait for the disk that the test holds. Nothing is judged by it.
const A_LOOK: Duration = Duration::from_millis(40);

/// How long a write may take to be handed in while the test holds the disk, before the test lets go of it.
/// Nothing is judged by it.
const PATIENCE: Duration = Duration::from_millis(500);

/// What the contract says, without any disk.
#[derive(Clone, Debug)]
struct Model {
    facts: BTreeMap<LessonKey, (Version, Write)>,
    /// The replies that are kept, oldest first.
    replies: VecDeque<(Write, Version)>,
    newest: Epoch,
    kept: usize,
}

impl Model {
    fn version(&self, key: LessonKey) -> Option<Version> {
        self.facts.get(&key).map(|(version, _)| *version)
    }

    fn reply(&self, key: &IdempotencyKey) -> Option<&(Write, Version)> {
        self.replies
            .iter()
            .find(|(earlier, _)| earlier.idempotency_key == *key)
    }

    /// What a write has to be told, and whether it is new.
    fn judge(&mut self, write: &Write) -> (Result<Version, WriteError>, bool) {
        if let Some((earlier, version)) = self.reply(&write.idempotency_key) {
            let same = in_epoch(0, earlier.clone()) == in_epoch(0, write.clone());
            return (
                if same {
                    Ok(*version)
                } else {
                    Err(WriteError::Conflict)
                },
                false,
            );
        }
        if write.epoch < self.newest {
            let newest = self.newest;
            return (Err(WriteError::Fenced { newest }), false);
        }
        let current = self.version(write.key);
        if write.expected != current {
            return (Err(WriteError::Stale { current }), false);
        }
        let version = Version(current.map_or(1, |current| current.0 + 1));
        self.facts.insert(write.key, (version, write.clone()));
        self.newest = write.epoch;
        self.replies.push_back((write.clone(), version));
        if self.replies.len() > self.kept {
            self.replies.pop_front();
        }
        (Ok(version), true)
    }
}

/// What has happened in all cases together, so that none of it is left out unnoticed.
#[derive(Debug, Default)]
struct Tally {
    handed_in_during_a_sync: u64,
    rivals_of_a_sync: u64,
    read_during_a_sync: u64,
    left_during_a_sync: u64,
    came_back: u64,
    waited_for_a_place: u64,
    failed_syncs: u64,
    crashes_during_a_sync: u64,
    crashes: u64,
    survived_unknown: u64,
    repeated: u64,
    conflicts: u64,
    fenced: u64,
    stale: u64,
    accepted: u64,
}

/// **A2** **A3** **A4** **A5** **A7** **A8** Whatever happens in whatever order, also while a group is being synced:
/// each caller is told what the contract says, and what it was told stays true.
#[test]
fn whatever_overlaps_each_answer_is_the_contracts() {
    live(|| {
        // What is still to be written says so here, and once.
        let mut plain = Run::new(6);
        for _ in 0..3 {
            plain.hand(0, Seen::Current, By::Newest, What::New);
            plain.begin(false);
            plain.hand(0, Seen::Current, By::Newest, What::New);
        }
        plain.end();
        let tally = Arc::new(Mutex::new(Tally::default()));
        for_all(&steps(), |(few, steps)| {
            let mut run = Run::new(if few { 6 } else { 1000 });
            for step in steps {
                run.take(step);
            }
            run.end();
            counted(&tally).add(&run.tally);
        });
        let tally = counted(&tally);
        println!("{tally:?}");
        for (what, times) in tally.each() {
            assert!(
                times > 5,
                "There were hardly any of `{what}`: {times}. The search proves nothing."
            );
        }
    });
}

/// A case that failed has left it locked, and there is another case to come.
fn counted(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tally {
    fn each(&self) -> [(&'static str, u64); 15] {
        [
            ("handed in during a sync", self.handed_in_during_a_sync),
            (
                "rivals of a write that is being synced",
                self.rivals_of_a_sync,
            ),
            ("read during a sync", self.read_during_a_sync),
            ("left during a sync", self.left_during_a_sync),
            ("came back", self.came_back),
            ("waited for a place", self.waited_for_a_place),
            ("failed syncs", self.failed_syncs),
            ("crashes during a sync", self.crashes_during_a_sync),
            ("crashes", self.crashes),
            ("unknown writes that were there", self.survived_unknown),
            ("repeated replies", self.repeated),
            ("conflicts", self.conflicts),
            ("fenced writes", self.fenced),
            ("stale writes", self.stale),
            ("accepted writes", self.accepted),
        ]
    }

    fn add(&mut self, other: &Self) {
        self.handed_in_during_a_sync += other.handed_in_during_a_sync;
        self.rivals_of_a_sync += other.rivals_of_a_sync;
        self.read_during_a_sync += other.read_during_a_sync;
        self.left_during_a_sync += other.left_during_a_sync;
        self.came_back += other.came_back;
        self.waited_for_a_place += other.waited_for_a_place;
        self.failed_syncs += other.failed_syncs;
        self.crashes_during_a_sync += other.crashes_during_a_sync;
        self.crashes += other.crashes;
        self.survived_unknown += other.survived_unknown;
        self.repeated += other.repeated;
        self.conflicts += other.conflicts;
        self.fenced += other.fenced;
        self.stale += other.stale;
        self.accepted += other.accepted;
    }
}

/// A caller that waits for its answer.
struct Call {
    write: Write,
    answer: Pin<Box<dyn Future<Output = Answer> + Send>>,
}

impl Call {
    fn poll(&mut self) -> Poll<Answer> {
        let mut context = Context::from_waker(Waker::noop());
        self.answer.as_mut().poll(&mut context)
    }
}

/// A group that is being committed.
struct Flight {
    /// Gone if the group is committed already, having nothing new in it.
    thread: Option<JoinHandle<Committer>>,
    calls: Vec<Call>,
    /// What each of them has to be told, and whether it is new.
    expected: Vec<(Result<Version, WriteError>, bool)>,
    /// The model before the group, and after each write of it.
    states: Vec<Model>,
    syncs_before: usize,
    /// Whether somebody who has left may be in the group.
    maybe_more: bool,
}

impl Flight {
    fn is_new(&self) -> bool {
        self.expected.iter().any(|(_, new)| *new)
    }
}

struct Run {
    kept: u64,
    disk: Disk,
    authority: Option<authority::authority::Authority>,
    /// Away while a group is being committed.
    committer: Option<Committer>,
    changes: Option<Changes>,
    /// What has been acknowledged, and no more.
    committed: Model,
    waiting: Vec<Call>,
    flight: Option<Flight>,
    /// Once a sync has failed: what may be on the disk.
    failed: Option<Vec<Model>>,
    /// Whether the next sync fails.
    armed: bool,
    history: Vec<Write>,
    /// Writes whose callers have left, or will.
    left: Vec<Write>,
    leavers: u64,
    /// Groups that were committed since the store was opened: an engine may mark its file before the first.
    written: u64,
    /// Those who will leave while the next group is being committed.
    leaving: Vec<Call>,
    /// Whether a write of somebody who has left may still wait.
    maybe_waiting: bool,
    filled: bool,
    /// Readers who may be waiting for the disk.
    looking: Vec<JoinHandle<()>>,
    tally: Tally,
}

impl Run {
    fn new(kept: u64) -> Self {
        let mut run = Self {
            kept,
            disk: Disk::new(),
            authority: None,
            committer: None,
            changes: None,
            committed: Model {
                facts: BTreeMap::new(),
                replies: VecDeque::new(),
                newest: Epoch(0),
                kept: usize::try_from(kept).expect("few"),
            },
            waiting: Vec::new(),
            flight: None,
            failed: None,
            armed: false,
            history: Vec::new(),
            left: Vec::new(),
            leavers: 0,
            written: 0,
            leaving: Vec::new(),
            maybe_waiting: false,
            filled: false,
            looking: Vec::new(),
            tally: Tally::default(),
        };
        run.open();
        run
    }

    fn open(&mut self) {
        let running = Running::on(&self.disk, keeping(self.kept));
        self.written = 0;
        self.changes = Some(running.reader().changes());
        self.authority = Some(running.authority);
        self.committer = Some(running.committer);
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Hand {
                place,
                seen,
                epoch,
                what,
            } => self.hand(place, seen, epoch, what),
            Step::Begin => self.begin(true),
            Step::End => self.finish(),
            Step::Commit => {
                self.finish();
                self.begin(false);
                self.finish();
            }
            Step::Read => self.read(),
            Step::Leave { at_once } => self.leave(at_once),
            Step::Return => {
                self.finish();
                if self.failed.is_none() && !self.armed && self.leaving.is_empty() {
                    self.begin(false);
                    if let Some(write) = self.left.pop() {
                        self.comes_back(&write);
                    }
                }
            }
            Step::FailSync => {
                if !self.maybe_waiting && self.failed.is_none() {
                    note("the next sync will fail");
                    self.armed = true;
                    self.disk.fail_syncs(1);
                }
            }
            Step::Fill => self.fill(),
            Step::Crash { loss } => self.crash(Loss::ALL[loss]),
            Step::Reopen => self.reopen(),
        }
    }

    /// The model, if everything that waits or is being committed is done.
    fn ahead(&self) -> Model {
        let flight = self.flight.as_ref();
        let mut ahead = flight.map_or(&self.committed, |flight| flight.states.last().expect("one"));
        let mut judged;
        if !self.waiting.is_empty() {
            judged = ahead.clone();
            for call in &self.waiting {
                let _ = judged.judge(&call.write);
            }
            ahead = &judged;
        }
        ahead.clone()
    }

    fn hand(&mut self, place: u64, seen: Seen, epoch: By, what: What) {
        let ahead = self.ahead();
        let key = PLACES[usize::try_from(place).expect("small")];
        let current = ahead.version(key).map_or(0, |version| version.0);
        let expected = match seen {
            Seen::Current => (current > 0).then_some(current),
            Seen::OneBefore => current.checked_sub(1).filter(|before| *before > 0),
            Seen::OneAhead => Some(current + 1),
            Seen::Nothing => None,
            Seen::Zero => Some(0),
            Seen::Far => Some(current + (1 << 32)),
        };
        let epoch = match epoch {
            By::Newest => ahead.newest.0,
            By::Older => ahead.newest.0.saturating_sub(1),
            // One more, and now and then so many more that it takes all bits to tell.
            By::Newer => ahead.newest.0 + [1, 256, 1 << 32][self.history.len() % 3],
        };
        let number = self.history.len();
        let new = Write {
            expected: expected.map(Version),
            ..in_epoch(epoch, write(key, 0, &format!("w{number}")))
        };
        let earlier = |back: usize| {
            let at = self.history.len().checked_sub(1 + back)?;
            Some(in_epoch(epoch, self.history[at].clone()))
        };
        let write = match what {
            What::New => new,
            What::Reuse(back) => {
                let key = earlier(back).map(|earlier| earlier.idempotency_key);
                Write {
                    idempotency_key: key.unwrap_or(new.idempotency_key.clone()),
                    ..new
                }
            }
            What::Retry(back) => earlier(back).unwrap_or(new),
            What::Other(back) => earlier(back).map_or(new, |mut other| {
                match number % 3 {
                    0 => other.steps_done += 1,
                    1 => other.note.push('!'),
                    _ => other.completed = !other.completed,
                }
                other
            }),
        };
        // Within a group, a reply that has just become one too many may be forgotten or not yet.
        let key = &write.idempotency_key;
        let flying = self.flight.iter().flat_map(|flight| &flight.calls);
        let on_its_way = |call: &Call| call.write.idempotency_key == *key;
        let was_known =
            self.committed.reply(key).is_some() || flying.chain(&self.waiting).any(on_its_way);
        if was_known && ahead.reply(key).is_none() {
            return;
        }
        note(format!("handed in: {}", asked(&write)));
        if let Some(flight) = &self.flight {
            self.tally.handed_in_during_a_sync += 1;
            let new = |(call, (_, new)): (&Call, &(_, bool))| *new && call.write.key == write.key;
            let rival = flight.calls.iter().zip(&flight.expected).any(new);
            self.tally.rivals_of_a_sync += u64::from(rival && what_is_new(&what));
        }
        self.history.push(write.clone());
        self.call(vec![write]);
    }

    /// Hands in writes. Nobody is answered by that, but by one that has stopped, and for a retry of what is
    /// durable.
    fn call(&mut self, writes: Vec<Write>) {
        let authority = self.authority.clone().expect("open");
        let hand_in = move || -> Vec<(Call, Poll<Answer>)> {
            let hand_in = |write: Write| {
                let (authority, asked) = (authority.clone(), write.clone());
                let mut call = Call {
                    write,
                    answer: Box::pin(async move { authority.write(asked).await }),
                };
                let answer = call.poll();
                (call, answer)
            };
            writes.into_iter().map(hand_in).collect()
        };
        let handed_in = if self.flight.is_some() {
            // A store may look at what is on the disk, and have to wait for it.
            let (tell, handed_in) = mpsc::channel();
            thread::spawn(move || tell.send(hand_in()));
            handed_in.recv_timeout(PATIENCE).or_else(|_| {
                self.disk.release_syncs();
                let handed_in = handed_in.recv();
                self.finish();
                handed_in
            })
        } else {
            Ok(hand_in())
        };
        for (call, answer) in handed_in.expect("a panic is told by itself") {
            let Poll::Ready(answer) = answer else {
                self.waiting.push(call);
                continue;
            };
            let stopped = self.failed.is_some() && answer == Err(WriteError::Stopped);
            let (known, _) = self.committed.clone().judge(&call.write);
            let repeated = self.committed.reply(&call.write.idempotency_key).is_some()
                && answer.as_ref().ok().map(Receipt::version) == known.ok();
            assert!(
                stopped || repeated,
                "{} was answered when it was handed in, and before anything was committed: {}. What is true of \
                 it is known only when its turn comes.",
                named(&call.write),
                told(&answer)
            );
        }
    }

    /// A caller with a lesson of its own leaves. Its write may be done or not.
    fn leave(&mut self, at_once: bool) {
        if self.kept < 1000 || self.armed || self.failed.is_some() || self.filled {
            return;
        }
        let number = LEFT + self.leavers;
        self.leavers += 1;
        let write = write(lesson(number), 0, &format!("left {number}"));
        note(format!(
            "handed in, by a caller that leaves {}: {}",
            if at_once {
                "at once"
            } else {
                "while it is being committed"
            },
            asked(&write)
        ));
        self.left.push(write.clone());
        self.maybe_waiting = true;
        let waiting = self.waiting.len();
        self.call(vec![write]);
        let mut call = self.waiting.split_off(waiting);
        if !at_once {
            self.leaving.append(&mut call);
        }
    }

    /// More come than there are places.
    fn fill(&mut self) {
        if self.filled || self.maybe_waiting || self.failed.is_some() {
            return;
        }
        self.filled = true;
        note(format!(
            "{MAX_WAITING} writes are handed in that expect version 7 of a lesson that nobody has begun"
        ));
        let epoch = self.ahead().newest.0;
        let stale = in_epoch(epoch, write(lesson(FILLED), 7, "filler"));
        self.call(vec![stale; MAX_WAITING]);
    }

    /// The committer takes what waits. With `slowly`, the disk then takes its time.
    fn begin(&mut self, slowly: bool) {
        if self.flight.is_some() {
            return;
        }
        self.enter();
        let mut committer = self.committer.take().expect("nothing is being committed");
        if self.failed.is_some() {
            committer.commit_waiting();
            self.committer = Some(committer);
            for mut call in mem::take(&mut self.waiting) {
                match call.poll() {
                    Poll::Ready(Err(WriteError::Stopped)) => {}
                    Poll::Ready(answer) => panic!(
                        "The disk had failed before {} was taken, and it was told: {}. Nothing is tried after \
                         that, and nothing answered but that.",
                        named(&call.write),
                        told(&answer)
                    ),
                    // Beyond a group's size.
                    Poll::Pending => self.waiting.push(call),
                }
            }
            return;
        }
        let group = self.waiting.len().min(MAX_GROUP);
        self.tally.waited_for_a_place += self.waiting.len().saturating_sub(MAX_WAITING) as u64;
        let calls: Vec<Call> = self.waiting.drain(..group).collect();
        let mut states = vec![self.committed.clone()];
        let mut expected = Vec::new();
        for call in &calls {
            let mut state = states.last().expect("one").clone();
            let (answer, new) = state.judge(&call.write);
            expected.push((answer, new));
            if new {
                states.push(state);
            }
        }
        let mut flight = Flight {
            thread: None,
            calls,
            expected,
            states,
            syncs_before: self.disk.syncs(),
            maybe_more: mem::take(&mut self.maybe_waiting),
        };
        if group > 0 {
            note(format!("the committer takes {group} of those who wait"));
        }
        if flight.is_new() && slowly {
            self.disk.hold_syncs();
            let thread = thread::spawn(move || {
                committer.commit_waiting();
                committer
            });
            if self.disk.wait_for_a_held_sync(|| thread.is_finished()) {
                note("the disk takes its time");
            }
            flight.thread = Some(thread);
            self.enter();
            self.tally.left_during_a_sync += self.leaving.len() as u64;
            self.flight = Some(flight);
            self.leaving.clear();
            self.nobody_knows();
        } else {
            committer.commit_waiting();
            self.committer = Some(committer);
            self.enter();
            self.flight = Some(flight);
            self.leaving.clear();
            self.finish();
        }
    }

    /// Whoever waits for a place and may have one now takes it, in the order in which they came.
    fn enter(&mut self) {
        let answered = self.failed.is_some();
        let mut still = Vec::new();
        for mut call in mem::take(&mut self.waiting) {
            match call.poll() {
                Poll::Pending => still.push(call),
                Poll::Ready(answer) => assert!(
                    answered && answer == Err(WriteError::Stopped),
                    "{} waits, and its group was never taken. It was told: {}.",
                    named(&call.write),
                    told(&answer)
                ),
            }
        }
        self.waiting = still;
    }

    /// While a sync is under way, nobody in its group is told anything, and no subscriber either.
    fn nobody_knows(&mut self) {
        if let Some(flight) = &mut self.flight {
            for call in &mut flight.calls {
                if let Poll::Ready(answer) = call.poll() {
                    panic!(
                        "{} was answered while its group was being synced: {}.",
                        named(&call.write),
                        told(&answer)
                    );
                }
            }
            assert_eq!(
                self.heard(),
                [],
                "A subscriber was told of a change while it was being synced."
            );
        }
    }

    /// What a subscriber has heard of the lessons that are written.
    fn heard(&mut self) -> Vec<(LessonKey, Version)> {
        let changes = self.changes.as_mut().expect("open");
        let mut heard = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(notice)) = Box::pin(changes.next()).as_mut().poll(&mut context) {
            match notice {
                Notice::Changed { key, version } if PLACES.contains(&key) => {
                    heard.push((key, version));
                }
                Notice::Changed { .. } => {}
                Notice::Missed => panic!("A handful of changes, and some were missed."),
            }
        }
        heard.sort();
        heard
    }

    /// The disk is done: with the group that is being committed, everyone in it is answered.
    fn finish(&mut self) {
        let Some(mut flight) = self.flight.take() else {
            return;
        };
        let new = flight.is_new();
        let fails = self.armed && new;
        if let Some(thread) = flight.thread.take() {
            self.disk.release_syncs();
            match thread.join() {
                Ok(committer) => self.committer = Some(committer),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        self.nobody_looks();
        if fails {
            self.armed = false;
            self.tally.failed_syncs += 1;
            note("the sync failed");
        } else if new {
            note("the disk is done");
        }
        for (call, (expected, new)) in flight.calls.iter_mut().zip(&flight.expected) {
            let name = named(&call.write);
            let Poll::Ready(answer) = call.poll() else {
                panic!("The group of {name} is committed, and it has no answer.");
            };
            if fails {
                assert!(
                    matches!(answer, Err(WriteError::Unknown | WriteError::Stopped)),
                    "The sync under the group of {name} failed, and it was told: {}. Whatever was found out \
                     about it rests on a commit of which nothing is known.",
                    told(&answer)
                );
                continue;
            }
            let got = answer
                .as_ref()
                .map(|receipt| (receipt.key(), receipt.version()))
                .map_err(Clone::clone);
            let expected = expected.clone().map(|version| (call.write.key, version));
            assert!(
                got == expected,
                "{}.\n    By the contract it is to be told: {}.\n    It was told: {}.",
                asked(&call.write),
                expected.as_ref().map_or_else(
                    |error| told(&Err(error.clone())),
                    |(key, version)| format!(
                        "lesson {} has version {}, and it is durable",
                        key.lesson.0, version.0
                    )
                ),
                told(&answer)
            );
            match &expected {
                Ok(_) if *new => self.tally.accepted += 1,
                Ok(_) => self.tally.repeated += 1,
                Err(WriteError::Conflict) => self.tally.conflicts += 1,
                Err(WriteError::Fenced { .. }) => self.tally.fenced += 1,
                Err(_) => self.tally.stale += 1,
            }
        }
        let heard = self.heard();
        if fails {
            assert_eq!(heard, [], "A sync failed, and a subscriber was told.");
            self.failed = Some(flight.states);
            return;
        }
        let mut changed: Vec<(LessonKey, Version)> = Vec::new();
        for state in &flight.states[1..] {
            let (write, version) = state.replies.back().expect("it was accepted");
            changed.push((write.key, *version));
        }
        changed.sort();
        assert_eq!(
            heard, changed,
            "What a subscriber heard of this group, and what changed."
        );
        let syncs = self.disk.syncs() - flight.syncs_before;
        assert!(
            new || flight.maybe_more || syncs == 0 || self.written == 0,
            "Nothing was new in this group, and the disk saw {syncs} syncs."
        );
        assert!(
            !new || syncs > 0,
            "A group with new writes was acknowledged, and the disk saw no sync."
        );
        self.written += u64::from(new);
        self.committed = flight.states.pop().expect("one");
        self.read();
    }

    /// What is read is what was acknowledged, no less and no more.
    fn read(&mut self) {
        let reader = self.authority.as_ref().expect("open").reader();
        let look = move || {
            let read = PLACES.map(|key| reader.read(key));
            // Whoever opens the file again must be the only one who has it.
            drop(reader);
            read
        };
        let read = if self.flight.is_some() {
            // A store may let readers wait for the disk. One that answers has to be right.
            self.tally.read_during_a_sync += 1;
            let (tell, shown) = mpsc::channel();
            self.looking.push(thread::spawn(move || {
                let _ = tell.send(look());
            }));
            match shown.recv_timeout(A_LOOK) {
                Ok(read) => read,
                Err(_) => return,
            }
        } else {
            look()
        };
        for (key, read) in PLACES.into_iter().zip(read) {
            let record = match read {
                Ok(record) => record,
                Err(error) => {
                    assert!(
                        self.failed.is_some(),
                        "The disk is well, and a read failed: {error}"
                    );
                    continue;
                }
            };
            let shown = record.as_ref().map(|record| record.progress().version);
            assert!(
                shown == self.committed.version(key),
                "Lesson {} of learner {} is at {:?}, as far as anybody was told, and a reader is shown {:?}.",
                key.lesson.0,
                key.learner.0,
                self.committed.version(key),
                shown
            );
            if let (Some(record), Some((version, write))) = (record, self.committed.facts.get(&key))
            {
                let half = "The version is this write's, and the content is not.";
                crate::world::assert_holds(&record, write, version.0, half);
            }
        }
    }

    /// The power fails; the store is opened on what is left.
    fn crash(&mut self, loss: Loss) {
        let mut candidates = vec![self.committed.clone()];
        self.tally.crashes += 1;
        if let Some(flight) = &mut self.flight {
            self.tally.crashes_during_a_sync += 1;
            candidates = mem::take(&mut flight.states);
        }
        if let Some(states) = self.failed.take() {
            candidates = states;
        }
        note(format!("the power fails; what was not synced is {loss:?}"));
        let found = self.disk.crash(self.disk.position(), loss);
        self.let_go();
        self.disk = found;
        self.open();
        self.found(candidates);
    }

    /// Lets go of all that runs on the disk of before.
    fn let_go(&mut self) {
        self.disk.fail_syncs(0);
        self.armed = false;
        let flight = self.flight.take();
        if let Some(thread) = flight.and_then(|mut flight| flight.thread.take()) {
            self.disk.release_syncs();
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        self.nobody_looks();
        self.committer = None;
        self.waiting.clear();
        self.leaving.clear();
        self.maybe_waiting = false;
        self.authority = None;
        self.changes = None;
    }

    /// Waits for readers who had to wait for the disk.
    fn nobody_looks(&mut self) {
        for looking in mem::take(&mut self.looking) {
            let _ = looking.join();
        }
    }

    /// What is there after a crash has to be one of the states that were possible.
    fn found(&mut self, candidates: Vec<Model>) {
        let reader = self.authority.as_ref().expect("open").reader();
        let there: Vec<Option<Version>> = PLACES
            .iter()
            .map(|key| {
                let record = reader.read(*key).expect("the disk is well");
                record.map(|record| record.progress().version)
            })
            .collect();
        let unknown = candidates.len() > 1;
        let of = |model: &Model| PLACES.map(|key| model.version(key)).to_vec();
        let mut possible = candidates.iter();
        let Some(at) = possible.position(|model| of(model) == there) else {
            panic!(
                "After the crash, the lessons are at {there:?}. Acknowledged were {:?}, and with all that was \
                 being committed they would be at {:?}.",
                of(&candidates[0]),
                of(candidates.last().expect("one"))
            );
        };
        self.tally.survived_unknown += u64::from(unknown && at > 0);
        self.committed = candidates.into_iter().nth(at).expect("found");
        self.read();
    }

    /// The store is closed and opened again. Whoever waited was never tried.
    fn reopen(&mut self) {
        if self.failed.is_some() {
            // What the kernel shows after a failed sync is not what the disk holds.
            return self.crash(Loss::Lost);
        }
        self.finish();
        if self.failed.is_some() {
            return self.crash(Loss::Lost);
        }
        note("the store is closed and opened again");
        self.committer = None;
        for mut call in mem::take(&mut self.waiting) {
            let answer = call.poll();
            assert!(
                answer == Poll::Ready(Err(WriteError::Stopped)),
                "The committer is gone, and {} waited for it: {answer:?}.",
                named(&call.write)
            );
        }
        self.let_go();
        self.open();
        self.found(vec![self.committed.clone()]);
    }

    /// It is over: everyone retries, after one more crash.
    fn end(&mut self) {
        self.finish();
        if self.failed.is_none() {
            self.begin(false);
        }
        self.crash(Loss::Lost);
        let newest = self.committed.newest.0;
        let kept: Vec<Write> = self
            .committed
            .replies
            .iter()
            .map(|(write, _)| in_epoch(newest, write.clone()))
            .collect();
        for write in kept {
            note(format!("handed in again: {}", asked(&write)));
            self.call(vec![write]);
        }
        self.begin(false);
        for write in mem::take(&mut self.left) {
            self.comes_back(&write);
        }
    }

    /// A caller that had left tries again. Nothing else waits.
    fn comes_back(&mut self, write: &Write) {
        let reader = self.authority.as_ref().expect("open").reader();
        let there = reader.read(write.key).expect("the disk is well");
        let there = there.map_or(0, |record| record.progress().version.0);
        note(format!(
            "{} had left, and lesson {} is at version {there}; it comes back",
            named(write),
            write.key.lesson.0
        ));
        let again = in_epoch(self.committed.newest.0, write.clone());
        let authority = self.authority.clone().expect("open");
        let mut call = Call {
            write: again.clone(),
            answer: Box::pin(async move { authority.write(again).await }),
        };
        let answer = match call.poll() {
            Poll::Ready(answer) => Poll::Ready(answer),
            Poll::Pending => {
                self.committer.as_mut().expect("here").commit_waiting();
                call.poll()
            }
        };
        let Poll::Ready(answer) = answer else {
            panic!("{} was committed, and has no answer.", named(write));
        };
        crate::world::assert_done(
            &answer,
            write.key,
            1,
            "Its caller had left. It was done then, or it is done now, and a caller cannot tell the two apart.",
        );
        self.tally.came_back += 1;
    }
}

fn what_is_new(what: &What) -> bool {
    matches!(what, What::New)
}
