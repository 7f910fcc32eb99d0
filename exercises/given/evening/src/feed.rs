//! The feed: hands the log's events to a worker.
//!
//! It delivers **at least once**: no event is left out, and some come again, because a feed that does
//! not know whether an event arrived can only send it again.

use crate::{NoAnswer, Store, name, told};
use domain::{Event, Offset};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use story::note;

/// How often a worker may ask for the same event before the feed assumes an endless loop.
const PATIENCE: usize = 1_000;

/// The way from the log to a worker. Clones are the same feed.
#[derive(Clone)]
pub struct Feed {
    shared: Rc<Shared>,
}

struct Shared {
    store: Store,
    again: RefCell<VecDeque<Offset>>,
    stopped: Cell<bool>,
    breaks_after: Cell<Option<usize>>,
    pulls: Cell<usize>,
    same: Cell<(Offset, usize)>,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

impl Feed {
    /// The feed of a store's log.
    pub fn of(store: &Store) -> Self {
        Self {
            shared: Rc::new(Shared {
                store: store.clone(),
                again: RefCell::default(),
                stopped: Cell::new(false),
                breaks_after: Cell::new(None),
                pulls: Cell::new(0),
                same: Cell::new((Offset(0), 0)),
            }),
        }
    }

    // ANCHOR: feed
    /// The event at `from`, with its place in the log; or an earlier one, again. `None` if there is
    /// nothing at `from` yet.
    ///
    /// # Errors
    /// [`NoAnswer`] when the feed is stopped, or breaks.
    pub fn pull(&self, from: Offset) -> Result<Option<(Offset, Event)>, NoAnswer> {
        // ANCHOR_END: feed
        let shared = &self.shared;
        shared.pulls.set(shared.pulls.get() + 1);
        self.lose_patience(from);
        if shared.stopped.get() {
            note("the worker asks the feed, which is stopped");
            return Err(NoAnswer);
        }
        match shared.breaks_after.get() {
            Some(0) => {
                shared.breaks_after.set(None);
                note("the feed breaks");
                return Err(NoAnswer);
            }
            Some(left) => shared.breaks_after.set(Some(left - 1)),
            None => {}
        }
        let again = shared.again.borrow_mut().pop_front();
        let at = again.filter(|again| *again < from).unwrap_or(from);
        let event = shared.store.event(at);
        if event.is_none() {
            shared.same.set((from, 0));
        }
        if let Some(event) = event {
            let once_more = if at < from { ", once more" } else { "" };
            note(format!(
                "the feed delivers event {}: {} is {}{once_more}",
                at.0,
                name(event.progress.key),
                told(Some(event.progress)),
            ));
        }
        Ok(event.map(|event| (at, event)))
    }

    /// How many times an event was asked for.
    pub fn pulls(&self) -> usize {
        self.shared.pulls.get()
    }

    /// Delivers these events again, before others, if they were delivered already.
    pub fn deliver_again(&self, events: impl IntoIterator<Item = Offset>) {
        self.shared.again.borrow_mut().extend(events);
    }

    /// Whether an event that was to be repeated is still to come.
    pub fn again_is_pending(&self) -> bool {
        !self.shared.again.borrow().is_empty()
    }

    /// Stops delivering, until [`start`](Self::start).
    pub fn stop(&self) {
        note("the feed stops");
        self.shared.stopped.set(true);
    }

    /// Delivers again.
    pub fn start(&self) {
        note("the feed starts");
        self.shared.stopped.set(false);
    }

    /// Cancels what was ordered: it no longer breaks, and repeats nothing.
    pub fn fail_nothing(&self) {
        self.shared.breaks_after.set(None);
        self.shared.again.borrow_mut().clear();
    }

    /// Breaks once, after this many more events.
    pub fn break_after(&self, events: usize) {
        self.shared.breaks_after.set(Some(events));
    }

    fn lose_patience(&self, from: Offset) {
        let (last, times) = self.shared.same.get();
        let times = if last == from { times + 1 } else { 1 };
        self.shared.same.set((from, times));
        assert!(
            times < PATIENCE,
            "The feed was asked for event {} a thousand times in a row. Does the view's `next` advance \
             when an event has been applied, and does the worker stop when there is nothing more?",
            from.0
        );
    }
}
