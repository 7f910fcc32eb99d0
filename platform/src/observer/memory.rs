//! What the observer remembers, within bounds, and what it concludes.

use super::rows::{Row, Sometimes, Standing, Step};
use super::{Sums, staleness};
use crate::bounds;
use crate::parts::{Account, Command, NotWritten, SessionId};
use domain::{EventId, LessonKey, Version};
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

/// How many of these at once.
const MAX_FAILED: usize = 128;

/// How many events may be without effect before further ones go unjudged.
const MAX_UNFINISHED: usize = 500_000;

/// How long an event may be on its way from the authority into the outbox's account.
const GRACE: Duration = Duration::from_secs(5);

/// How many steps of a command are remembered.
const MAX_STEPS: usize = 12;

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

    // Commands.

    pub(super) fn command_sent(&mut self, idempotency_key: &str, key: LessonKey, expected: u64) {
        if !self.commands.contains_key(idempotency_key) {
            self.order.push_back(idempotency_key.to_owned());
            self.forget_commands();
            let sent = Sent {
                key,
                expected,
                attempts: 0,
                asked_authority: 0,
                refused: false,
                decided: None,
                done: false,
                unknown: false,
                in_flight: 0,
                steps: Vec::new(),
            };
            self.commands.insert(idempotency_key.to_owned(), sent);
        }
        if let Some(known) = self.key(key) {
            known.in_flight += 1;
        }
        let mut step = self.now(String::new());
        if let Some(sent) = self.commands.get_mut(idempotency_key) {
            sent.attempts += 1;
            sent.in_flight += 1;
            sent.refused = false;
            step.what = format!(
                "attempt {} of a command on {}, on top of version {expected}",
                sent.attempts,
                name(key)
            );
            sent.add(step);
        }
    }

    fn forget_commands(&mut self) {
        while self.order.len() > MAX_COMMANDS
            && let Some(oldest) = self.order.pop_front()
        {
            match self.commands.get(&oldest) {
                Some(sent) if sent.in_flight > 0 => {
                    self.order.push_back(oldest);
                    return;
                }
                _ => {
                    self.commands.remove(&oldest);
                }
            }
        }
    }

    fn told(&mut self, idempotency_key: &str, what: String) -> Option<&mut Sent> {
        let step = self.now(what);
        let key = {
            let sent = self.commands.get_mut(idempotency_key)?;
            sent.in_flight = sent.in_flight.saturating_sub(1);
            sent.add(step);
            sent.key
        };
        if let Some(known) = self.keys.get_mut(&key) {
            known.in_flight = known.in_flight.saturating_sub(1);
        }
        self.commands.get_mut(idempotency_key)
    }

    pub(super) fn told_done(
        &mut self,
        idempotency_key: &str,
        key: LessonKey,
        session: SessionId,
        version: u64,
        truth: Option<u64>,
    ) {
        let steps = self
            .told(idempotency_key, format!("told: done, as version {version}"))
            .map(|sent| {
                sent.done = true;
                sent.steps.clone()
            })
            .unwrap_or_default();
        let told = Acknowledged {
            key,
            session,
            version,
            at: Instant::now(),
            steps,
        };
        match truth {
            Some(truth) => self.acknowledged_with(told, truth),
            // Nobody can look now. It is judged once somebody can.
            None if self.unconfirmed.len() < MAX_COMMANDS => self.unconfirmed.push(told),
            None => {}
        }
    }

    pub(super) fn take_unconfirmed(&mut self) -> Vec<Acknowledged> {
        std::mem::take(&mut self.unconfirmed)
    }

    /// An acknowledgement counts for what follows only if it was true.
    pub(super) fn acknowledged_with(&mut self, told: Acknowledged, truth: u64) {
        let Acknowledged {
            key,
            session,
            version,
            at: now,
            steps,
        } = told;
        self.learn(key, truth);
        self.check(Row::Durable, truth >= version, |memory| {
            let has = format!("the authority has version {truth} of {}", name(key));
            steps.into_iter().chain([memory.now(has)]).collect()
        });
        if truth < version {
            return;
        }
        if let Some(known) = self.key(key) {
            known.told.push_back((now, version, session));
            if known.told.len() > MAX_MOMENTS {
                known.told.pop_front();
            }
        }
    }

    pub(super) fn told_refused(&mut self, idempotency_key: &str) {
        let Some(sent) = self.told(idempotency_key, "told: refused".to_owned()) else {
            return;
        };
        let decided = sent.refused;
        let steps = sent.steps.clone();
        self.check(Row::Decides, decided, |memory| {
            let nobody = "the authority had not refused it".to_owned();
            steps.into_iter().chain([memory.now(nobody)]).collect()
        });
        if decided {
            self.saw(Sometimes::Refused);
        }
    }

    pub(super) fn told_unknown(&mut self, idempotency_key: &str) {
        if let Some(sent) = self.told(idempotency_key, "told: nothing that is certain".to_owned()) {
            sent.unknown = true;
            let key = sent.key;
            if let Some(known) = self.keys.get_mut(&key) {
                known.doubts += 1;
            }
            self.saw(Sometimes::Unknown);
        }
    }

    pub(super) fn told_not_done(
        &mut self,
        idempotency_key: &str,
        key: LessonKey,
        truth: Option<u64>,
    ) {
        let Some(sent) = self.told(idempotency_key, "told: not done".to_owned()) else {
            return;
        };
        if sent.unknown || sent.done || sent.in_flight > 0 {
            return;
        }
        self.failed
            .push_back((idempotency_key.to_owned(), key, Instant::now()));
        if self.failed.len() > MAX_FAILED {
            self.failed.pop_front();
        }
        self.still_not_done(idempotency_key, key, truth);
    }

    /// The commands that were reported as failed a short time ago.
    pub(super) fn failed(&mut self) -> Vec<(String, LessonKey)> {
        self.failed.retain(|(.., at)| at.elapsed() < LOOK_AFTER);
        let failed = self.failed.iter();
        failed.map(|(id, key, _)| (id.clone(), *key)).collect()
    }

    pub(super) fn still_not_done(
        &mut self,
        idempotency_key: &str,
        key: LessonKey,
        truth: Option<u64>,
    ) {
        let Some(sent) = self.commands.get(idempotency_key) else {
            return;
        };
        // A retry has been sent since: what it does is its own.
        if sent.unknown || sent.done || sent.in_flight > 0 {
            return;
        }
        let unexplained = match (truth, self.keys.get(&key)) {
            (Some(truth), Some(known)) if known.doubts == 0 && known.in_flight == 0 => {
                truth > known.explained.max(sent.expected)
                    && known.base.is_none_or(|base| truth > base)
            }
            _ => false,
        };
        let holds = sent.decided.is_none() && !unexplained;
        let steps = sent.steps.clone();
        self.check(Row::Unknown, holds, |memory| {
            let done = format!("it was done all the same: {} has changed", name(key));
            steps.into_iter().chain([memory.now(done)]).collect()
        });
    }

    // At the crossing to the authority.

    pub(super) fn authority_asked(&mut self, idempotency_key: &str) {
        let step = self.now("the authority is asked".to_owned());
        let Some(sent) = self.commands.get_mut(idempotency_key) else {
            return;
        };
        sent.asked_authority += 1;
        sent.add(step);
        let holds = sent.asked_authority <= sent.attempts;
        let steps = sent.steps.clone();
        self.check(Row::Attempts, holds, |_| steps);
    }

    pub(super) fn authority_said(&mut self, command: &Command, said: &Result<Version, NotWritten>) {
        let what = match said {
            Ok(version) => format!("the authority decides version {}", version.0),
            Err(error) => format!("the authority: {error}"),
        };
        self.note(what.clone());
        let step = self.now(what);
        let key = command.key;
        let mut repeated = false;
        if let Some(sent) = self.commands.get_mut(&command.idempotency_key) {
            sent.add(step);
            match said {
                Ok(version) => {
                    repeated = sent.decided == Some(version.0);
                    sent.decided = Some(version.0);
                }
                Err(NotWritten::Stale { .. } | NotWritten::Conflict) => sent.refused = true,
                Err(NotWritten::Invalid(_) | NotWritten::NotDone | NotWritten::Unknown) => {}
            }
        }
        if repeated {
            self.saw(Sometimes::RetryMetFirst);
        }
        match said {
            Ok(version) => {
                if let Some(known) = self.key(key) {
                    known.explained = known.explained.max(version.0);
                    known.base.get_or_insert(version.0 - 1);
                }
                self.learn(key, version.0);
            }
            Err(NotWritten::Unknown) => {
                if let Some(known) = self.key(key) {
                    known.doubts += 1;
                }
            }
            Err(_) => {}
        }
    }

    /// The authority is known to have `version` of `key`.
    fn learn(&mut self, key: LessonKey, version: u64) {
        let now = Instant::now();
        let Some(known) = self.key(key) else { return };
        if version <= known.version {
            return;
        }
        let base = *known.base.get_or_insert(version);
        let new = (known.version.max(base) + 1)..=version;
        known.version = version;
        remember(&mut known.decided, now, version);
        for version in new {
            let id = EventId {
                key,
                version: Version(version),
            };
            self.accepted += 1;
            self.total += 1;
            for consumer in self.consumers.values_mut() {
                let done = consumer.has(id);
                if !done && consumer.unfinished.len() < MAX_UNFINISHED {
                    consumer.unfinished.insert(id, now);
                }
            }
        }
        self.totals.push_back((now, self.total));
        let old = now.checked_sub(bounds::VIEW_LAG + bounds::VIEW_SLACK);
        while self.totals.len() > 1 && old.is_some_and(|old| self.totals[1].0 <= old) {
            self.totals.pop_front();
        }
    }

    // Reads.

    pub(super) fn known(&self, key: LessonKey) -> u64 {
        self.keys.get(&key).map_or(0, |known| known.version)
    }

    pub(super) fn read(&mut self, read: &Read, ahead: bool, truth: Option<u64>) {
        let Read {
            key,
            version,
            session,
            asked,
        } = *read;
        if let Some(truth) = truth {
            self.learn(key, truth);
        }
        if !ahead || truth.is_some() {
            let holds = !ahead || truth.is_some_and(|truth| version <= truth);
            self.check(Row::NotAhead, holds, |memory| {
                vec![
                    memory.at(asked, format!("{} is read", name(key))),
                    memory.now(format!(
                        "the answer is version {version}, and the authority has {}",
                        truth.unwrap_or(0)
                    )),
                ]
            });
            if !holds {
                return;
            }
        }
        let Some(known) = self.keys.get(&key) else {
            return;
        };
        let told = known
            .told
            .iter()
            .filter(|(at, _, who)| *at <= asked && *who == session)
            .map(|(at, told, _)| (*at, *told))
            .max_by_key(|(_, told)| *told);
        let bound = asked.checked_sub(staleness());
        let old = bound.and_then(|bound| last_before(&known.decided, bound));
        let newest = known.version;
        let read_back = told.is_some_and(|(_, told)| version < told);
        if let Some((at, floor)) = told {
            self.check(Row::Session, !read_back, |memory| {
                vec![
                    memory.at(
                        at,
                        format!("the learner is told version {floor} of {}", name(key)),
                    ),
                    memory.at(asked, "and reads it".to_owned()),
                    memory.now(format!("the answer is version {version}")),
                ]
            });
        }
        if let Some((at, least)) = old
            && !read_back
        {
            self.check(Row::Fresh, version >= least, |memory| {
                vec![
                    memory.at(at, format!("{} is version {least}", name(key))),
                    memory.at(
                        asked,
                        "it is read, longer after that than the bound".to_owned(),
                    ),
                    memory.now(format!("the answer is version {version}")),
                ]
            });
        }
        if version < newest {
            self.saw(Sometimes::OldWithinBound);
        }
    }

    pub(super) fn course_published(&mut self, course: u64, version: u64) {
        let now = Instant::now();
        self.note(format!("course {course} is published as version {version}"));
        remember(self.courses.entry(course).or_default(), now, version);
    }

    pub(super) fn course_read(&mut self, course: u64, version: u64, asked: Instant) {
        let healthy = bounds::COURSE_FRESH + bounds::COURSE_WHILE_REVALIDATE;
        let well = self
            .api_ok_since
            .is_some_and(|since| asked.saturating_duration_since(since) > healthy);
        let bound = if well {
            healthy
        } else {
            bounds::COURSE_FRESH + bounds::COURSE_IF_ERROR
        };
        let Some(published) = self.courses.get(&course) else {
            return;
        };
        let newest = published.back().map(|(_, newest)| *newest);
        let old = asked.checked_sub(bound);
        let least = old.and_then(|old| last_before(published, old));
        if newest.is_some_and(|newest| version < newest)
            && least.is_none_or(|(_, least)| version >= least)
        {
            self.saw(Sometimes::OldWithinBound);
        }
        if let Some((at, least)) = least {
            self.check(Row::Edge, version >= least, |memory| {
                vec![
                    memory.at(
                        at,
                        format!("course {course} is published as version {least}"),
                    ),
                    memory.at(
                        asked,
                        "it is read, longer after that than the bound".to_owned(),
                    ),
                    memory.now(format!("the answer is version {version}")),
                ]
            });
        }
    }

    pub(super) fn authority_switched(&mut self, up: bool) {
        match (up, self.up_since) {
            (true, None) => self.up_since = Some(Instant::now()),
            (false, _) => self.up_since = None,
            (true, Some(_)) => {}
        }
    }

    pub(super) fn api_switched(&mut self, ok: bool) {
        self.api_ok_since = ok.then(Instant::now);
    }

    // After a restart.

    /// What the authority has acknowledged, to a learner or to the API.
    pub(super) fn acknowledged(&self) -> Vec<LessonKey> {
        let decided = self.keys.iter().filter(|(_, known)| known.version > 0);
        let mut keys: Vec<_> = decided.map(|(key, _)| *key).collect();
        keys.sort_unstable_by_key(|key| (key.learner, key.lesson));
        keys
    }

    pub(super) fn found_after_restart(&mut self, key: LessonKey, truth: u64) {
        let Some(known) = self.keys.get(&key) else {
            return;
        };
        let told = known.version;
        let at = known.decided.back().map_or(self.epoch, |(at, _)| *at);
        self.check(Row::Durable, truth >= told, |memory| {
            vec![
                memory.at(
                    at,
                    format!("version {told} of {} is acknowledged", name(key)),
                ),
                memory.now(format!("after a restart the authority has version {truth}")),
            ]
        });
        if truth >= told {
            self.saw(Sometimes::Survived);
        } else if let Some(known) = self.keys.get_mut(&key) {
            // Told once. What follows from it is no second fault: its events never come.
            let lost = known.version.saturating_sub(truth);
            known.version = truth;
            known.explained = truth;
            known.told.clear();
            known.decided.clear();
            self.never_comes(lost);
            for consumer in self.consumers.values_mut() {
                let gone = |id: &EventId| id.key == key && id.version.0 > truth;
                consumer.unfinished.retain(|id, _| !gone(id));
            }
        }
    }

    /// So many events that counted as decided will never be published.
    fn never_comes(&mut self, events: u64) {
        self.total = self.total.saturating_sub(events);
        for (_, total) in &mut self.totals {
            *total = total.saturating_sub(events);
        }
    }

    // Events and effects.

    pub(super) fn starts_with(&mut self, events: u64, consumers: &[&'static str]) {
        for consumer in consumers {
            self.consumers.entry(consumer).or_default();
        }
        self.total = events;
        self.totals = VecDeque::from([(self.epoch, events)]);
    }

    pub(super) fn moved(&mut self) {
        self.moved = Instant::now();
    }

    pub(super) fn delivered(&mut self, by: &'static str, id: EventId) {
        if self.carried.len() >= MAX_KEYS && !self.carried.contains_key(&(by, id.key)) {
            return;
        }
        let last = self.carried.entry((by, id.key)).or_default();
        let again = id.version.0 <= *last;
        *last = id.version.0.max(*last);
        if again {
            self.saw(Sometimes::Redelivered);
        }
    }

    pub(super) fn announced(
        &mut self,
        consumer: &'static str,
        id: EventId,
        unsure: bool,
        truth: Option<u64>,
    ) -> bool {
        let holds = !unsure || truth.is_some_and(|truth| truth >= id.version.0);
        if let Some(truth) = truth {
            self.learn(id.key, truth);
        }
        self.check(Row::Announced, holds, |memory| {
            vec![memory.now(format!(
                "{consumer} acts on version {} of {}, and the authority has version {}",
                id.version.0,
                name(id.key),
                truth.unwrap_or(0)
            ))]
        });
        holds
    }

    pub(super) fn announced_later(&mut self, consumer: &'static str, id: EventId) {
        if self.unannounced.len() < MAX_COMMANDS {
            self.unannounced.push((consumer, id));
        }
    }

    /// An effect of something that is not known to be decided. It counts as done, and its order is not judged.
    pub(super) fn effect_early(&mut self, consumer: &'static str, id: EventId) {
        let consumer = self.consumers.entry(consumer).or_default();
        consumer.unfinished.remove(&id);
        if consumer.early.len() < MAX_COMMANDS {
            consumer.early.insert(id);
        }
    }

    pub(super) fn take_unannounced(&mut self) -> Vec<(&'static str, EventId)> {
        std::mem::take(&mut self.unannounced)
    }

    pub(super) fn effect(&mut self, consumer_name: &'static str, id: EventId) {
        let now = Instant::now();
        self.moved = now;
        self.effects += 1;
        self.note(format!(
            "{consumer_name}: version {} of {}",
            id.version.0,
            name(id.key)
        ));
        let base = self.keys.get(&id.key).and_then(|known| known.base);
        let consumer = self.consumers.entry(consumer_name).or_default();
        consumer.unfinished.remove(&id);
        let version = id.version.0;
        let base = base.unwrap_or(version - 1);
        let applied = consumer.applied.entry(id.key).or_insert_with(|| Applied {
            last: base,
            at: now,
            gaps: Vec::new(),
            base,
        });
        // It may be left over from before the observer came.
        if version <= applied.base {
            return;
        }
        let (last, last_at) = (applied.last, applied.at);
        let filled = applied.gaps.iter().position(|gap| *gap == version);
        let (twice, backwards) = match filled {
            Some(gap) => {
                applied.gaps.swap_remove(gap);
                (false, true)
            }
            None if version <= last => (true, false),
            None => {
                applied.gaps.extend(last + 1..version);
                applied.last = version;
                applied.at = now;
                (false, false)
            }
        };
        let steps = |memory: &Self, second: &str| {
            vec![
                memory.at(
                    last_at,
                    format!("{consumer_name} acts on version {last} of {}", name(id.key)),
                ),
                memory.now(format!("{consumer_name} acts on version {version}{second}")),
            ]
        };
        self.check(Row::OneEffect, !twice, |memory| {
            steps(memory, ", which it has done before")
        });
        self.check(Row::Order, !backwards, |memory| steps(memory, " only now"));
    }

    /// What has been accepted and not yet been acted upon, for each consumer.
    pub(super) fn unfinished(&self) -> HashMap<&'static str, Vec<EventId>> {
        let consumers = self.consumers.iter();
        consumers
            .map(|(name, consumer)| (*name, consumer.unfinished.keys().copied().collect()))
            .collect()
    }

    pub(super) fn account(
        &mut self,
        accepted: &HashMap<&'static str, Vec<EventId>>,
        waiting: u64,
        account: &Account,
        stall: Option<Duration>,
    ) {
        let consumer = self.consumers.entry(account.consumer).or_default();
        for id in account.dead.iter().chain(&account.shed) {
            consumer.unfinished.remove(id);
        }
        let queued = waiting + account.queued;
        let missing = accepted.get(account.consumer).and_then(|accepted| {
            let open = accepted.iter().filter(|id| {
                let since = consumer.unfinished.get(id);
                since.is_some_and(|since| since.elapsed() > GRACE)
            });
            open.min_by_key(|id| consumer.unfinished[id]).copied()
        });
        let since = missing.and_then(|id| consumer.unfinished.get(&id).copied());
        let stalled = stall.is_some_and(|stall| {
            self.moved.elapsed() > stall && since.is_some_and(|since| since.elapsed() > stall)
        });
        let lost = missing.filter(|_| queued == 0 || stalled);
        let name_of_consumer = account.consumer;
        self.check(Row::Accounts, lost.is_none(), |memory| {
            let id = lost.expect("it is lost");
            vec![
                memory.at(
                    since.unwrap_or(memory.epoch),
                    format!("version {} of {} is decided", id.version.0, name(id.key)),
                ),
                memory.now(format!(
                    "{name_of_consumer} has {queued} queued, and it is neither done nor dead nor shed"
                )),
            ]
        });
        if let Some(lost) = lost {
            // Told once, and what never came is not what the view lacks.
            let consumer = self.consumers.entry(account.consumer).or_default();
            consumer.unfinished.remove(&lost);
            if self.lost.insert(lost) {
                self.never_comes(1);
            }
        }
    }

    // The view.

    pub(super) fn watermark(&mut self, watermark: u64) {
        let (before, at) = (self.watermark, self.watermark_at);
        self.check(Row::View, watermark >= before, |memory| {
            vec![
                memory.at(at, format!("the view is at event {before}")),
                memory.now(format!("it is at event {watermark}")),
            ]
        });
        if watermark > before {
            self.watermark = watermark;
            self.watermark_at = Instant::now();
        }
    }

    /// A view that was taken down continues from what it kept, which may be a little less.
    pub(super) fn view_restarted(&mut self) {
        self.watermark = 0;
    }

    pub(super) fn dashboard(&mut self, watermark: u64, stale: bool, asked: Instant) {
        let old = asked.checked_sub(bounds::VIEW_LAG + bounds::VIEW_SLACK);
        // What the authority has lost while it was down is known only once it is up.
        let late = old
            .filter(|old| self.up_since.is_some_and(|since| since <= *old))
            .and_then(|old| last_before(&self.totals, old))
            .filter(|(_, total)| watermark < *total);
        self.check(Row::View, stale || late.is_none(), |memory| {
            let (at, total) = late.expect("it is late");
            vec![
                memory.at(at, format!("the authority has decided {total} events")),
                memory.at(
                    asked,
                    "the dashboard is read, longer after that than its bound".to_owned(),
                ),
                memory.now(format!(
                    "it shows {watermark}, and does not say that it is late"
                )),
            ]
        });
        if stale {
            self.saw(Sometimes::Labelled);
        }
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

impl Sent {
    fn add(&mut self, step: Step) {
        if self.steps.len() < MAX_STEPS {
            self.steps.push(step);
        }
    }
}

impl Consumer {
    /// Whether it has acted on the event already.
    fn has(&self, id: EventId) -> bool {
        self.early.contains(&id)
            || self.applied.get(&id.key).is_some_and(|applied| {
                id.version.0 <= applied.last && !applied.gaps.contains(&id.version.0)
            })
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
