//! Many writers, one sync.
//!
//! A sync costs the same for one row as for a hundred. So writers that wait at the same time share
//! one: while a group is being synced the next one gathers, and the slower the disk is, the larger the
//! groups become. No timer is needed for that. One that waits for company makes a lone writer slower
//! and gains nothing under load.
//!
//! The one who commits is not one of the callers. A caller can be dropped at any `.await`, and a commit
//! that is half done must not be. (Letting the first waiting caller commit for all, as many databases
//! do with threads, works where callers cannot be cancelled.)

use crate::changes::{Announcer, Notice};
use crate::fact::{Receipt, Write, WriteError};
use crate::store::{Failed, Judged, Store};
use std::iter;
use tokio::sync::{mpsc, oneshot};

/// How many writes one transaction takes. It bounds how long the first of a group waits for the last,
/// and what a transaction holds in memory: 2 MiB of notes.
pub const MAX_GROUP: usize = 512;

/// How many writes may wait to be committed: two groups. Further callers wait for a place.
pub const MAX_WAITING: usize = 1024;

type Answer = Result<Receipt, WriteError>;

/// A write, and where its answer goes.
struct Waiting {
    write: Write,
    answer: oneshot::Sender<Answer>,
}

/// Where callers hand in their writes.
#[derive(Clone, Debug)]
pub(crate) struct Queue(mpsc::Sender<Waiting>);

/// Commits what callers hand in. There is one for each authority, and somebody has to run it.
pub struct Committer {
    store: Store,
    waiting: mpsc::Receiver<Waiting>,
    announcer: Announcer,
    /// Set once the disk has failed under a group. What it then holds is known only after re-opening:
    /// a sync that failed and is tried again may succeed without having written anything.
    stopped: bool,
}

pub(crate) fn queue(store: Store, announcer: Announcer) -> (Queue, Committer) {
    let (sender, waiting) = mpsc::channel(MAX_WAITING);
    let committer = Committer {
        store,
        waiting,
        announcer,
        stopped: false,
    };
    (Queue(sender), committer)
}

impl Queue {
    /// Hands in a write and waits for its answer.
    pub(crate) async fn submit(&self, write: Write) -> Answer {
        let (answer, answered) = oneshot::channel();
        // Neither a write that could not be handed in nor one that was dropped unanswered was tried.
        if self.0.send(Waiting { write, answer }).await.is_err() {
            return Err(WriteError::Stopped);
        }
        answered.await.unwrap_or(Err(WriteError::Stopped))
    }
}

/// The callers whose writes have been taken. If they are dropped unanswered, because something panicked, they
/// get the answer that the outcome is unknown; no answer would mean that nothing was tried.
struct Callers(Vec<oneshot::Sender<Answer>>);

impl Callers {
    fn tell(&mut self, answers: Vec<Answer>) {
        for (caller, answer) in self.0.drain(..).zip(answers) {
            // A caller that has left gets no answer. What was done stays done.
            let _ = caller.send(answer);
        }
    }
}

impl Drop for Callers {
    fn drop(&mut self) {
        let unknown = vec![Err(WriteError::Unknown); self.0.len()];
        self.tell(unknown);
    }
}

impl Committer {
    /// Commits what waits as one group, and answers everyone in it. Returns how many there were; 0 when
    /// nothing waits.
    ///
    /// Everyone is answered after the sync, and not before: those who are refused as well, for what they
    /// are refused in favour of has to be durable too. A caller that has given up is no reason to stop.
    pub fn commit_waiting(&mut self) -> usize {
        match self.waiting.try_recv() {
            Ok(first) => self.commit_with(first),
            Err(_) => 0,
        }
    }

    /// Commits the group of `first`, and answers everyone in it. Returns how many there were.
    fn commit_with(&mut self, first: Waiting) -> usize {
        let group = if self.waiting.is_empty() {
            vec![first]
        } else {
            self.gather(first)
        };
        let (writes, callers): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|waiting| (waiting.write, waiting.answer))
            .unzip();
        let mut callers = Callers(callers);
        callers.tell(self.answers(&writes));
        writes.len()
    }

    /// What to answer, and only once it is true.
    fn answers(&mut self, writes: &[Write]) -> Vec<Answer> {
        if self.stopped {
            return vec![Err(WriteError::Stopped); writes.len()];
        }
        match self.store.commit(writes) {
            Ok(judged) => judged
                .into_iter()
                .map(|judged| self.answer(judged))
                .collect(),
            // Callers learn what is true of their writes. Why is for the log.
            Err(Failed(error)) => {
                tracing::error!(%error, "a group of {} writes could not be committed", writes.len());
                self.failed(writes.len())
            }
        }
    }

    /// What to answer to one write of a group that is durable; and the others hear of it.
    fn answer(&self, judged: Judged) -> Answer {
        match judged {
            Judged::Accepted(receipt) => {
                let (key, version) = (receipt.key(), receipt.version());
                self.announcer.announce(Notice::Changed { key, version });
                Ok(receipt)
            }
            Judged::Repeated(receipt) => Ok(receipt),
            Judged::Refused(error) => Err(error),
        }
    }

    // ANCHOR: gather
    /// Takes those who wait behind `first`, as they came, until there are [`MAX_GROUP`].
    fn gather(&mut self, first: Waiting) -> Vec<Waiting> {
        let behind = iter::from_fn(|| self.waiting.try_recv().ok());
        iter::once(first).chain(behind).take(MAX_GROUP).collect()
    }
    // ANCHOR_END: gather

    // ANCHOR: failed
    /// What to answer to a group of `writes` under which the disk failed. It was the last one.
    fn failed(&mut self, writes: usize) -> Vec<Answer> {
        self.stopped = true;
        // Refusals as well: they may have been made against a write of this very group.
        vec![Err(WriteError::Unknown); writes]
    }
    // ANCHOR_END: failed

    // ANCHOR: run
    /// Commits until every [`Authority`](crate::authority::Authority) is gone and nothing waits.
    ///
    /// It blocks, and belongs on a thread of its own: a sync takes as long as some thousand function
    /// calls that would otherwise wait behind it.
    pub fn run(mut self) {
        while let Some(first) = self.waiting.blocking_recv() {
            self.commit_with(first);
        }
    }
    // ANCHOR_END: run
}
