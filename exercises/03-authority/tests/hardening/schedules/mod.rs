//! Any order of events, against a model that has no disk.
//!
//! What makes a store hard is what happens *while* something else happens: a write that is handed in while
//! another group is being synced, a caller that leaves then, a reader that looks then, a crash then. So a
//! commit has two steps here. It begins, and the disk takes its time; it ends when a later step says so.
//!
//! - [`steps`]: what may happen, and how often
//! - [`model`]: what the contract says, without any disk
//! - [`life`]: the life of one store, step by step
//! - [`callers`]: writes that are handed in, callers that leave, and those that come back
//! - [`commits`]: a group that is taken, synced and answered
//! - [`readers`]: what readers and subscribers see meanwhile
//! - [`recovery`]: crashes, restarts, and what is found afterwards

mod callers;
mod commits;
mod life;
mod model;
mod readers;
mod recovery;
mod steps;

use crate::world::Answer;
use authority::authority::Authority;
use authority::changes::Changes;
use authority::fact::{Write, WriteError};
use authority::group::Committer;
use crashdisk::Disk;
use domain::{LessonKey, Version};
use model::Model;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use steps::{By, Seen, What, steps};
use testbed::{for_all, live};

/// **A2** **A3** **A4** **A5** **A7** **A8** Whatever happens in whatever order, also while a group is being synced:
/// each caller is told what the contract says, and what it was told stays true.
#[test]
fn whatever_overlaps_each_answer_is_the_contracts() {
    live(|| {
        // What is still to be written is reported here, and once.
        let mut plain = Life::new(6);
        for _ in 0..3 {
            plain.hand(0, Seen::Current, By::Newest, What::New);
            plain.begin(false);
            plain.hand(0, Seen::Current, By::Newest, What::New);
        }
        plain.end();
        let tally = Arc::new(Mutex::new(Tally::default()));
        for_all(&steps(), |(few, steps)| {
            let mut life = Life::new(if few { 6 } else { 1000 });
            for step in steps {
                life.take(step);
            }
            life.end();
            counted(&tally).add(&life.tally);
        });
        let tally = counted(&tally);
        println!("{tally:?}");
        for event in EVENTS {
            let times = tally.of(event);
            assert!(
                times > 5,
                "This was to happen often, and happened {times} times: {event}. The search proves nothing."
            );
        }
    });
}

/// A case that failed has left it locked, and there is another case to come.
fn counted(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What has to have happened in all cases together, so that none of it is left out unnoticed.
const EVENTS: [&str; 16] = [
    "a write was handed in during a sync",
    "a rival of a write that was being synced was handed in",
    "somebody read during a sync",
    "a caller left during a sync",
    "a caller that had left came back",
    "a caller came back while its first try may have been waiting",
    "a write waited for a place",
    "a sync failed",
    "the power failed",
    "the power failed during a sync",
    "a write of unknown outcome was there",
    "a write was accepted",
    "a reply was repeated",
    "a write was a conflict",
    "a write was fenced",
    "a write was stale",
];

/// How often each of [`EVENTS`] has happened.
#[derive(Debug, Default)]
struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    fn count(&mut self, event: &'static str, times: usize) {
        assert!(EVENTS.contains(&event), "\"{event}\" is not in the list.");
        *self.0.entry(event).or_default() += times as u64;
    }

    fn add(&mut self, other: &Self) {
        for (event, times) in &other.0 {
            *self.0.entry(event).or_default() += times;
        }
    }

    fn of(&self, event: &str) -> u64 {
        self.0.get(event).copied().unwrap_or_default()
    }
}

/// The lessons that are written.
const PLACES: [LessonKey; 3] = [
    LessonKey::new(1, 1),
    LessonKey::new(1, 2),
    LessonKey::new(2, 1),
];

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
    /// Whether there may be more that is new in the group: a write of somebody who has left.
    maybe_more: bool,
}

impl Flight {
    fn is_new(&self) -> bool {
        self.expected.iter().any(|(_, new)| *new)
    }
}

/// The life of one store.
struct Life {
    /// How many replies are kept.
    kept: u64,
    disk: Disk,
    authority: Option<Authority>,
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
    /// What was handed in, by callers that stay.
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
    /// Whether the queue was full once.
    filled: bool,
    /// Readers who may be waiting for the disk.
    looking: Vec<JoinHandle<()>>,
    tally: Tally,
}
