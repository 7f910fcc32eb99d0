//! Many writers, one sync.
//!
//! The committer takes from the desk what waits there, has it judged and committed in one transaction,
//! and then tells: first those who listen, then those who asked.

/// Given by the lab.
pub use ours::group::{MAX_GROUP, MAX_WAITING};

use crate::authority::{Present, Store};
use crate::desk::Desk;
use crate::fact::WriteError;
use crate::shelf::{self, Index};
use alongside::Alongside;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The one who commits. There is one for each authority, and somebody has to run it.
#[derive(Debug)]
pub struct Committer {
    pub(crate) desk: Arc<Desk>,
    pub(crate) store: Arc<Store>,
    pub(crate) index: Index,
    pub(crate) alongside: Box<dyn Alongside>,
    pub(crate) present: Arc<Present>,
}

impl Committer {
    /// Commits what waits as one group, and answers everyone in it. Returns how many there were; 0 when
    /// nothing waits.
    ///
    /// - A group takes at most [`MAX_GROUP`] writes, in the order in which they were handed in. Each is
    ///   judged as if the ones before it were done already.
    /// - A group costs one sync of the disk. (The engine needs some more when its file has to grow.) A
    ///   group in which nothing is new, but retries and refusals only, costs none.
    /// - Everyone is answered after the sync, and not before.
    /// - When the disk fails under a group, everyone in it gets [`WriteError::Unknown`]. From then on
    ///   the authority is stopped, and every later write gets [`WriteError::Stopped`].
    /// - A caller that has given up is no reason to stop. Its write is committed all the same.
    pub fn commit_waiting(&mut self) -> usize {
        let (writes, callers) = self.desk.take_group();
        let count = callers.len();
        if count == 0 {
            return 0;
        }
        if self.store.failed.load(Ordering::Acquire) {
            for caller in callers {
                caller.answer(Err(WriteError::Stopped));
            }
            return count;
        }
        let Ok(outcome) = shelf::commit(
            &self.store.db,
            &mut self.index,
            &mut *self.alongside,
            writes,
        ) else {
            self.store.failed.store(true, Ordering::Release);
            // Dropping the callers tells them.
            return count;
        };
        self.present.hub.tell(&outcome.changed);
        for (caller, answer) in callers.into_iter().zip(outcome.answers) {
            caller.answer(answer);
        }
        count
    }

    /// Commits until every [`Authority`](crate::authority::Authority) is gone and nothing waits. It
    /// blocks, and belongs on a thread of its own.
    pub fn run(mut self) {
        while self.desk.wait() {
            self.commit_waiting();
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.desk.close();
    }
}
