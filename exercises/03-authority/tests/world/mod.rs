//! What both parts of the grader use: an authority that runs on a disk in the test's hands.
//!
//! The disk is a [`crashdisk`]: it counts syncs, fails on order, and can be looked at as it would be
//! found after a crash at any point. Nothing is committed but by the [`Committer`] in the test's hands,
//! so that a test decides which writes wait together.

#![allow(dead_code, reason = "each part of the grader uses its own share")]

pub mod crash;

use authority::authority::{Authority, Reader, Settings, open};
use authority::changes::{Changes, Notice};
use authority::fact::{Epoch, IdempotencyKey, OpenError, Receipt, Record, Write, WriteError};
use authority::group::Committer;
use crashdisk::Disk;
use domain::{LessonKey, Version};
use std::num::NonZeroU64;
use std::thread;
use std::time::Duration;
use testbed::{idle, note, soon};
use tokio::task::JoinHandle;

pub type Answer = Result<Receipt, WriteError>;

/// Of larger groups only the number of writes is reported.
const NAMED: usize = 8;

/// An authority, its committer, and the disk that both run on.
pub struct Running {
    pub disk: Disk,
    pub authority: Authority,
    pub committer: Committer,
}

/// Settings that keep every reply of any test.
pub fn keeping_all() -> Settings {
    keeping(1_000_000)
}

/// Settings that keep the latest `replies` replies.
pub fn keeping(replies: u64) -> Settings {
    Settings {
        retained_replies: NonZeroU64::new(replies).expect("more than none"),
    }
}

impl Running {
    /// A new store on a new disk.
    pub fn new() -> Self {
        Self::on(&Disk::new(), keeping_all())
    }

    /// The store on `disk`, which has to open.
    pub fn on(disk: &Disk, settings: Settings) -> Self {
        Self::try_on(disk, settings).unwrap_or_else(|error| {
            panic!("The store did not open on a disk that was not damaged: {error}")
        })
    }

    /// The store on `disk`.
    pub fn try_on(disk: &Disk, settings: Settings) -> Result<Self, OpenError> {
        let (authority, committer) = open(disk.handle(), settings)?;
        Ok(Self {
            disk: disk.clone(),
            authority,
            committer,
        })
    }

    /// The store closed and opened again on the same disk.
    pub fn reopened(self, settings: Settings) -> Self {
        note("the store is closed and opened again");
        let disk = self.disk.clone();
        drop(self);
        Self::on(&disk, settings)
    }

    /// What everybody but the API has.
    pub fn reader(&self) -> Reader {
        self.authority.reader()
    }

    /// Hands in writes, in this order, and commits nothing.
    pub async fn submit(&self, writes: Vec<Write>) -> Vec<JoinHandle<Answer>> {
        if writes.len() <= NAMED {
            for write in &writes {
                note(format!("handed in: {}", asked(write)));
            }
        } else {
            note(format!("{} writes are handed in", writes.len()));
        }
        let handed_in = writes.into_iter().map(|write| {
            let authority = self.authority.clone();
            tokio::spawn(async move { authority.write(write).await })
        });
        let handed_in = handed_in.collect();
        idle().await;
        handed_in
    }

    /// Hands in writes, and commits until nothing waits.
    pub async fn write_all(&mut self, writes: Vec<Write>) -> Vec<Answer> {
        let names: Vec<String> = writes.iter().map(named).collect();
        let handed_in = self.submit(writes).await;
        self.commit().await;
        let answers = answers(handed_in).await;
        if names.len() <= NAMED {
            for (name, answer) in names.iter().zip(&answers) {
                note(format!("{name} got this answer: {}", told(answer)));
            }
        }
        answers
    }

    /// Hands in one write and commits it.
    pub async fn write(&mut self, write: Write) -> Answer {
        self.write_all(vec![write]).await.remove(0)
    }

    /// Commits until nothing waits.
    pub async fn commit(&mut self) {
        while self.committer.commit_waiting() > 0 {
            // Those who waited for a place hand in theirs.
            idle().await;
        }
    }

    /// The record under `key`, which has to be readable.
    pub fn read(&self, key: LessonKey) -> Option<Record> {
        self.reader()
            .read(key)
            .unwrap_or_else(|error| panic!("The store could not be read: {error}"))
    }

    /// The version under `key`; 0 if there is none.
    pub fn version(&self, key: LessonKey) -> u64 {
        self.read(key)
            .map_or(0, |record| record.progress().version.0)
    }
}

/// The answers to writes.
pub async fn answers(handed_in: Vec<JoinHandle<Answer>>) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(handed_in.len());
    for write in handed_in {
        let answer =
            soon("a write to be answered", write)
                .await
                .unwrap_or_else(|error| match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(error) => panic!("The write was dropped: {error}"),
                });
        answers.push(answer);
    }
    answers
}

