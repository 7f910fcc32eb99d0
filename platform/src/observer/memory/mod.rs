//! What the observer remembers, within bounds, and what it concludes.

mod commands;
mod effects;
mod reads;

use super::rows::{Row, Sometimes, Standing, Step};
use crate::parts::SessionId;
use domain::{EventId, LessonKey};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// How many commands are remembered: those of some minutes.
const MAX_COMMANDS: usize = 8192;

/// How many facts are watched. Beyond them a fact goes unjudged.
const MAX_KEYS: usize = 200_000;

/// How many moments of a fact are remembered.
const MAX_MOMENTS: usize = 16;

/// How many happenings are on the tape.
const MAX_TAPE: usize = 600;

/// For how long a command that was reported as failed is watched.
const LOOK_AFTER: Duration = Duration::from_secs(30);

/// How many such commands are watched at once.
const MAX_FAILED: usize = 128;

/// How many events may wait for their effect before further ones go unjudged.
const MAX_UNFINISHED: usize = 500_000;

/// How long an event may be on its way from the authority into the outbox's account.
const GRACE: Duration = Duration::from_secs(5);

/// How many steps of a command are remembered.
const MAX_STEPS: usize = 12;

/// What the observer has counted.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Sums {
    /// Events that the authority has decided since the platform began.
    pub accepted: u64,
    /// Effects that took place.
    pub effects: u64,
    /// Events without the effect of some consumer yet.
    pub unfinished: u64,
    /// The age of the oldest of them, in milliseconds.
    pub oldest_ms: u64,
}

pub(super) struct Memory {
    epoch: Instant,
    standings: HashMap<Row, Standing>,
    sometimes: HashMap<Sometimes, u64>,
    tape: VecDeque<Step>,
    fingerprint: u64,
    keys: HashMap<LessonKey, Known>,
    commands: HashMap<String, Sent>,
    order: VecDeque<String>,
    failed: VecDeque<(String, LessonKey, Instant)>,
    consumers: BTreeMap<&'static str, Consumer>,
    /// The highest version of a key that was carried so far, and by whom.
    carried: HashMap<(&'static str, LessonKey), u64>,
    unconfirmed: Vec<Acknowledged>,
    /// Since when the authority has been up; `None` if it is not.
    up_since: Option<Instant>,
    unannounced: Vec<(&'static str, EventId)>,
    courses: HashMap<u64, VecDeque<(Instant, u64)>>,
    /// Since when the API has been well; `None` if it is not.
    api_ok_since: Option<Instant>,
    watermark: u64,
    watermark_at: Instant,
    totals: VecDeque<(Instant, u64)>,
    total: u64,
    accepted: u64,
    effects: u64,
    lost: HashSet<EventId>,
    /// When something last moved, or was switched.
    moved: Instant,
}

/// One fact, as somebody has read it.
pub(super) struct Read {
    pub(super) key: LessonKey,
    pub(super) version: u64,
    pub(super) session: SessionId,
    pub(super) asked: Instant,
}

/// What is known of one fact.
#[derive(Default)]
struct Known {
    /// The highest version that the authority is known to have had.
    version: u64,
    /// Versions below this were there before the observer looked.
    base: Option<u64>,
    /// From when on a version was there, newest last.
    decided: VecDeque<(Instant, u64)>,
    /// When a version was acknowledged, and to which session, newest last.
    told: VecDeque<(Instant, u64, SessionId)>,
    /// The highest version that the crossing saw being made.
    explained: u64,
    /// Commands that may have been done without an acknowledgement.
    doubts: u32,
    in_flight: u32,
}

/// What was acknowledged, to whom, and what led to it.
pub(super) struct Acknowledged {
    pub(super) key: LessonKey,
    session: SessionId,
    version: u64,
    at: Instant,
    steps: Vec<Step>,
}

/// One command, over all its attempts.
struct Sent {
    key: LessonKey,
    expected: u64,
    attempts: u32,
    asked_authority: u32,
    refused: bool,
    decided: Option<u64>,
    done: bool,
    unknown: bool,
    in_flight: u32,
    steps: Vec<Step>,
}

#[derive(Default)]
struct Consumer {
    applied: HashMap<LessonKey, Applied>,
    unfinished: HashMap<EventId, Instant>,
    /// What it has acted on before anybody could know that it was decided.
    early: HashSet<EventId>,
}

struct Applied {
    last: u64,
    at: Instant,
    gaps: Vec<u64>,
    base: u64,
}

impl Memory {
    pub(super) fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            standings: HashMap::new(),
            sometimes: HashMap::new(),
            tape: VecDeque::new(),
            fingerprint: 0,
            keys: HashMap::new(),
            commands: HashMap::new(),
            order: VecDeque::new(),
            failed: VecDeque::new(),
            consumers: BTreeMap::new(),
            carried: HashMap::new(),
            unconfirmed: Vec::new(),
            up_since: Some(epoch),
            unannounced: Vec::new(),
            courses: HashMap::new(),
            api_ok_since: Some(epoch),
            watermark: 0,
            watermark_at: epoch,
            totals: VecDeque::from([(epoch, 0)]),
            total: 0,
            accepted: 0,
            effects: 0,
            lost: HashSet::new(),
            moved: epoch,
        }
    }

