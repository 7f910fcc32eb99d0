//! Reads of facts and courses: never ahead of the authority, and never older than their bounds.

use super::{Memory, Read, last_before, name, remember};
use crate::bounds;
use crate::observer::rows::{Row, Sometimes};
use domain::LessonKey;
use tokio::time::Instant;

impl Memory {
    pub(in crate::observer) fn known(&self, key: LessonKey) -> u64 {
        self.keys.get(&key).map_or(0, |known| known.version)
    }

    pub(in crate::observer) fn read(&mut self, read: &Read, ahead: bool, truth: Option<u64>) {
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
        let bound = asked.checked_sub(bounds::CACHE_TTL);
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

    pub(in crate::observer) fn course_published(&mut self, course: u64, version: u64) {
        let now = Instant::now();
        self.note(format!("course {course} is published as version {version}"));
        remember(self.courses.entry(course).or_default(), now, version);
    }

    pub(in crate::observer) fn course_read(&mut self, course: u64, version: u64, asked: Instant) {
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

    pub(in crate::observer) fn authority_switched(&mut self, up: bool) {
        match (up, self.up_since) {
            (true, None) => self.up_since = Some(Instant::now()),
            (false, _) => self.up_since = None,
            (true, Some(_)) => {}
        }
    }

    pub(in crate::observer) fn api_switched(&mut self, ok: bool) {
        self.api_ok_since = ok.then(Instant::now);
    }
}
