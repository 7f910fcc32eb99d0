//! What follows from decisions: what survives a restart, effects of events, and the view.

use super::{Applied, Consumer, GRACE, MAX_COMMANDS, MAX_KEYS, Memory, last_before, name};
use crate::bounds;
use crate::observer::rows::{Row, Sometimes};
use crate::parts::Account;
use domain::{EventId, LessonKey};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

impl Memory {
    // After a restart.

    /// What the authority has acknowledged, to a learner or to the API.
    pub(in crate::observer) fn acknowledged(&self) -> Vec<LessonKey> {
        let decided = self.keys.iter().filter(|(_, known)| known.version > 0);
        let mut keys: Vec<_> = decided.map(|(key, _)| *key).collect();
        keys.sort_unstable_by_key(|key| (key.learner, key.lesson));
        keys
    }

    pub(in crate::observer) fn found_after_restart(&mut self, key: LessonKey, truth: u64) {
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

    /// This many events that counted as decided will never be published.
    fn never_comes(&mut self, events: u64) {
        self.total = self.total.saturating_sub(events);
        for (_, total) in &mut self.totals {
            *total = total.saturating_sub(events);
        }
    }

    // Events and effects.

    pub(in crate::observer) fn starts_with(&mut self, events: u64, consumers: &[&'static str]) {
        for consumer in consumers {
            self.consumers.entry(consumer).or_default();
        }
        self.total = events;
        self.totals = VecDeque::from([(self.epoch, events)]);
    }

    pub(in crate::observer) fn moved(&mut self) {
        self.moved = Instant::now();
    }

    pub(in crate::observer) fn delivered(&mut self, by: &'static str, id: EventId) {
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

    pub(in crate::observer) fn announced(
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

    pub(in crate::observer) fn announced_later(&mut self, consumer: &'static str, id: EventId) {
        if self.unannounced.len() < MAX_COMMANDS {
            self.unannounced.push((consumer, id));
        }
    }

    /// An effect of something that is not known to be decided. It counts as done, and its order is not judged.
    pub(in crate::observer) fn effect_early(&mut self, consumer: &'static str, id: EventId) {
        let consumer = self.consumers.entry(consumer).or_default();
        consumer.unfinished.remove(&id);
        if consumer.early.len() < MAX_COMMANDS {
            consumer.early.insert(id);
        }
    }

    pub(in crate::observer) fn take_unannounced(&mut self) -> Vec<(&'static str, EventId)> {
        std::mem::take(&mut self.unannounced)
    }

    pub(in crate::observer) fn effect(&mut self, consumer_name: &'static str, id: EventId) {
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
    pub(in crate::observer) fn unfinished(&self) -> HashMap<&'static str, Vec<EventId>> {
        let consumers = self.consumers.iter();
        consumers
            .map(|(name, consumer)| (*name, consumer.unfinished.keys().copied().collect()))
            .collect()
    }

    pub(in crate::observer) fn account(
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

    pub(in crate::observer) fn watermark(&mut self, watermark: u64) {
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
    pub(in crate::observer) fn view_restarted(&mut self) {
        self.watermark = 0;
    }

    pub(in crate::observer) fn dashboard(&mut self, watermark: u64, stale: bool, asked: Instant) {
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
}

impl Consumer {
    /// Whether it has acted on the event already.
    pub(super) fn has(&self, id: EventId) -> bool {
        self.early.contains(&id)
            || self.applied.get(&id.key).is_some_and(|applied| {
                id.version.0 <= applied.last && !applied.gaps.contains(&id.version.0)
            })
    }
}
