//! Versions and the compare-and-set, held against a model.

use crate::running::{Running, assert_done, assert_holds, in_epoch, keeping, lesson, write};
use authority::fact::{Epoch, Receipt, Write, WriteError};
use domain::{LessonKey, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{HashMap, VecDeque};
use std::mem;
use testbed::{note, stories, story};

/// **A4** A write that expects another version than the current one changes nothing, and is told the
/// current one.
#[test]
fn a_stale_write_changes_nothing() {
    story(|| async {
        let mut running = Running::new();
        let key = lesson(1);
        let first = write(key, 0, "first");
        assert_done(&running.write(first).await, key, 1, "Nobody was before it.");
        let second = write(key, 1, "second");
        assert_done(
            &running.write(second.clone()).await,
            key,
            2,
            "It has seen version 1.",
        );
        for (seen, named) in [
            (0, "has seen nothing"),
            (1, "has seen 1"),
            (3, "has seen 3"),
        ] {
            let answer = running.write(write(key, seen, named)).await;
            assert_eq!(
                answer,
                Err(WriteError::Stale {
                    current: Some(Version(2))
                }),
                "A caller that {named} wrote over version 2."
            );
            let record = running.read(key).expect("it was written twice");
            assert_holds(
                &record,
                &second,
                2,
                "A refused write has changed something.",
            );
        }
        let ahead = running.write(write(lesson(2), 1, "has seen a ghost")).await;
        assert_eq!(
            ahead,
            Err(WriteError::Stale { current: None }),
            "It expects version 1 of a lesson that nobody has begun."
        );
        assert_eq!(
            running.read(lesson(2)),
            None,
            "A refused write has made something."
        );
    });
}

/// **A4** Of those who saw the same version, one wins, and versions have no gap, also in one group.
#[test]
fn of_many_who_saw_the_same_version_one_wins() {
    story(|| async {
        let mut running = Running::new();
        let key = lesson(1);
        for round in 0..4 {
            let rivals = (0..10).map(|n| write(key, round, &format!("rival {n} in round {round}")));
            let answers = running.write_all(rivals.collect()).await;
            let won = answers.iter().filter(|answer| answer.is_ok()).count();
            assert_eq!(
                won, 1,
                "Ten callers saw version {round} and all wrote: {won} of them were told that theirs \
                 is the next one."
            );
            for answer in answers {
                match answer {
                    Ok(receipt) => assert_eq!(receipt.version(), Version(round + 1)),
                    Err(error) => assert_eq!(
                        error,
                        WriteError::Stale {
                            current: Some(Version(round + 1))
                        }
                    ),
                }
            }
            assert_eq!(running.version(key), round + 1);
        }
    });
}

/// What the store is asked to do, as proptest picks it.
#[derive(Clone, Debug)]
enum Step {
    /// A write of one of three lessons. `lag` is how far its expectation is behind (or, at 3, ahead);
    /// `name` is its idempotency key.
    Write {
        lesson: u64,
        lag: u64,
        name: u8,
        epoch: u64,
    },
    /// Commits what has been handed in.
    Commit,
    /// Closes the store, and opens it again.
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lag = prop_oneof![6 => Just(0), 1 => Just(1), 1 => Just(3)];
    let name = prop_oneof![3 => 0..6_u8, 4 => 6..60_u8];
    let epoch = prop_oneof![5 => Just(2), 1 => Just(1), 1 => Just(3)];
    let write = (1..4_u64, lag, name, epoch).prop_map(|(lesson, lag, name, epoch)| Step::Write {
        lesson,
        lag,
        name,
        epoch,
    });
    vec(
        prop_oneof![8 => write, 2 => Just(Step::Commit), 1 => Just(Step::Reopen)],
        1..24,
    )
}

/// How many replies the store under test keeps.
const KEPT: u64 = 5;

/// What the contract says, without any disk.
#[derive(Default)]
struct Model {
    versions: HashMap<LessonKey, u64>,
    /// The replies that are kept, oldest first.
    replies: VecDeque<(Write, Version)>,
    /// Those beyond the bound, of this group: they may be forgotten at once, or with the commit.
    fading: Vec<Write>,
    newest: u64,
}

type Expected = Result<(LessonKey, Version), WriteError>;

impl Model {
    fn answer(&mut self, write: &Write) -> Expected {
        let repeated = self
            .replies
            .iter()
            .find(|(earlier, _)| earlier.idempotency_key == write.idempotency_key);
        if let Some((earlier, version)) = repeated {
            let same = in_epoch(0, earlier.clone()) == in_epoch(0, write.clone());
            return if same {
                Ok((write.key, *version))
            } else {
                Err(WriteError::Conflict)
            };
        }
        if write.epoch.0 < self.newest {
            return Err(WriteError::Fenced {
                newest: Epoch(self.newest),
            });
        }
        let version = self.versions.entry(write.key).or_default();
        let current = (*version > 0).then_some(Version(*version));
        if write.expected != current {
            return Err(WriteError::Stale { current });
        }
        *version += 1;
        self.newest = write.epoch.0;
        let version = Version(*version);
        self.replies.push_back((write.clone(), version));
        if self.replies.len() as u64 > KEPT {
            self.fading
                .extend(self.replies.pop_front().map(|(write, _)| write));
        }
        Ok((write.key, version))
    }

    /// Whether the contract leaves open what the answer is.
    fn leaves_open(&self, write: &Write) -> bool {
        let mut fading = self.fading.iter();
        fading.any(|earlier| earlier.idempotency_key == write.idempotency_key)
    }
}

/// **A4** Whatever is asked in whatever groups, with retries, rivals, replaced writers and restarts
/// between: the answers are those of the contract, and versions rise one by one.
#[test]
fn every_history_follows_the_contract() {
    stories(steps(), |steps| async move {
        let mut running = Running::new().reopened(keeping(KEPT));
        let mut model = Model::default();
        let (mut group, mut expected) = (Vec::new(), Vec::new());
        let mut seen = HashMap::new();
        for step in steps.into_iter().chain([Step::Commit]) {
            match step {
                Step::Write {
                    lesson: number,
                    lag,
                    name,
                    epoch,
                } => {
                    let key = lesson(number);
                    let known: &mut u64 = seen.entry(key).or_default();
                    let expects = match lag {
                        3 => *known + 1,
                        lag => known.saturating_sub(lag),
                    };
                    let write = in_epoch(epoch, write(key, expects, &format!("key {name}")));
                    if model.leaves_open(&write) {
                        continue;
                    }
                    note(format!(
                        "lesson {number} is written by epoch {epoch}, expecting {expects}, under \
                         idempotency key {name}"
                    ));
                    expected.push(model.answer(&write));
                    group.push(write);
                }
                Step::Commit => {
                    model.fading.clear();
                    let answers = running.write_all(mem::take(&mut group)).await;
                    let answers: Vec<Expected> = answers
                        .into_iter()
                        .map(|answer| answer.map(|r: Receipt| (r.key(), r.version())))
                        .collect();
                    assert_eq!(
                        answers,
                        mem::take(&mut expected),
                        "The group was answered against the contract."
                    );
                    for (key, version) in &model.versions {
                        assert_eq!(
                            running.version(*key),
                            *version,
                            "{key:?} is at another version."
                        );
                    }
                    seen.clone_from(&model.versions);
                }
                Step::Reopen => running = running.reopened(keeping(KEPT)),
            }
        }
    });
}

/// **A4** Versions are compared whole.
#[test]
fn versions_are_compared_whole() {
    story(|| async {
        let mut running = Running::new();
        let first = running.write(write(lesson(1), 0, "first")).await;
        assert_done(&first, lesson(1), 1, "Nobody has begun.");
        for far in [(1 << 32) | 1, (1 << 63) | 1, u64::MAX] {
            let decided_on_it = Write {
                expected: Some(Version(far)),
                ..write(lesson(1), 1, &format!("has seen {far}"))
            };
            assert_eq!(
                running.write(decided_on_it).await,
                Err(WriteError::Stale {
                    current: Some(Version(1))
                }),
                "It expects version {far}, and version 1 is current."
            );
        }
    });
}
