//! A group that is taken, synced and answered.

use super::callers::is_a_leavers;
use super::{Call, Flight, Life, PLACES};
use crate::world::{asked, named, told};
use authority::fact::WriteError;
use authority::group::{MAX_GROUP, MAX_WAITING};
use domain::{LessonKey, Version};
use std::mem;
use std::task::Poll;
use std::thread;
use testbed::note;

impl Life {
    /// The committer takes what waits. With `slowly`, the disk then takes its time.
    pub(super) fn begin(&mut self, slowly: bool) {
        if self.flight.is_some() {
            return;
        }
        self.enter();
        let mut committer = self.committer.take().expect("nothing is being committed");
        if self.failed.is_some() {
            committer.commit_waiting();
            self.committer = Some(committer);
            for mut call in mem::take(&mut self.waiting) {
                match call.poll() {
                    Poll::Ready(Err(WriteError::Stopped)) => {}
                    Poll::Ready(answer) => panic!(
                        "The disk had failed before {} was taken, and it got this answer: {}. Nothing is tried after \
                         that, and nothing answered but that.",
                        named(&call.write),
                        told(&answer)
                    ),
                    // Beyond a group's size.
                    Poll::Pending => self.waiting.push(call),
                }
            }
            return;
        }
        let group = self.waiting.len().min(MAX_GROUP);
        let beyond = self.waiting.len().saturating_sub(MAX_WAITING);
        self.tally.count("a write waited for a place", beyond);
        let calls: Vec<Call> = self.waiting.drain(..group).collect();
        let mut states = vec![self.committed.clone()];
        let mut expected = Vec::new();
        for call in &calls {
            let mut state = states.last().expect("one").clone();
            let (answer, new) = state.judge(&call.write);
            expected.push((answer, new && !is_a_leavers(&call.write)));
            if new {
                states.push(state);
            }
        }
        let mut flight = Flight {
            thread: None,
            calls,
            expected,
            states,
            syncs_before: self.disk.syncs(),
            maybe_more: mem::take(&mut self.maybe_waiting),
        };
        if group > 0 {
            note(format!("the committer takes {group} of those who wait"));
        }
        if flight.is_new() && slowly {
            self.disk.hold_syncs();
            let thread = thread::spawn(move || {
                committer.commit_waiting();
                committer
            });
            if self.disk.wait_for_a_held_sync(|| thread.is_finished()) {
                note("the disk takes its time");
            }
            flight.thread = Some(thread);
            self.enter();
            self.tally
                .count("a caller left during a sync", self.leaving.len());
            self.flight = Some(flight);
            self.leaving.clear();
            self.nobody_knows();
        } else {
            committer.commit_waiting();
            self.committer = Some(committer);
            self.enter();
            self.flight = Some(flight);
            self.leaving.clear();
            self.finish();
        }
    }

    /// Whoever waits for a place and may have one now takes it, in the order in which they came.
    pub(super) fn enter(&mut self) {
        let answered = self.failed.is_some();
        let mut still = Vec::new();
        for mut call in mem::take(&mut self.waiting) {
            match call.poll() {
                Poll::Pending => still.push(call),
                Poll::Ready(answer) => assert!(
                    answered && answer == Err(WriteError::Stopped),
                    "{} waits, and its group was never taken. It got this answer: {}.",
                    named(&call.write),
                    told(&answer)
                ),
            }
        }
        self.waiting = still;
    }

    /// The disk is done: with the group that is being committed, everyone in it is answered.
    pub(super) fn finish(&mut self) {
        let Some(mut flight) = self.flight.take() else {
            return;
        };
        let new = flight.is_new();
        let fails = self.armed && new;
        if let Some(thread) = flight.thread.take() {
            self.disk.release_syncs();
            match thread.join() {
                Ok(committer) => self.committer = Some(committer),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        self.nobody_looks();
        if fails {
            self.armed = false;
            self.tally.count("a sync failed", 1);
            note("the sync failed");
        } else if new {
            note("the disk is done");
        }
        for (call, (expected, new)) in flight.calls.iter_mut().zip(&flight.expected) {
            let name = named(&call.write);
            let Poll::Ready(answer) = call.poll() else {
                panic!("The group of {name} is committed, and it has no answer.");
            };
            if fails {
                assert!(
                    matches!(answer, Err(WriteError::Unknown | WriteError::Stopped)),
                    "The sync under the group of {name} failed, and it got this answer: {}. Whatever was found out \
                     about it rests on a commit of which nothing is known.",
                    told(&answer)
                );
                continue;
            }
            let got = answer
                .as_ref()
                .map(|receipt| (receipt.key(), receipt.version()))
                .map_err(Clone::clone);
            let expected = expected.clone().map(|version| (call.write.key, version));
            assert!(
                got == expected,
                "{}.\n    Expected answer: {}.\n    Got: {}.",
                asked(&call.write),
                expected.as_ref().map_or_else(
                    |error| told(&Err(error.clone())),
                    |(key, version)| format!(
                        "lesson {} has version {}, and it is durable",
                        key.lesson.0, version.0
                    )
                ),
                told(&answer)
            );
            let what = match &expected {
                Ok(_) if *new => "a write was accepted",
                Ok(_) => "a reply was repeated",
                Err(WriteError::Conflict) => "a write was a conflict",
                Err(WriteError::Fenced { .. }) => "a write was fenced",
                Err(_) => "a write was stale",
            };
            self.tally.count(what, 1);
        }
        let heard = self.heard();
        if fails {
            assert_eq!(
                heard,
                [],
                "A sync failed, and a subscriber heard of its changes."
            );
            self.failed = Some(flight.states);
            return;
        }
        let mut changed: Vec<(LessonKey, Version)> = Vec::new();
        for state in &flight.states[1..] {
            let (write, version) = state.replies.back().expect("it was accepted");
            if PLACES.contains(&write.key) {
                changed.push((write.key, *version));
            }
        }
        changed.sort();
        assert_eq!(
            heard, changed,
            "What a subscriber heard of this group, and what changed."
        );
        let syncs = self.disk.syncs() - flight.syncs_before;
        assert!(
            new || flight.maybe_more || syncs == 0 || self.written == 0,
            "Nothing was new in this group, and the disk saw {syncs} syncs."
        );
        assert!(
            !new || syncs > 0,
            "A group with new writes was acknowledged, and the disk saw no sync."
        );
        self.written += u64::from(new);
        self.committed = flight.states.pop().expect("one");
        self.read();
    }
}
