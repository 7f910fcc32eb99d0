//! A lane in memory for each key.
//!
//! A record is fetched once, and put at the end of its key's lane. Only the front of a lane can be
//! taken, so the order within a key needs no other rule. Memory is bounded by the window: nothing is
//! fetched that is beyond it, counted from the offset.

/// Given by the lab.
pub use ours::worker::{Counts, Settings, Step, WorkerError};

use crate::effects::Effect;
use crate::inbox::{ApplyError, Inbox, Outcome, Verdict};
use crate::message::Record;
use crate::stream::{FetchError, Log};
use domain::{LessonKey, Offset};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The waiting records of one key.
#[derive(Default)]
struct Lane {
    records: VecDeque<Record>,
    /// Before this time the first of them is not tried again.
    not_before: Duration,
}

/// A worker: one consumer of the stream, with one effect.
pub struct Worker<L> {
    log: L,
    inbox: Inbox,
    effect: Box<dyn Effect>,
    settings: Settings,
    lanes: BTreeMap<LessonKey, Lane>,
    /// The next record to fetch.
    cursor: Offset,
}

impl<L: Log> Worker<L> {
    /// A worker that continues where its inbox is.
    pub fn new(log: L, inbox: Inbox, effect: Box<dyn Effect>, settings: Settings) -> Self {
        Self {
            log,
            inbox,
            effect,
            settings,
            lanes: BTreeMap::new(),
            cursor: Offset(0),
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
        let end = self.log.end();
        if first > end {
            let from = first;
            return Err(FetchError::BeyondEnd { from, end }.into());
        }
        let oldest = Offset(end.0.saturating_sub(self.settings.max_backlog));
        if first < oldest {
            let shed = self.inbox.shed_before(oldest)?;
            self.forget_before(oldest);
            return Ok(Step::Shed(shed));
        }
        self.fill(first)?;
        let fronts = self.lanes.iter().filter_map(|(key, lane)| {
            let front = lane.records.front()?;
            Some((front.offset, lane.not_before, *key))
        });
        let fronts: Vec<(Offset, Duration, LessonKey)> = fronts.collect();
        let due = fronts
            .iter()
            .filter(|(_, not_before, _)| *not_before <= now);
        let Some((_, _, key)) = due.min_by_key(|(offset, _, _)| *offset).copied() else {
            return Ok(Step::Idle(fronts.iter().map(|(_, when, _)| *when).min()));
        };
        self.take_up(key, now)
    }

    /// Fetches the records within the window that are not in a lane yet.
    fn fill(&mut self, first: Offset) -> Result<(), WorkerError> {
        self.cursor = self.cursor.max(first);
        let fetched = usize::try_from(self.cursor.0 - first.0).unwrap_or(usize::MAX);
        let room = self.settings.window.saturating_sub(fetched);
        if room == 0 {
            return Ok(());
        }
        let records = self.log.fetch(self.cursor, room)?;
        let ahead = self.inbox.settled_ahead()?;
        for record in records {
            self.cursor = Offset(record.offset.0 + 1);
            if !ahead.contains(&record.offset) {
                let lane = self.lanes.entry(record.message.id.key).or_default();
                lane.records.push_back(record);
            }
        }
        Ok(())
    }

    fn take_up(&mut self, key: LessonKey, now: Duration) -> Result<Step, WorkerError> {
        let Some(lane) = self.lanes.get_mut(&key) else {
            return Ok(Step::Idle(None));
        };
        let Some(record) = lane.records.front() else {
            return Ok(Step::Idle(None));
        };
        let (why, max_tries) = match self.inbox.apply(record, &mut *self.effect) {
            Ok(_) => {
                self.leave(key);
                return Ok(Step::Settled(Outcome::Done));
            }
            Err(ApplyError::Inbox(error)) => return Err(error.into()),
            Err(ApplyError::Unreadable(error)) => (error.to_string(), 1),
            Err(ApplyError::Failed { why }) => (why, self.settings.max_tries),
        };
        match self.inbox.failed(record, &why, max_tries)? {
            Verdict::Again { tries } => {
                lane.not_before = now.saturating_add(backoff(&self.settings, tries));
                Ok(Step::Failed)
            }
            Verdict::Dead => {
                self.leave(key);
                Ok(Step::Settled(Outcome::Dead))
            }
        }
    }

    /// The first record of a lane is settled.
    fn leave(&mut self, key: LessonKey) {
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.records.pop_front();
            lane.not_before = Duration::ZERO;
            if lane.records.is_empty() {
                self.lanes.remove(&key);
            }
        }
    }

    /// Older records were shed.
    fn forget_before(&mut self, oldest: Offset) {
        self.lanes.retain(|_, lane| {
            let front = lane.records.front().map(|record| record.offset);
            lane.records.retain(|record| record.offset >= oldest);
            if lane.records.front().map(|record| record.offset) != front {
                lane.not_before = Duration::ZERO;
            }
            !lane.records.is_empty()
        });
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

/// How long to wait after this many tries have failed.
pub fn backoff(settings: &Settings, tries: u32) -> Duration {
    let factor = 2_u32.saturating_pow(tries.saturating_sub(1));
    let wait = settings.first_backoff.checked_mul(factor);
    wait.map_or(settings.max_backoff, |wait| wait.min(settings.max_backoff))
}
