//! What the contract says, without any disk.

use crate::world::in_epoch;
use authority::fact::{Epoch, IdempotencyKey, Write, WriteError};
use domain::{LessonKey, Version};
use std::collections::{BTreeMap, VecDeque};

/// The facts and the replies that the store has to hold.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) facts: BTreeMap<LessonKey, (Version, Write)>,
    /// The replies that are kept, oldest first.
    pub(super) replies: VecDeque<(Write, Version)>,
    pub(super) newest: Epoch,
    pub(super) kept: usize,
}

impl Model {
    pub(super) fn version(&self, key: LessonKey) -> Option<Version> {
        self.facts.get(&key).map(|(version, _)| *version)
    }

    pub(super) fn reply(&self, key: &IdempotencyKey) -> Option<&(Write, Version)> {
        self.replies
            .iter()
            .find(|(earlier, _)| earlier.idempotency_key == *key)
    }

    /// What a write has to be told, and whether it is new.
    pub(super) fn judge(&mut self, write: &Write) -> (Result<Version, WriteError>, bool) {
        if let Some((earlier, version)) = self.reply(&write.idempotency_key) {
            let same = in_epoch(0, earlier.clone()) == in_epoch(0, write.clone());
            return (
                if same {
                    Ok(*version)
                } else {
                    Err(WriteError::Conflict)
                },
                false,
            );
        }
        if write.epoch < self.newest {
            let newest = self.newest;
            return (Err(WriteError::Fenced { newest }), false);
        }
        let current = self.version(write.key);
        if write.expected != current {
            return (Err(WriteError::Stale { current }), false);
        }
        let version = Version(current.map_or(1, |current| current.0 + 1));
        self.facts.insert(write.key, (version, write.clone()));
        self.newest = write.epoch;
        self.replies.push_back((write.clone(), version));
        if self.replies.len() > self.kept {
            self.replies.pop_front();
        }
        (Ok(version), true)
    }
}
