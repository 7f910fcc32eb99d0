//! Commands: what was sent, what their senders were told, and what the crossing to the authority saw.

use super::{
    Acknowledged, LOOK_AFTER, MAX_COMMANDS, MAX_FAILED, MAX_MOMENTS, MAX_STEPS, MAX_UNFINISHED,
    Memory, Sent, name, remember,
};
use crate::bounds;
use crate::observer::rows::{Row, Sometimes, Step};
use crate::parts::{Command, NotWritten, SessionId};
use domain::{EventId, LessonKey, Version};
use tokio::time::Instant;

impl Memory {
    pub(in crate::observer) fn command_sent(
        &mut self,
        idempotency_key: &str,
        key: LessonKey,
        expected: u64,
    ) {
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

    pub(in crate::observer) fn told_done(
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
            // The truth cannot be read now. It is judged once it can.
            None if self.unconfirmed.len() < MAX_COMMANDS => self.unconfirmed.push(told),
            None => {}
        }
    }

    pub(in crate::observer) fn take_unconfirmed(&mut self) -> Vec<Acknowledged> {
        std::mem::take(&mut self.unconfirmed)
    }

    /// An acknowledgement counts for what follows only if it was true.
    pub(in crate::observer) fn acknowledged_with(&mut self, told: Acknowledged, truth: u64) {
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

    pub(in crate::observer) fn told_refused(&mut self, idempotency_key: &str) {
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

    pub(in crate::observer) fn told_unknown(&mut self, idempotency_key: &str) {
        if let Some(sent) = self.told(idempotency_key, "told: nothing that is certain".to_owned()) {
            sent.unknown = true;
            let key = sent.key;
            if let Some(known) = self.keys.get_mut(&key) {
                known.doubts += 1;
            }
            self.saw(Sometimes::Unknown);
        }
    }

    pub(in crate::observer) fn told_not_done(
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
    pub(in crate::observer) fn failed(&mut self) -> Vec<(String, LessonKey)> {
        self.failed.retain(|(.., at)| at.elapsed() < LOOK_AFTER);
        let failed = self.failed.iter();
        failed.map(|(id, key, _)| (id.clone(), *key)).collect()
    }

    pub(in crate::observer) fn still_not_done(
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

    pub(in crate::observer) fn authority_asked(&mut self, idempotency_key: &str) {
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

    pub(in crate::observer) fn authority_said(
        &mut self,
        command: &Command,
        said: &Result<Version, NotWritten>,
    ) {
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
    pub(super) fn learn(&mut self, key: LessonKey, version: u64) {
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
}

impl Sent {
    fn add(&mut self, step: Step) {
        if self.steps.len() < MAX_STEPS {
            self.steps.push(step);
        }
    }
}
