//! Where writes wait to be committed.
//!
//! A lock, a queue, and two kinds of waiting: callers wait in their tasks for a place and for an
//! answer, and the committer waits on its thread for something to do. The lock is held for a push or
//! for taking a group, and never across an `.await`.

use crate::fact::{Receipt, Write, WriteError};
use crate::group::{MAX_GROUP, MAX_WAITING};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore};

pub(crate) type Answer = Result<Receipt, WriteError>;

/// Where an answer is left for its caller.
#[derive(Debug, Default)]
struct Slip {
    answer: Mutex<Option<Answer>>,
    left: Notify,
}

impl Slip {
    /// Leaves an answer, unless there is one.
    fn leave(&self, answer: Answer) {
        let mut slot = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert(answer);
        // Kept for a caller that does not wait yet.
        self.left.notify_one();
    }

    async fn taken(&self) -> Answer {
        loop {
            self.left.notified().await;
            let mut slot = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(answer) = slot.take() {
                return answer;
            }
        }
    }
}

/// One whose write is being committed, and who is owed an answer: if nobody gives one, also because of a
/// panic, it is that nothing is known.
#[derive(Debug)]
pub(crate) struct Owed(Arc<Slip>);

impl Owed {
    pub(crate) fn answer(self, answer: Answer) {
        self.0.leave(answer);
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.leave(Err(WriteError::Unknown));
    }
}

/// What waits, and who is still there.
#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(Write, Arc<Slip>)>,
    no_more_writers: bool,
    closed: bool,
}

/// The desk at which writes are handed in.
#[derive(Debug)]
pub(crate) struct Desk {
    state: Mutex<State>,
    /// Something waits, or nothing ever will.
    changed: Condvar,
    /// One permit for each free place. Its queue is fair: who has waited longest is next.
    places: Semaphore,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            places: Semaphore::new(MAX_WAITING),
        }
    }

    /// Hands in a write, and waits for its answer.
    pub(crate) async fn hand_in(&self, write: Write) -> Answer {
        let place = self.places.acquire().await;
        let place = place.map_err(|_| WriteError::Stopped)?;
        let slip = Arc::new(Slip::default());
        {
            let mut state = self.state();
            if state.closed {
                return Err(WriteError::Stopped);
            }
            state.waiting.push_back((write, Arc::clone(&slip)));
            // The place is the write's now, and free when the write is taken.
            place.forget();
        }
        self.changed.notify_one();
        slip.taken().await
    }

    /// The writes that wait, as many as make a group.
    pub(crate) fn take_group(&self) -> (Vec<Write>, Vec<Owed>) {
        let mut state = self.state();
        let count = state.waiting.len().min(MAX_GROUP);
        let group = state.waiting.drain(..count);
        let group = group.map(|(write, slip)| (write, Owed(slip))).unzip();
        drop(state);
        self.places.add_permits(count);
        group
    }

    /// Waits until something waits; false when nothing ever will.
    pub(crate) fn wait(&self) -> bool {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.no_more_writers;
        let state = self.changed.wait_while(self.state(), idle);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        !state.waiting.is_empty()
    }

    /// Nobody can hand in anything any more.
    pub(crate) fn no_more_writers(&self) {
        self.state().no_more_writers = true;
        self.changed.notify_one();
    }

    /// Nobody commits any more. What waits is told so: it was never tried.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut state = self.state();
            state.closed = true;
            std::mem::take(&mut state.waiting)
        };
        self.places.close();
        for (_, slip) in waiting {
            slip.leave(Err(WriteError::Stopped));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