    // The board and the tape.

    pub(super) fn standing(&self, row: Row) -> &Standing {
        static NEVER: Standing = Standing {
            checked: 0,
            broken: 0,
            steps: Vec::new(),
        };
        self.standings.get(&row).unwrap_or(&NEVER)
    }

    pub(super) fn seen(&self, row: Sometimes) -> u64 {
        self.sometimes.get(&row).copied().unwrap_or(0)
    }

    pub(super) fn saw(&mut self, row: Sometimes) {
        *self.sometimes.entry(row).or_default() += 1;
    }

    pub(super) fn check(&mut self, row: Row, holds: bool, steps: impl FnOnce(&Self) -> Vec<Step>) {
        let first = !holds && self.standing(row).broken == 0;
        let steps = first.then(|| steps(self));
        let standing = self.standings.entry(row).or_default();
        standing.checked += 1;
        if !holds {
            standing.broken += 1;
        }
        if let Some(steps) = steps {
            standing.steps = steps;
            self.note(format!("broken: {}", row.says()));
        }
    }

    pub(super) fn tape(&self) -> Vec<Step> {
        self.tape.iter().cloned().collect()
    }

    pub(super) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(super) fn note(&mut self, what: String) {
        let step = self.now(what);
        let bytes = step.what.bytes().map(u64::from);
        for part in bytes.chain([step.at_ms]) {
            self.fingerprint = (self.fingerprint ^ part).wrapping_mul(0x0100_0000_01b3);
        }
        self.tape.push_back(step);
        if self.tape.len() > MAX_TAPE {
            self.tape.pop_front();
        }
    }

    pub(super) fn at(&self, at: Instant, what: String) -> Step {
        let at_ms = ms(at.saturating_duration_since(self.epoch));
        Step { at_ms, what }
    }

    pub(super) fn now(&self, what: String) -> Step {
        self.at(Instant::now(), what)
    }

    pub(super) fn sums(&self) -> Sums {
        let unfinished = self.consumers.values();
        let oldest = self
            .consumers
            .values()
            .flat_map(|consumer| consumer.unfinished.values())
            .min();
        Sums {
            accepted: self.accepted,
            effects: self.effects,
            unfinished: unfinished
                .map(|consumer| consumer.unfinished.len() as u64)
                .max()
                .unwrap_or(0),
            oldest_ms: oldest.map_or(0, |at| ms(at.elapsed())),
        }
    }

    fn key(&mut self, key: LessonKey) -> Option<&mut Known> {
        if self.keys.len() >= MAX_KEYS && !self.keys.contains_key(&key) {
            return None;
        }
        Some(self.keys.entry(key).or_default())
    }
}

fn remember(moments: &mut VecDeque<(Instant, u64)>, at: Instant, version: u64) {
    if moments.back().is_some_and(|(_, newest)| *newest >= version) {
        return;
    }
    moments.push_back((at, version));
    if moments.len() > MAX_MOMENTS {
        moments.pop_front();
    }
}

/// The highest that was there at `at`.
fn last_before(moments: &VecDeque<(Instant, u64)>, at: Instant) -> Option<(Instant, u64)> {
    moments.iter().rev().find(|(from, _)| *from <= at).copied()
}

fn name(key: LessonKey) -> String {
    format!("lesson {} of learner {}", key.lesson.0, key.learner.0)
}

pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
