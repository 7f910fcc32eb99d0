//! A full queue, and callers who come, wait and go.

use crate::world::{
    Running, answers, assert_done, in_epoch, keeping, keeping_all, lesson, write, writes,
};
use authority::authority::open;
use authority::fact::{Write, WriteError};
use authority::group::{MAX_GROUP, MAX_WAITING};
use crashdisk::{Disk, Handle};
use domain::LessonKey;
use redb::StorageBackend;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;
use testbed::memory::Watch;
use testbed::{idle, live, note, scene, story};
use tokio::task::yield_now;

/// A group that is large enough for the file to grow costs the engine some more.
const MAX_SYNCS_WITH_GROWTH: usize = 4;

/// **A8** More writers than there are places wait their turn, and each is answered.
#[test]
fn more_writers_than_places_wait_their_turn() {
    story(|| async {
        let mut running = Running::new();
        let count = MAX_WAITING + MAX_GROUP + 10;
        let before = running.disk.syncs();
        let answers = running.write_all(writes(count)).await;
        assert!(
            answers.iter().all(Result::is_ok),
            "{count} writers came at once; {} were not served.",
            answers.iter().filter(|answer| answer.is_err()).count()
        );
        let syncs = running.disk.syncs() - before;
        assert!(
            syncs <= 4 * MAX_SYNCS_WITH_GROWTH,
            "{count} writes took {syncs} syncs: they waited together, and hardly shared any."
        );
    });
}

/// **A8** What callers who have given up leave behind is bounded, also while nothing is committed.
#[test]
fn callers_who_come_and_go_leave_nothing_that_grows() {
    story(|| async {
        let mut running = Running::new();
        let come_and_go = |from: usize, to: usize| {
            let authority = running.authority.clone();
            async move {
                for n in from..to {
                    let large = Write {
                        note: "n".repeat(4000),
                        ..write(lesson(1), 0, &format!("caller {n}"))
                    };
                    // Polled once, as a caller does that gives up at once.
                    {
                        let mut call = pin!(authority.write(large));
                        let mut context = Context::from_waker(Waker::noop());
                        let _ = call.as_mut().poll(&mut context);
                    }
                    // Tokio lets a task do only so much at a time: the next caller is another one.
                    yield_now().await;
                }
            }
        };
        come_and_go(0, MAX_WAITING + 10).await;
        let watch = Watch::start();
        come_and_go(10_000, 14_000).await;
        let grown = watch.grown_bytes();
        assert!(
            grown < 1 << 20,
            "4,000 callers came and gave up while nothing was committed, and {grown} bytes of theirs \
             are still kept, beyond the {MAX_WAITING} that may wait."
        );
        note("more come than are committed: after each group the queue is filled again");
        for round in 0..10 {
            running.committer.commit_waiting();
            come_and_go(20_000 + round * 2_000, 22_000 + round * 2_000).await;
        }
        let grown = watch.grown_bytes();
        assert!(
            grown < 8 << 20,
            "The queue was full, and after each of 10 groups it was filled again. {grown} bytes more are kept \
             than when it was full at first. What was taken out of the queue, and waits elsewhere, waits as well, \
             and at most {MAX_WAITING} may."
        );
        running.commit().await;
        let answer = running.write(write(lesson(2), 0, "the next")).await;
        assert_done(&answer, lesson(2), 1, "Life goes on.");
    });
}

/// **A8** Without a committer nothing can be written, and callers are told instead of left to wait.
#[test]
fn without_a_committer_callers_are_told() {
    story(|| async {
        let mut running = Running::new();
        let first = running.write(write(lesson(9), 0, "first")).await;
        assert_done(&first, lesson(9), 1, "It is the first.");
        let disk = running.disk.clone();
        let waiting = running.submit(writes(2)).await;
        let Running {
            authority,
            committer,
            ..
        } = running;
        drop(committer);
        note("the committer is gone");
        for answer in answers(waiting).await {
            assert_eq!(
                answer,
                Err(WriteError::Stopped),
                "It waited, and was never tried."
            );
        }
        let late = authority.clone();
        let late = tokio::spawn(async move { late.write(write(lesson(3), 0, "late")).await });
        assert_eq!(
            answers(vec![late]).await,
            [Err(WriteError::Stopped)],
            "Nobody will ever commit it."
        );
        drop(authority);
        let after = Running::on(&disk, keeping_all());
        assert_eq!(
            after.version(lesson(1)),
            0,
            "`Stopped` says that it was not done."
        );
    });
}

