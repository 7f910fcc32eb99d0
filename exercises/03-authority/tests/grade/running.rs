//! An authority that runs on a disk in the test's hands.

use authority::authority::{Authority, Reader, Settings, open};
use authority::fact::{Epoch, IdempotencyKey, OpenError, Receipt, Record, Write, WriteError};
use authority::group::Committer;
use crashdisk::Disk;
use domain::{LessonKey, Version};
use std::num::NonZeroU64;
use std::thread;
use testbed::{idle, note, soon};
use tokio::task::JoinHandle;

pub type Answer = Result<Receipt, WriteError>;

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
        note("the store was closed and opened again");
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
        let handed_in = self.submit(writes).await;
        self.commit().await;
        answers(handed_in).await
    }

    /// Hands in one write and commits it.
    pub async fn write(&mut self, write: Write) -> Answer {
        self.write_all(vec![write]).await.remove(0)
    }

    /// Commits until nothing waits.
    pub async fn commit(&mut self) {
        loop {
            let answered = self.committer.commit_waiting();
            if answered == 0 {
                return;
            }
            note(format!(
                "the committer answered {answered} writes; {} syncs so far",
                self.disk.syncs()
            ));
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

/// What became of writes.
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
    match running.join() {
        Err(panic) => std::panic::resume_unwind(panic),
        Ok(()) => panic!("`run` has ended, and a write waits to be committed."),
    }
}

/// A lesson.
pub fn lesson(lesson: u64) -> LessonKey {
    LessonKey::new(1, lesson)
}

/// A write of `key` that expects `seen` (0 for none yet), in epoch 1. Its content is told by `named`,
/// and `named` is its idempotency key.
pub fn write(key: LessonKey, seen: u64, named: &str) -> Write {
    Write {
        key,
        expected: (seen > 0).then_some(Version(seen)),
        steps_done: u32::try_from(seen).expect("few versions") + 1,
        completed: named.len().is_multiple_of(2),
        note: format!("written as {named}"),
        idempotency_key: IdempotencyKey::new(named).expect("a short name"),
        epoch: Epoch(1),
    }
}

/// The same write in another epoch.
pub fn in_epoch(epoch: u64, write: Write) -> Write {
    Write {
        epoch: Epoch(epoch),
        ..write
    }
}

/// Fails unless `answer` is a receipt for `version` of `key`.
pub fn assert_done(answer: &Answer, key: LessonKey, version: u64, lesson: &str) {
    let got = answer
        .as_ref()
        .map(|receipt| (receipt.key(), receipt.version()));
    assert_eq!(
        got,
        Ok((key, Version(version)))
            .as_ref()
            .copied()
            .map_err(|e: &WriteError| e),
        "{lesson}"
    );
}

/// Fails unless the record is what `write` wrote.
pub fn assert_holds(record: &Record, write: &Write, version: u64, lesson: &str) {
    let progress = record.progress();
    assert_eq!(
        (
            progress.key,
            progress.version,
            progress.steps_done,
            progress.completed,
            record.note()
        ),
        (
            write.key,
            Version(version),
            write.steps_done,
            write.completed,
            write.note.as_str()
        ),
        "{lesson}"
    );
}
