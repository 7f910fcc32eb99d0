//! The first unsettled record of each key, and the earliest of those that are due.

/// Given by the lab.
pub use ours::worker::{Counts, Settings, Step, WorkerError};

use crate::effects::Effect;
use crate::inbox::{ApplyError, Inbox, Outcome, Verdict};
use crate::message::Record;
use crate::stream::Log;
use domain::{LessonKey, Offset};
use std::collections::HashMap;
use std::time::Duration;

/// A worker: one consumer of the stream, with one effect.
pub struct Worker<L> {
    log: L,
    inbox: Inbox,
    effect: Box<dyn Effect>,
    settings: Settings,
    /// Which record of a key waits, and until when.
    waits: HashMap<LessonKey, (Offset, Duration)>,
}

impl<L: Log> Worker<L> {
    /// A worker that continues where its inbox is.
    pub fn new(log: L, inbox: Inbox, effect: Box<dyn Effect>, settings: Settings) -> Self {
        let waits = HashMap::new();
        Self {
            log,
            inbox,
            effect,
            settings,
            waits,
        }
    }

    /// What the worker remembers.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Takes one record.
    ///
    /// # Errors
    /// As in the lab's contract.
    pub fn step(&mut self, now: Duration) -> Result<Step, WorkerError> {
        let first = self.inbox.offset()?;
        let kept_from = self.log.end().0.saturating_sub(self.settings.max_backlog);
        if first.0 < kept_from {
            return Ok(Step::Shed(self.inbox.shed_before(Offset(kept_from))?));
        }
        let ahead = self.inbox.settled_ahead()?;
        let window = self.log.fetch(first, self.settings.window)?;
        // The first record of each key, in the order of the stream.
        let mut heads: Vec<&Record> = Vec::new();
        for record in window
            .iter()
            .filter(|record| !ahead.contains(&record.offset))
        {
            if heads
                .iter()
                .all(|head| head.message.id.key != record.message.id.key)
            {
                heads.push(record);
            }
        }
        let due = |head: &Record| match self.waits.get(&head.message.id.key) {
            Some((offset, until)) if *offset == head.offset => *until,
            _ => Duration::ZERO,
        };
        if let Some(record) = heads.iter().find(|head| due(head) <= now) {
            let record = (*record).clone();
            return self.attempt(&record, now);
        }
        Ok(Step::Idle(heads.iter().map(|head| due(head)).min()))
    }

    fn attempt(&mut self, record: &Record, now: Duration) -> Result<Step, WorkerError> {
        let key = record.message.id.key;
        self.waits.remove(&key);
        let verdict = match self.inbox.apply(record, &mut *self.effect) {
            Ok(_) => return Ok(Step::Settled(Outcome::Done)),
            Err(ApplyError::Inbox(error)) => return Err(WorkerError::Inbox(error)),
            Err(ApplyError::Unreadable(error)) => {
                self.inbox.failed(record, &error.to_string(), 0)?
            }
            Err(ApplyError::Failed { why }) => {
                self.inbox.failed(record, &why, self.settings.max_tries)?
            }
        };
        let Verdict::Again { tries } = verdict else {
            return Ok(Step::Settled(Outcome::Dead));
        };
        let until = now.saturating_add(backoff(&self.settings, tries));
        self.waits.insert(key, (record.offset, until));
        Ok(Step::Failed)
    }

    /// Where all records of the stream are.
    ///
    /// # Errors
    /// [`WorkerError`] when the worker's database fails.
    pub fn counts(&self) -> Result<Counts, WorkerError> {
        let count = |outcome| self.inbox.count(outcome);
        let (done, dead) = (count(Outcome::Done)?, count(Outcome::Dead)?);
        let (shed, accepted) = (count(Outcome::Shed)?, self.log.end().0);
        Ok(Counts {
            accepted,
            done,
            queued: accepted.saturating_sub(done + dead + shed),
            dead,
            shed,
        })
    }
}

/// How long to wait after this many tries have failed.
pub fn backoff(settings: &Settings, tries: u32) -> Duration {
    let mut wait = settings.first_backoff.min(settings.max_backoff);
    // At the bound, or at zero, doubling changes nothing.
    for _ in 1..tries.min(200) {
        wait = wait.saturating_mul(2).min(settings.max_backoff);
    }
    wait
}