/// **A8** A group of any size and kind costs one sync, once the file has the size that it needs.
#[test]
fn a_group_of_any_kind_costs_one_sync() {
    story(|| async {
        for (what, size, note_bytes, kept, newer) in [
            ("512 writes", MAX_GROUP, 0, 1_000_000, 0),
            ("20 writes, of which 3 replies are kept", 20, 0, 3, 0),
            (
                "20 writes, each with a note of 4,000 bytes",
                20,
                4000,
                1_000_000,
                0,
            ),
            (
                "20 writes, in a newer epoch than the group before",
                20,
                0,
                1_000_000,
                1,
            ),
        ] {
            scene(format!("each group has {what}"));
            let mut running = Running::on(&Disk::new(), keeping(kept));
            let mut least = usize::MAX;
            for seen in 0..5 {
                let before = running.disk.syncs();
                let writes = (0..size as u64).map(|n| Write {
                    note: "n".repeat(note_bytes),
                    ..in_epoch(newer * seen, write(lesson(n), seen, &format!("{n} {seen}")))
                });
                let handed_in = running.submit(writes.collect()).await;
                assert_eq!(
                    running.committer.commit_waiting(),
                    size,
                    "So many wait, and a group takes as many."
                );
                let answers = answers(handed_in).await;
                assert!(
                    answers.iter().all(Result::is_ok),
                    "Each has seen the one before."
                );
                least = least.min(running.disk.syncs() - before);
            }
            assert_eq!(
                least, 1,
                "Five groups were committed, of {what}, and the cheapest of them took {least} syncs. What \
                 belongs to a group is in its one transaction."
            );
        }
    });
}

/// **A8** A write waits for its place and its answer as long as it takes: time makes no outcome known.
#[test]
fn a_write_waits_as_long_as_it_takes() {
    story(|| async {
        let mut running = Running::new();
        let count = MAX_WAITING as u64 + 3;
        let writes = (0..count).map(|n| write(lesson(n), 0, &format!("{n}")));
        let handed_in = running.submit(writes.collect()).await;
        tokio::time::sleep(Duration::from_secs(60 * 60)).await;
        note("an hour passes, in which nothing is committed");
        let given_up = handed_in.iter().filter(|write| write.is_finished()).count();
        assert_eq!(
            given_up, 0,
            "{given_up} writes were answered, and nothing has been committed, nor has the disk failed. How long \
             to wait is the caller's to say, by leaving."
        );
        running.commit().await;
        let answers = answers(handed_in).await;
        assert!(
            answers.iter().all(Result::is_ok),
            "All of them are new, and the disk is well."
        );
    });
}

/// **A8** Whoever gives up while it waits for a place leaves that place to others.
#[test]
fn whoever_gives_up_waiting_for_a_place_takes_none() {
    story(|| async {
        let mut running = Running::new();
        let handed_in = running.submit(writes(MAX_WAITING + 20)).await;
        note("20 writes wait for a place; 10 of their callers give up, and 10 more callers come");
        for gone in &handed_in[MAX_WAITING..MAX_WAITING + 10] {
            gone.abort();
        }
        idle().await;
        let late = (2001..2011).map(|n| write(lesson(n), 0, &format!("late {n}")));
        let late = running.submit(late.collect()).await;
        running.commit().await;
        let stayed = handed_in
            .into_iter()
            .enumerate()
            .filter(|(n, _)| !(MAX_WAITING..MAX_WAITING + 10).contains(n))
            .map(|(_, write)| write)
            .chain(late);
        let answers = answers(stayed.collect()).await;
        let served = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(
            served,
            answers.len(),
            "All of them are new, and stayed to hear their answer."
        );
    });
}

/// A disk on which a sync panics, on order.
#[derive(Debug)]
struct Panics {
    disk: Handle,
    now: Arc<AtomicBool>,
}

impl StorageBackend for Panics {
    fn len(&self) -> io::Result<u64> {
        self.disk.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.now.load(Ordering::SeqCst) {
            // As a panic does, without a word.
            resume_unwind(Box::new("a bug below the store"));
        }
        self.disk.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.write(offset, data)
    }
}

