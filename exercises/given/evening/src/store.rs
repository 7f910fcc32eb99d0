//! The store: facts, and the log of their changes.
//!
//! It decides nothing. The code that opens a transaction decides, and what is put in it is kept
//! completely or not at all, each fact together with its event.

use crate::{NoAnswer, name, told};
use domain::{Event, LessonKey, Offset, Progress};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{SystemTime, UNIX_EPOCH};
use story::note;

/// What happens to the next write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// It is not stored, and there is no answer.
    NotStored,
    /// It is stored, and there is no answer.
    StoredWithoutAnswer,
}

type Intruder = Box<dyn FnMut(usize) + Send>;

/// Where facts are kept. Clones are the same store, even on other threads.
#[derive(Clone, Default)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    kept: Mutex<Kept>,
    /// The thread whose transaction is open.
    deciding: Mutex<Option<ThreadId>>,
    intruder: Mutex<Option<Intruder>>,
}

#[derive(Default)]
struct Kept {
    facts: HashMap<LessonKey, Progress>,
    log: Vec<Event>,
    writes: usize,
    transactions: usize,
    fault: Option<Fault>,
    reads_fail: bool,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    // ANCHOR: store
    /// The fact at this moment; `None` if the lesson was not begun. By the time you look at the answer,
    /// it may have changed.
    ///
    /// # Errors
    /// [`NoAnswer`] when the store gives no answer.
    pub fn get(&self, key: LessonKey) -> Result<Option<Progress>, NoAnswer> {
        self.not_from_within("get");
        let kept = lock(&self.shared.kept);
        if kept.reads_fail {
            note(format!("the store is asked for {}: no answer", name(key)));
            return Err(NoAnswer);
        }
        Ok(kept.facts.get(&key).copied())
    }

    /// Runs `decide` alone: nothing else reads or writes a fact while it runs. What it puts is stored at
    /// its end, all of it or nothing, each fact together with its event. If it puts nothing, nothing is
    /// written.
    ///
    /// # Errors
    /// [`NoAnswer`] when the store gives no answer. What was put may have been stored, or not.
    pub fn transaction<T>(&self, decide: impl FnOnce(&mut Rows<'_>) -> T) -> Result<T, NoAnswer> {
        // ANCHOR_END: store
        self.not_from_within("transaction");
        self.let_the_intruder_in();
        let mut kept = lock(&self.shared.kept);
        let deciding = Deciding::begin(&self.shared.deciding);
        let mut rows = Rows {
            facts: &kept.facts,
            put: Vec::new(),
        };
        let decided = decide(&mut rows);
        let put = rows.put;
        drop(deciding);
        kept.keep(&put).map(|()| decided)
    }

    /// The event at a place of the log; `None` beyond its end.
    pub fn event(&self, at: Offset) -> Option<Event> {
        let at = usize::try_from(at.0).ok()?;
        lock(&self.shared.kept).log.get(at).copied()
    }

    /// Every event so far.
    pub fn events(&self) -> Vec<Event> {
        lock(&self.shared.kept).log.clone()
    }

    /// How many transactions reached the disk: those that put something.
    pub fn writes(&self) -> usize {
        lock(&self.shared.kept).writes
    }

    /// Lets the next write go wrong.
    pub fn fail_next_write(&self, fault: Fault) {
        lock(&self.shared.kept).fault = Some(fault);
    }

    /// Cancels an ordered fault, and no longer lets anybody in.
    pub fn fail_nothing(&self) {
        let mut kept = lock(&self.shared.kept);
        kept.fault = None;
        kept.reads_fail = false;
        *lock(&self.shared.intruder) = None;
    }

    /// Whether a fault that was ordered is still to happen.
    pub fn fault_is_pending(&self) -> bool {
        lock(&self.shared.kept).fault.is_some()
    }

    /// From now on, reads get no answer, or get answers again.
    pub fn fail_reads(&self, fail: bool) {
        lock(&self.shared.kept).reads_fail = fail;
    }

    /// Lets something act just before each transaction that others open: the last moment at which
    /// anything can come between a look and a decision. It receives the transaction's number, from 0.
    pub fn intrude(&self, intruder: impl FnMut(usize) + Send + 'static) {
        lock(&self.shared.kept).transactions = 0;
        *lock(&self.shared.intruder) = Some(Box::new(intruder));
    }

    fn let_the_intruder_in(&self) {
        // Taken out while it acts, so its own transactions do not call it again.
        let Some(mut intruder) = lock(&self.shared.intruder).take() else {
            return;
        };
        let number = {
            let mut kept = lock(&self.shared.kept);
            kept.transactions += 1;
            kept.transactions - 1
        };
        intruder(number);
        lock(&self.shared.intruder).get_or_insert(intruder);
    }

    fn not_from_within(&self, what: &str) {
        let own = Some(thread::current().id());
        assert!(
            *lock(&self.shared.deciding) != own,
            "Store::{what} was called inside a transaction, and would wait for that transaction's end. \
             Inside, use the `Rows` that the closure receives: rows.get(key)."
        );
    }
}

/// The facts, as a transaction sees them.
#[derive(Debug)]
pub struct Rows<'a> {
    facts: &'a HashMap<LessonKey, Progress>,
    put: Vec<Progress>,
}

impl Rows<'_> {
    // ANCHOR: rows
    /// The fact; nothing else changes it before this transaction ends.
    pub fn get(&self, key: LessonKey) -> Option<Progress> {
        let put = self.put.iter().rev().find(|put| put.key == key);
        put.or_else(|| self.facts.get(&key)).copied()
    }

    /// Stores a fact and its event when the transaction ends.
    pub fn put(&mut self, fact: Progress) {
        self.put.push(fact);
    }
    // ANCHOR_END: rows
}

impl Kept {
    fn keep(&mut self, put: &[Progress]) -> Result<(), NoAnswer> {
        let Some(last) = put.last() else {
            return if self.reads_fail {
                note("the store is asked in a transaction: no answer");
                Err(NoAnswer)
            } else {
                Ok(())
            };
        };
        self.writes += 1;
        let fault = self.fault.take();
        let what = format!("{} {}", name(last.key), told(Some(*last)));
        if fault == Some(Fault::NotStored) {
            note(format!("the store is given {what}: not stored, no answer"));
            return Err(NoAnswer);
        }
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let committed_at_ms = since_1970.map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        });
        for fact in put {
            self.facts.insert(fact.key, *fact);
            self.log.push(Event {
                progress: *fact,
                committed_at_ms,
            });
        }
        if fault == Some(Fault::StoredWithoutAnswer) {
            note(format!("the store is given {what}: stored, no answer"));
            return Err(NoAnswer);
        }
        note(format!("the store keeps {what}"));
        Ok(())
    }
}

/// Marks this thread as deciding, and clears the mark even if the decision panics.
struct Deciding<'a>(&'a Mutex<Option<ThreadId>>);

impl<'a> Deciding<'a> {
    fn begin(deciding: &'a Mutex<Option<ThreadId>>) -> Self {
        *lock(deciding) = Some(thread::current().id());
        Self(deciding)
    }
}

impl Drop for Deciding<'_> {
    fn drop(&mut self) {
        *lock(self.0) = None;
    }
}

/// A panic in a decision has changed nothing here, so a poisoned lock does not matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
