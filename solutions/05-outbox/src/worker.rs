//! Which record is next, when to try again, and when to give up.
//!
//! Most failures pass: a lock, a restart, a full disk that somebody empties. So a worker tries again,
//! and waits longer each time, since an immediate retry does not help a system in trouble. Some failures
//! never pass. A record that cannot be applied must not hold up the others for ever, and must not
//! vanish; so after some tries it becomes a dead letter, where a person will see it.
//!
//! Only a record waits. Others may continue meanwhile, but none of the same key: a later version that is
//! applied first would make the earlier one look as if it had been applied, too.

use crate::effects::Effect;
use crate::inbox::{ApplyError, Inbox, InboxError, Outcome, Verdict};
use crate::message::Record;
use crate::stream::{FetchError, Log};
use domain::{LessonKey, Offset};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use thiserror::Error;

// ANCHOR: settings
/// How a worker is run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// How many tries a record gets, at least one.
    pub max_tries: u32,
    /// How long to wait after the first failed try. It doubles with each further one.
    pub first_backoff: Duration,
    /// The longest wait.
    pub max_backoff: Duration,
    /// How many records, from the first that is not settled, may be considered. It bounds what a worker
    /// holds while one of them waits for its next try.
    pub window: usize,
    /// How far this worker may be behind the end, in records. What is beyond that is shed, the oldest
    /// first. `u64::MAX` sheds nothing, and lets the worker lag.
    pub max_backlog: u64,
}
// ANCHOR_END: settings

impl Default for Settings {
    /// Ten tries over about eight minutes, and nothing is shed.
    fn default() -> Self {
        Self {
            max_tries: 10,
            first_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(120),
            window: 256,
            max_backlog: u64::MAX,
        }
    }
}

/// What a step did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// A record was settled.
    Settled(Outcome),
    /// A try failed, and there will be another one.
    Failed,
    /// This many records were shed.
    Shed(u64),
    /// There is nothing to do before the time given here; `None`: before something is published.
    Idle(Option<Duration>),
}

/// Why a worker cannot continue. Nothing was settled, and a later step may succeed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum WorkerError {
    /// The stream cannot return records.
    #[error(transparent)]
    Stream(#[from] FetchError),
    /// The worker's own database failed.
    #[error(transparent)]
    Inbox(#[from] InboxError),
}

/// Where all records of the stream are, as one worker sees it. `accepted` is the sum of the others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counts {
    /// Records in the stream.
    pub accepted: u64,
    /// Applied, by this delivery or an earlier one.
    pub done: u64,
    /// Still to be settled.
    pub queued: u64,
    /// Given up on: dead letters.
    pub dead: u64,
    /// Skipped.
    pub shed: u64,
}

/// A worker: one consumer of the stream, with one effect.
pub struct Worker<L> {
    log: L,
    inbox: Inbox,
    effect: Box<dyn Effect>,
    settings: Settings,
    /// When the next try of a record is due. A restart forgets it, and tries at once; the inbox
    /// remembers how many tries there were.
    next_tries: BTreeMap<Offset, Duration>,
}

impl<L: Log> Worker<L> {
    /// A worker that continues where its inbox is.
    pub fn new(log: L, inbox: Inbox, effect: Box<dyn Effect>, settings: Settings) -> Self {
        Self {
            log,
            inbox,
            effect,
            settings,
            next_tries: BTreeMap::new(),
        }
    }

    /// What the worker remembers.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    // ANCHOR: step
    /// Takes one record: the first that is due at `now`, which is read from any clock that never goes
    /// backwards.
    ///
    /// - A record is due unless an earlier one of its key is not settled, or its own next try is later.
    ///   Only the first `window` records from the offset are considered.
    /// - When a try fails the next is due after [`backoff`]; the `max_tries`th failure makes it a dead
    ///   letter. A record that cannot be read is a dead letter at once.
    /// - If more than `max_backlog` records are behind the offset, the oldest are shed first.
    ///
    /// # Errors
    /// [`WorkerError`]; then nothing is settled and nothing skipped.
    pub fn step(&mut self, now: Duration) -> Result<Step, WorkerError> {
        let first = self.inbox.offset()?;
        if let Some(shed) = self.shed(first)? {
            return Ok(Step::Shed(shed));
        }
        let records = self.log.fetch(first, self.settings.window)?;
        let settled = self.inbox.settled_ahead()?;
        self.next_tries = self.next_tries.split_off(&first);
        let mut held_up: HashSet<LessonKey> = HashSet::new();
        let mut next = None;
        for record in &records {
            let key = record.message.id.key;
            if settled.contains(&record.offset) || held_up.contains(&key) {
                continue;
            }
            match self.next_tries.get(&record.offset) {
                Some(&due) if due > now => {
                    next = Some(next.map_or(due, |next: Duration| next.min(due)));
                    held_up.insert(key);
                }
                _ => return self.take_up(record, now),
            }
        }
        Ok(Step::Idle(next))
    }
    // ANCHOR_END: step

    // ANCHOR: take_up
    /// Tries one record.
    fn take_up(&mut self, record: &Record, now: Duration) -> Result<Step, WorkerError> {
        let (why, max_tries) = match self.inbox.apply(record, &mut *self.effect) {
            Ok(_) => return Ok(Step::Settled(Outcome::Done)),
            Err(ApplyError::Inbox(error)) => return Err(error.into()),
            Err(ApplyError::Failed { why }) => (why, self.settings.max_tries),
            Err(ApplyError::Unreadable(error)) => (error.to_string(), 1),
        };
        match self.inbox.failed(record, &why, max_tries)? {
            Verdict::Dead => Ok(Step::Settled(Outcome::Dead)),
            Verdict::Again { tries } => {
                let due = now.saturating_add(backoff(&self.settings, tries));
                self.next_tries.insert(record.offset, due);
                Ok(Step::Failed)
            }
        }
    }
    // ANCHOR_END: take_up

    /// Sheds what is beyond the bound, if anything is. Returns how many records that was.
    fn shed(&mut self, first: Offset) -> Result<Option<u64>, WorkerError> {
        let behind = self.log.end().0.saturating_sub(first.0);
        match behind.checked_sub(self.settings.max_backlog) {
            None | Some(0) => Ok(None),
            Some(beyond) => Ok(Some(self.inbox.shed_before(Offset(first.0 + beyond))?)),
        }
    }

    /// Where all records of the stream are.
    ///
    /// # Errors
    /// [`WorkerError`] when the worker's database fails.
    pub fn counts(&self) -> Result<Counts, WorkerError> {
        let accepted = self.log.end().0;
        let settled = self.inbox.offset()?.0 + self.inbox.settled_ahead()?.len() as u64;
        Ok(Counts {
            accepted,
            done: self.inbox.count(Outcome::Done)?,
            queued: accepted.saturating_sub(settled),
            dead: self.inbox.count(Outcome::Dead)?,
            shed: self.inbox.count(Outcome::Shed)?,
        })
    }
}

// ANCHOR: backoff
/// How long to wait after this many tries have failed: `first_backoff` after one, twice as long after
/// each further one, and never longer than `max_backoff`.
pub fn backoff(settings: &Settings, tries: u32) -> Duration {
    let doublings = tries.saturating_sub(1);
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    settings
        .first_backoff
        .saturating_mul(factor)
        .min(settings.max_backoff)
}
// ANCHOR_END: backoff
