//! The life of one store, step by step.

use super::model::Model;
use super::steps::Step;
use super::{Life, Tally};
use crate::world::{Running, keeping};
use authority::fact::Epoch;
use crashdisk::{Disk, Loss};
use std::collections::{BTreeMap, VecDeque};
use testbed::note;

impl Life {
    pub(super) fn new(kept: u64) -> Self {
        let mut life = Self {
            kept,
            disk: Disk::new(),
            authority: None,
            committer: None,
            changes: None,
            committed: Model {
                facts: BTreeMap::new(),
                replies: VecDeque::new(),
                newest: Epoch(0),
                kept: usize::try_from(kept).expect("few"),
            },
            waiting: Vec::new(),
            flight: None,
            failed: None,
            armed: false,
            history: Vec::new(),
            left: Vec::new(),
            leavers: 0,
            written: 0,
            leaving: Vec::new(),
            maybe_waiting: false,
            filled: false,
            looking: Vec::new(),
            tally: Tally::default(),
        };
        life.open();
        life
    }

    pub(super) fn open(&mut self) {
        let running = Running::on(&self.disk, keeping(self.kept));
        self.written = 0;
        self.changes = Some(running.reader().changes());
        self.authority = Some(running.authority);
        self.committer = Some(running.committer);
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Hand {
                place,
                seen,
                epoch,
                what,
            } => self.hand(place, seen, epoch, what),
            Step::Begin => self.begin(true),
            Step::End => self.finish(),
            Step::Commit => {
                self.finish();
                self.begin(false);
                self.finish();
            }
            Step::Read => self.read(),
            Step::Leave { at_once } => self.leave(at_once),
            Step::Return { early: true } => self.comes_back_early(),
            Step::Return { early: false } => {
                self.finish();
                if self.failed.is_none() && !self.armed && self.leaving.is_empty() {
                    self.begin(false);
                    if let Some(write) = self.left.pop() {
                        self.comes_back(&write);
                    }
                }
            }
            Step::FailSync => {
                if !self.maybe_waiting && self.failed.is_none() {
                    note("the next sync will fail");
                    self.armed = true;
                    self.disk.fail_syncs(1);
                }
            }
            Step::Fill => self.fill(),
            Step::Crash { loss } => self.crash(Loss::ALL[loss]),
            Step::Reopen => self.reopen(),
        }
    }

    /// The model, if everything that waits or is being committed is done.
    pub(super) fn ahead(&self) -> Model {
        let last = |flight: &super::Flight| flight.states.last().expect("one").clone();
        let mut ahead = self.flight.as_ref().map_or(self.committed.clone(), last);
        for call in &self.waiting {
            let _ = ahead.judge(&call.write);
        }
        ahead
    }
}
