//! Crashes, restarts, and what is found afterwards.

use super::model::Model;
use super::{Life, PLACES};
use crate::world::{asked, in_epoch, named};
use authority::fact::{Write, WriteError};
use crashdisk::Loss;
use domain::Version;
use std::mem;
use std::task::Poll;
use testbed::note;

impl Life {
    /// The power fails; the store is opened on what is left.
    pub(super) fn crash(&mut self, loss: Loss) {
        let mut candidates = vec![self.committed.clone()];
        self.tally.count("the power failed", 1);
        if let Some(flight) = &mut self.flight {
            self.tally.count("the power failed during a sync", 1);
            candidates = mem::take(&mut flight.states);
        }
        if let Some(states) = self.failed.take() {
            candidates = states;
        }
        note(format!("the power fails; what was not synced is {loss:?}"));
        let found = self.disk.crash(self.disk.position(), loss);
        self.let_go();
        self.disk = found;
        self.open();
        self.found(candidates);
    }

    /// Lets go of all that runs on the disk of before.
    pub(super) fn let_go(&mut self) {
        self.disk.fail_syncs(0);
        self.armed = false;
        let flight = self.flight.take();
        if let Some(thread) = flight.and_then(|mut flight| flight.thread.take()) {
            self.disk.release_syncs();
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        self.nobody_looks();
        self.committer = None;
        self.waiting.clear();
        self.leaving.clear();
        self.maybe_waiting = false;
        self.authority = None;
        self.changes = None;
    }

    /// What is there after a crash has to be one of the states that were possible.
    pub(super) fn found(&mut self, candidates: Vec<Model>) {
        let reader = self.authority.as_ref().expect("open").reader();
        let there: Vec<Option<Version>> = PLACES
            .iter()
            .map(|key| {
                let record = reader.read(*key).expect("the disk is well");
                record.map(|record| record.progress().version)
            })
            .collect();
        let unknown = candidates.len() > 1;
        let of = |model: &Model| PLACES.map(|key| model.version(key)).to_vec();
        let mut possible = candidates.iter();
        let Some(at) = possible.position(|model| of(model) == there) else {
            panic!(
                "After the crash, the lessons are at {there:?}. Acknowledged were {:?}, and with all that was \
                 being committed they would be at {:?}.",
                of(&candidates[0]),
                of(candidates.last().expect("one"))
            );
        };
        let survived = usize::from(unknown && at > 0);
        self.tally
            .count("a write of unknown outcome was there", survived);
        self.committed = candidates.into_iter().nth(at).expect("found");
        self.read();
    }

    /// The store is closed and opened again. Whoever waited was never tried.
    pub(super) fn reopen(&mut self) {
        if self.failed.is_some() {
            // What the kernel shows after a failed sync is not what the disk holds.
            return self.crash(Loss::Lost);
        }
        self.finish();
        if self.failed.is_some() {
            return self.crash(Loss::Lost);
        }
        note("the store is closed and opened again");
        self.committer = None;
        for mut call in mem::take(&mut self.waiting) {
            let answer = call.poll();
            assert!(
                answer == Poll::Ready(Err(WriteError::Stopped)),
                "The committer is gone, and {} waited for it: {answer:?}.",
                named(&call.write)
            );
        }
        self.let_go();
        self.open();
        self.found(vec![self.committed.clone()]);
    }

    /// It is over: everyone retries, after one more crash.
    pub(super) fn end(&mut self) {
        self.finish();
        if self.failed.is_none() {
            self.begin(false);
        }
        self.crash(Loss::Lost);
        let newest = self.committed.newest.0;
        let kept: Vec<Write> = self
            .committed
            .replies
            .iter()
            .map(|(write, _)| in_epoch(newest, write.clone()))
            .collect();
        for write in kept {
            note(format!("handed in again: {}", asked(&write)));
            self.call(vec![write]);
        }
        self.begin(false);
        for write in mem::take(&mut self.left) {
            self.comes_back(&write);
        }
    }
}