/// Fails because a committer's loop ended while there was something to commit.
pub fn ended_early(running: thread::JoinHandle<()>) -> ! {
    // A loop that panics answers its callers a moment before it is gone. Nothing is judged by this time.
    for _ in 0..1000 {
        if running.is_finished() {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    assert!(
        running.is_finished(),
        "A write was answered that the authority has stopped. The disk is well, and the loop goes on."
    );
    match running.join() {
        Err(panic) => std::panic::resume_unwind(panic),
        Ok(()) => panic!(
            "`run` has ended, and there is an authority left, whose write nobody commits. An empty queue is no \
             reason to end: more may be handed in."
        ),
    }
}

/// All notices that are there.
pub async fn heard(changes: &mut Changes) -> Vec<Notice> {
    let mut heard = Vec::new();
    // The time is virtual: it passes once nothing more is there.
    while let Ok(Some(notice)) = tokio::time::timeout(Duration::from_secs(1), changes.next()).await
    {
        heard.push(notice);
        assert!(
            heard.len() < 100_000,
            "Notices of one change come without end."
        );
    }
    heard
}

pub fn changed(key: LessonKey, version: u64) -> Notice {
    Notice::Changed {
        key,
        version: Version(version),
    }
}

/// A lesson of the first learner.
pub fn lesson(lesson: u64) -> LessonKey {
    LessonKey::new(1, lesson)
}

/// A write of `key` that expects `seen` (0 for none yet), in epoch 0. Its content follows from `named`,
/// and `named` is its idempotency key.
pub fn write(key: LessonKey, seen: u64, named: &str) -> Write {
    let sum: u64 = named.bytes().map(u64::from).sum();
    Write {
        key,
        expected: (seen > 0).then_some(Version(seen)),
        steps_done: u32::try_from(seen).expect("few versions") + 1,
        // About half of them are no completion.
        completed: (sum + seen + key.lesson.0 % 2).is_multiple_of(2),
        // Most learners write nothing into the margin.
        note: match sum % 3 {
            0 => format!("written as {named}"),
            _ => String::new(),
        },
        idempotency_key: IdempotencyKey::new(named).expect("a short name"),
        epoch: Epoch(0),
    }
}

/// The same write in another epoch.
pub fn in_epoch(epoch: u64, write: Write) -> Write {
    Write {
        epoch: Epoch(epoch),
        ..write
    }
}

/// `count` writes of lessons of their own.
pub fn writes(count: usize) -> Vec<Write> {
    (1..=count as u64)
        .map(|n| write(lesson(n), 0, &format!("write {n}")))
        .collect()
}

/// A write's idempotency key, as a story tells it.
pub fn named(write: &Write) -> String {
    format!("\"{}\"", write.idempotency_key.as_str())
}

/// What a write asks for, as a story tells it.
pub fn asked(write: &Write) -> String {
    let LessonKey { learner, lesson } = write.key;
    let learner = match learner.0 {
        1 => String::new(),
        other => format!(" of learner {other}"),
    };
    let expected = write.expected.map_or("nothing there".to_owned(), |seen| {
        format!("version {}", seen.0)
    });
    let epoch = match write.epoch.0 {
        0 => String::new(),
        epoch => format!(", in epoch {epoch}"),
    };
    format!(
        "{} writes lesson {}{learner}, expecting {expected}{epoch}",
        named(write),
        lesson.0
    )
}

/// An answer, as a story tells it.
pub fn told(answer: &Answer) -> String {
    match answer {
        Ok(receipt) => format!(
            "lesson {} has version {}, and it is durable",
            receipt.key().lesson.0,
            receipt.version().0
        ),
        Err(WriteError::Stale { current }) => {
            let current = current.map_or("nothing is there".to_owned(), |current| {
                format!("version {} is current", current.0)
            });
            format!("stale, for {current}")
        }
        Err(WriteError::Conflict) => "conflict: the key belongs to another write".to_owned(),
        Err(WriteError::Fenced { newest }) => format!("fenced, for epoch {} has written", newest.0),
        Err(WriteError::Unknown) => "unknown: the disk failed".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Fails unless `answer` is a receipt for `version` of `key`.
#[track_caller]
pub fn assert_done(answer: &Answer, key: LessonKey, version: u64, lesson: &str) {
    let got = answer
        .as_ref()
        .map(|receipt| (receipt.key(), receipt.version()));
    assert!(
        got == Ok((key, Version(version))),
        "{lesson}\n    Expected answer: lesson {} has version {version}, and it is durable.\n    Got: {}.{}",
        key.lesson.0,
        told(answer),
        hint_at(answer)
    );
}

/// Fails unless `answer` is this refusal.
#[track_caller]
pub fn assert_refused(answer: &Answer, error: &WriteError, lesson: &str) {
    assert!(
        answer.as_ref() == Err(error),
        "{lesson}\n    Expected answer: {}.\n    Got: {}.{}",
        told(&Err(error.clone())),
        told(answer),
        hint_at(answer)
    );
}

/// Where to look when an answer that nobody expected says that the disk failed.
fn hint_at(answer: &Answer) -> &'static str {
    match answer {
        Err(WriteError::Unknown) => {
            "\n    `Store::commit` returned `Failed`. If no disk fails in this story, an error came from the code: \
             print what is in it, and see whether each number in `Known` has its row."
        }
        _ => "",
    }
}

/// Fails unless the record is what `write` wrote.
#[track_caller]
pub fn assert_holds(record: &Record, write: &Write, version: u64, lesson: &str) {
    let progress = record.progress();
    let holds = progress.key == write.key
        && progress.version == Version(version)
        && progress.steps_done == write.steps_done
        && progress.completed == write.completed
        && record.note() == write.note;
    assert!(
        holds,
        "{lesson}\n    Written: version {version}, {} steps, completed: {}, a note of {} bytes.\n    \
         Read: version {}, {} steps, completed: {}, a note of {} bytes{}.",
        write.steps_done,
        write.completed,
        write.note.len(),
        progress.version.0,
        progress.steps_done,
        progress.completed,
        record.note().len(),
        if record.note() == write.note {
            ""
        } else {
            ", and it is another note"
        }
    );
}