/// **A2** If the commit of a group panics, nobody in it is told that nothing was done: it may have been.
#[test]
fn a_panic_under_a_group_leaves_its_outcome_unknown() {
    live(|| {
        let now = Arc::new(AtomicBool::new(false));
        let backend = Panics {
            disk: Disk::new().handle(),
            now: Arc::clone(&now),
        };
        let (authority, mut committer) = open(backend, keeping_all()).expect("a new store");
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(authority.write(write(lesson(1), 0, "first")));
        let _ = first.as_mut().poll(&mut context);
        committer.commit_waiting();
        let Poll::Ready(answer) = first.as_mut().poll(&mut context) else {
            panic!("The first write was committed, and has no answer.");
        };
        assert_done(&answer, lesson(1), 1, "It is the first.");
        let mut calls: Vec<_> = writes(3)
            .into_iter()
            .map(|write| Box::pin(authority.write(write)))
            .collect();
        for call in &mut calls {
            let _ = call.as_mut().poll(&mut context);
        }
        now.store(true, Ordering::SeqCst);
        note("three writes are handed in, and the commit of their group panics");
        let ended = catch_unwind(AssertUnwindSafe(|| committer.commit_waiting()));
        now.store(false, Ordering::SeqCst);
        note(format!("`commit_waiting` gave {:?}", ended.as_ref().ok()));
        drop(committer);
        for call in &mut calls {
            let answer = call.as_mut().poll(&mut context);
            assert!(
                matches!(answer, Poll::Ready(Err(WriteError::Unknown))),
                "A commit that had begun ended in a panic, and a caller in its group got this answer: {answer:?}. `Stopped` would say that nothing was done."
            );
        }
    });
}

/// **A4** **A8** However many threads write the same lessons at once, each version is made once, none is left
/// out, and syncs are shared.
#[test]
fn threads_that_race_make_each_version_once() {
    const THREADS: u64 = 4;
    const WRITES: u64 = 150;
    live(|| {
        let disk = Disk::new();
        let (authority, committer) = open(disk.handle(), keeping_all()).expect("a new store");
        let running = thread::spawn(move || committer.run());
        let authority = Arc::new(authority);
        let racing: Vec<_> = (0..THREADS)
            .map(|thread| {
                let authority = Arc::clone(&authority);
                thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .build()
                        .expect("a runtime");
                    let mut made = Vec::new();
                    for n in 0..WRITES {
                        let key = lesson(1 + n % 3);
                        let seen = authority.reader().read(key).expect("readable");
                        let seen = seen.map_or(0, |record| record.progress().version.0);
                        let write = write(key, seen, &format!("{thread} {n}"));
                        match runtime.block_on(authority.write(write)) {
                            Ok(receipt) => made.push((receipt.key(), receipt.version().0)),
                            Err(WriteError::Stale { current }) => {
                                assert!(
                                    current.is_some_and(|current| current.0 > seen),
                                    "Version {seen} had been read, and is stale, for {current:?} is \
                                     current. Versions do not go back."
                                );
                            }
                            // The loop has ended, and says why when it is joined.
                            Err(WriteError::Stopped) => break,
                            Err(error) => panic!("A racing write got this answer: {error}."),
                        }
                    }
                    made
                })
            })
            .collect();
        let mut versions: BTreeMap<LessonKey, BTreeSet<u64>> = BTreeMap::new();
        let mut made = 0;
        for racing in racing {
            let done = match racing.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            for (key, version) in done {
                made += 1;
                assert!(
                    versions.entry(key).or_default().insert(version),
                    "Two callers were told that theirs is version {version} of lesson {}. One of the two \
                     writes is lost, and was acknowledged.",
                    key.lesson.0
                );
            }
        }
        let reader = authority.reader();
        drop(authority);
        if let Err(panic) = running.join() {
            std::panic::resume_unwind(panic);
        }
        for (key, made) in &versions {
            let there = reader.read(*key).expect("readable");
            let there = there.map_or(0, |record| record.progress().version.0);
            let all: BTreeSet<u64> = (1..=there).collect();
            assert_eq!(
                made, &all,
                "Lesson {} is at version {there}. (Left: the versions that somebody has a receipt for.)",
                key.lesson.0
            );
        }
        note(format!("{made} writes were accepted"));
        assert!(made > 50, "Hardly any write was accepted: {made}.");
    });
}
