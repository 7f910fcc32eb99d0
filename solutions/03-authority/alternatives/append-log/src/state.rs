//! What is true, in memory, and the judge.
//!
//! The whole state follows from the accepted writes in their order, so that there is one way to change
//! it: [`State::accept`], for a write of today as for one that is read from the log.

use crate::fact::{Accepted, Epoch, IdempotencyKey, Receipt, Record, Write, WriteError};
use domain::LessonKey;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The facts, the replies that are kept, and the newest epoch.
#[derive(Debug)]
pub(crate) struct State {
    facts: HashMap<LessonKey, Arc<Accepted>>,
    replies: HashMap<IdempotencyKey, Arc<Accepted>>,
    /// The writes whose replies are kept, oldest first.
    order: VecDeque<Arc<Accepted>>,
    newest: Option<Epoch>,
    retained: u64,
}

impl State {
    pub(crate) fn new(retained: u64) -> Self {
        Self {
            facts: HashMap::new(),
            replies: HashMap::new(),
            order: VecDeque::new(),
            newest: None,
            retained,
        }
    }

    /// Makes a write true, and forgets the reply that is now one too many.
    pub(crate) fn accept(&mut self, accepted: Arc<Accepted>) {
        let name = accepted.idempotency_key.clone();
        self.replies.insert(name, Arc::clone(&accepted));
        self.order.push_back(Arc::clone(&accepted));
        self.accept_without_reply(accepted);
        while self.order.len() as u64 > self.retained {
            if let Some(oldest) = self.order.pop_front() {
                self.forget(&oldest);
            }
        }
    }

    /// Makes a write true whose reply was forgotten before.
    pub(crate) fn accept_without_reply(&mut self, accepted: Arc<Accepted>) {
        self.newest = self.newest.max(Some(accepted.epoch));
        self.facts.insert(accepted.key, accepted);
    }

    /// A key that was forgotten is free, and may by now stand for another write.
    fn forget(&mut self, oldest: &Arc<Accepted>) {
        let kept = self.replies.get(&oldest.idempotency_key);
        if kept.is_some_and(|kept| Arc::ptr_eq(kept, oldest)) {
            self.replies.remove(&oldest.idempotency_key);
        }
    }

    pub(crate) fn record(&self, key: LessonKey) -> Option<Record> {
        let accepted = Arc::clone(self.facts.get(&key)?);
        Some(Record { accepted })
    }

    /// The writes from which this state follows: those that have no reply any more, and those that have.
    ///
    /// A fact without a reply is older than every reply, and so is its epoch.
    pub(crate) fn essence(&self) -> (Vec<&Accepted>, Vec<&Accepted>) {
        let is_kept = |fact: &Accepted| {
            let kept = self.replies.get(&fact.idempotency_key);
            kept.is_some_and(|kept| std::ptr::eq(&raw const **kept, fact))
        };
        let facts = self.facts.values().map(|fact| &**fact);
        (
            facts.filter(|fact| !is_kept(fact)).collect(),
            self.order.iter().map(|accepted| &**accepted).collect(),
        )
    }
}

/// A group in the making: what is true, and what would be true besides.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    base: &'a State,
    news: State,
}

impl<'a> Group<'a> {
    pub(crate) fn on(base: &'a State) -> Self {
        let news = State::new(u64::MAX);
        Self { base, news }
    }

    /// Judges a write as if those before it were done already.
    pub(crate) fn judge(&mut self, write: Write) -> Result<Receipt, WriteError> {
        let reply = self
            .news
            .replies
            .get(&write.idempotency_key)
            .or_else(|| self.base.replies.get(&write.idempotency_key));
        if let Some(accepted) = reply {
            let same = accepted.is_what_is_wanted_by(&write);
            return same.then(|| accepted.receipt()).ok_or(WriteError::Conflict);
        }
        if let Some(newest) = self.news.newest.max(self.base.newest)
            && write.epoch < newest
        {
            return Err(WriteError::Fenced { newest });
        }
        let fact = self.news.facts.get(&write.key);
        let fact = fact.or_else(|| self.base.facts.get(&write.key));
        let current = fact.map(|fact| fact.version());
        if write.expected != current {
            return Err(WriteError::Stale { current });
        }
        let accepted = Arc::new(Accepted::from(write));
        let receipt = accepted.receipt();
        self.news.accept(accepted);
        Ok(receipt)
    }

    /// What is new, in its order.
    pub(crate) fn into_accepted(self) -> Vec<Arc<Accepted>> {
        self.news.order.into()
    }
}
