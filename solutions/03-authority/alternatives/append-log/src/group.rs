//! Many writers, one sync.
//!
//! What waits is in a channel, and each write in it has a way back to its caller. A group is judged
//! against what is true and what came before it in the group; only when it is durable does it become
//! true for readers, and only then does anybody hear of it.

/// Given by the lab.
pub use ours::group::{MAX_GROUP, MAX_WAITING};

use crate::authority::Shared;
use crate::changes::Notice;
use crate::fact::{Accepted, Receipt, Write, WriteError};
use crate::state::{Group, State};
use std::io;
use std::sync::{Arc, PoisonError};
use tokio::sync::broadcast;
use tokio::sync::{mpsc, oneshot};

pub(crate) type Answer = Result<Receipt, WriteError>;

/// A write that waits, and the way back to its caller.
pub(crate) type Waiting = (Write, oneshot::Sender<Answer>);

/// The one who commits. There is one for each authority, and somebody has to run it.
#[derive(Debug)]
pub struct Committer {
    pub(crate) waiting: mpsc::Receiver<Waiting>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) teller: broadcast::Sender<Notice>,
    /// Whether the disk has failed. From then on every answer is that nothing was done.
    pub(crate) stopped: bool,
}

/// A caller whose write is being committed. If nobody tells it more, it is told that nothing is known:
/// also when a commit panics.
struct Caller(Option<oneshot::Sender<Answer>>);

impl Caller {
    fn tell(mut self, answer: Answer) {
        if let Some(caller) = self.0.take() {
            // A caller that has given up does not listen.
            let _ = caller.send(answer);
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(caller) = self.0.take() {
            let _ = caller.send(Err(WriteError::Unknown));
        }
    }
}

impl Committer {
    /// Commits what waits as one group, and answers everyone in it. Returns how many there were; 0 when
    /// nothing waits.
    ///
    /// - A group takes at most [`MAX_GROUP`] writes, in the order in which they were handed in. Each is
    ///   judged as if the ones before it were done already.
    /// - A group costs one sync of the disk, and two when the log has to go on in another area. A group
    ///   in which nothing is new, but retries and refusals only, costs none.
    /// - Everyone is answered after the sync, and not before.
    /// - When the disk fails under a group, everyone in it gets [`WriteError::Unknown`]. From then on
    ///   the authority is stopped, and every later write gets [`WriteError::Stopped`].
    /// - A write whose caller has given up by then is dropped, and counts all the same. (The lab's own
    ///   solution commits it. A caller that gives up may assume neither, and retries to find out.)
    pub fn commit_waiting(&mut self) -> usize {
        self.commit(None)
    }

    /// Commits until every [`Authority`](crate::authority::Authority) is gone and nothing waits. It
    /// blocks, and belongs on a thread of its own.
    pub fn run(mut self) {
        while let Some(first) = self.waiting.blocking_recv() {
            self.commit(Some(first));
        }
    }

    fn commit(&mut self, first: Option<Waiting>) -> usize {
        let rest = std::iter::from_fn(|| self.waiting.try_recv().ok());
        let mut group: Vec<Waiting> = first.into_iter().chain(rest).take(MAX_GROUP).collect();
        let count = group.len();
        // Nobody waits for these. A retry finds that they were not done.
        group.retain(|(_, caller)| !caller.is_closed());
        if self.stopped {
            for (_, caller) in group {
                let _ = caller.send(Err(WriteError::Stopped));
            }
            return count;
        }
        let (callers, writes): (Vec<Caller>, Vec<Write>) = group
            .into_iter()
            .map(|(write, caller)| (Caller(Some(caller)), write))
            .unzip();
        let Ok((answers, news)) = self.make_durable(writes) else {
            // Dropping the callers tells them.
            self.stopped = true;
            return count;
        };
        self.publish(news);
        for (caller, answer) in callers.into_iter().zip(answers) {
            caller.tell(answer);
        }
        count
    }

    /// Judges writes, and makes durable what is new. Nothing of it shows yet.
    fn make_durable(&self, writes: Vec<Write>) -> io::Result<(Vec<Answer>, Vec<Arc<Accepted>>)> {
        let state = self
            .shared
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut group = Group::on(&state);
        let answers = writes.into_iter().map(|write| group.judge(write)).collect();
        let news = group.into_accepted();
        if !news.is_empty() {
            let body: Vec<&Accepted> = news.iter().map(|accepted| &**accepted).collect();
            let body = postcard::to_stdvec(&body).map_err(io::Error::other)?;
            let mut log = self
                .shared
                .log
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            log.append(&body, || snapshot(&state))?;
        }
        Ok((answers, news))
    }

    /// Makes durable writes true for readers, and tells those who listen.
    fn publish(&self, news: Vec<Arc<Accepted>>) {
        let mut state = self
            .shared
            .state
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for accepted in news {
            let (key, version) = (accepted.key, accepted.version());
            state.accept(accepted);
            // Nobody may be listening.
            let _ = self.teller.send(Notice::Changed { key, version });
        }
    }
}

/// A state as the bytes of a snapshot.
pub(crate) fn snapshot(state: &State) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(&state.essence()).map_err(io::Error::other)
}
