//! Writers that wait together: syncs are counted, never timed.

use crate::running::{
    Answer, Running, answers, assert_done, ended_early, in_epoch, keeping_all, lesson, write,
};
use authority::authority::open;
use authority::fact::{Epoch, Write, WriteError};
use authority::group::{MAX_GROUP, MAX_WAITING};
use crashdisk::Disk;
use domain::Version;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;
use testbed::memory::Watch;
use testbed::{idle, live, note, scene, story};
use tokio::task::{JoinHandle, yield_now};

/// `count` writes of lessons of their own.
fn writes(count: usize) -> Vec<Write> {
    (1..=count as u64)
        .map(|n| write(lesson(n), 0, &format!("write {n}")))
        .collect()
}

/// **A8** A commit costs one sync, however many writers wait for it.
#[test]
fn writers_that_wait_together_share_one_sync() {
    story(|| async {
        for count in [1, 2, 8, 64] {
            let syncs = syncs_of(count).await;
            assert_eq!(
                syncs, 1,
                "{count} writes were committed with {syncs} syncs. A sync costs the same for one write \
                 as for many, so those that wait together share it."
            );
        }
        let syncs = syncs_of(MAX_GROUP).await;
        assert!(
            syncs <= MAX_SYNCS_WITH_GROWTH,
            "{MAX_GROUP} writes were committed with {syncs} syncs."
        );
    });
}

/// A group that is large enough for the file to grow costs the engine some more.
const MAX_SYNCS_WITH_GROWTH: usize = 4;

/// How many syncs it takes to write to so many lessons in one group, on a new store.
async fn syncs_of(count: usize) -> usize {
    scene(format!("{count} writers wait together"));
    let mut running = Running::new();
    let before = running.disk.syncs();
    let handed_in = running.submit(writes(count)).await;
    assert_eq!(
        running.committer.commit_waiting(),
        count,
        "`commit_waiting` says how many it has answered."
    );
    for (n, answer) in (1..).zip(&answers(handed_in).await) {
        assert_done(
            answer,
            lesson(n),
            1,
            "Its lesson and its key are its own, and nothing stands against it.",
        );
    }
    running.disk.syncs() - before
}

/// **A8** Whoever is refused in a group harms nobody else in it.
#[test]
fn a_refused_write_harms_no_other_in_its_group() {
    story(|| async {
        let mut running = Running::new();
        assert!(running.write(write(lesson(1), 0, "used")).await.is_ok());
        let before = running.disk.syncs();
        let too_long = Write {
            note: "n".repeat(100_000),
            ..write(lesson(3), 0, "too long")
        };
        let answers = running
            .write_all(vec![
                write(lesson(2), 0, "good"),
                write(lesson(1), 0, "stale"),
                write(lesson(9), 0, "used"),
                too_long,
                write(lesson(1), 1, "good as well"),
            ])
            .await;
        assert_done(
            &answers[0],
            lesson(2),
            1,
            "It shares a group with refused writes, and has nothing to do with them.",
        );
        let stale = WriteError::Stale {
            current: Some(Version(1)),
        };
        assert_eq!(answers[1], Err(stale));
        assert_eq!(answers[2], Err(WriteError::Conflict));
        assert_eq!(answers[3], Err(WriteError::TooLarge { bytes: 100_000 }));
        assert_done(
            &answers[4],
            lesson(1),
            2,
            "It comes after refused writes of its group, and has nothing to do with them.",
        );
        assert_eq!(
            running.disk.syncs() - before,
            1,
            "Syncs for one group with two writes in it that are right and new."
        );
        assert_eq!(running.version(lesson(9)), 0);
        let refused = running
            .submit(vec![write(lesson(1), 0, "stale again")])
            .await;
        assert_eq!(
            running.committer.commit_waiting(),
            1,
            "A refusal is an answer, and counts as one."
        );
        self::answers(refused).await;
    });
}

/// **A8** What changes nothing costs no sync.
#[test]
fn what_changes_nothing_costs_no_sync() {
    story(|| async {
        let mut running = Running::new();
        let done = write(lesson(1), 0, "done");
        assert!(running.write(done.clone()).await.is_ok());
        let before = running.disk.syncs();
        assert_eq!(running.committer.commit_waiting(), 0, "Nobody waits.");
        let answers = running
            .write_all(vec![done.clone(), write(lesson(1), 0, "stale"), done])
            .await;
        note(format!("the answers were {answers:?}"));
        assert!(answers[0].is_ok() && answers[1].is_err() && answers[2].is_ok());
        assert_eq!(
            running.disk.syncs() - before,
            0,
            "A retry and a refusal were answered with syncs. What they rest on is durable already; a \
             storm of retries would take the disk from those who have something to write."
        );
    });
}

/// **A8** A caller that gives up takes nobody with it, wherever it stood.
#[test]
fn a_caller_that_gives_up_harms_no_other() {
    story(|| async {
        let mut running = Running::new();
        let handed_in = running.submit(writes(6)).await;
        note("the callers of writes 1, 3 and 6 give up");
        for gone in [0, 2, 5] {
            handed_in[gone].abort();
        }
        idle().await;
        running.commit().await;
        let left: Vec<JoinHandle<Answer>> = handed_in
            .into_iter()
            .enumerate()
            .filter(|(n, _)| ![0, 2, 5].contains(n))
            .map(|(_, write)| write)
            .collect();
        for (answer, n) in answers(left).await.iter().zip([2, 4, 5]) {
            assert_done(
                answer,
                lesson(n),
                1,
                "Other callers gave up, and this one did not.",
            );
        }
        let answer = running.write(write(lesson(9), 0, "the next")).await;
        assert_done(&answer, lesson(9), 1, "Life goes on.");
    });
}

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
        running.commit().await;
        let answer = running.write(write(lesson(2), 0, "the next")).await;
        assert_done(&answer, lesson(2), 1, "Life goes on.");
    });
}

/// **A8** The committer's own loop takes whatever has gathered while the disk was busy, and ends with
/// the last authority.
#[test]
fn the_loop_commits_what_has_gathered_and_ends_with_the_authority() {
    live(|| {
        let disk = Disk::new();
        let (authority, committer) = open(disk.handle(), keeping_all()).expect("a new store");
        let before = disk.syncs();
        disk.hold_syncs();
        let running = thread::spawn(move || committer.run());
        let mut context = Context::from_waker(Waker::noop());
        let mut calls: Vec<_> = writes(20)
            .into_iter()
            .map(|write| Box::pin(authority.write(write)))
            .collect();
        note("one write is handed in, and the disk takes its time over it");
        assert!(calls[0].as_mut().poll(&mut context).is_pending());
        if !disk.wait_for_a_held_sync(|| running.is_finished()) {
            ended_early(running);
        }
        note("19 more are handed in meanwhile");
        for call in &mut calls[1..] {
            assert!(call.as_mut().poll(&mut context).is_pending());
        }
        disk.release_syncs();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        for (n, call) in (1..).zip(calls) {
            assert_done(
                &runtime.block_on(call),
                lesson(n),
                1,
                "Nothing stands against it.",
            );
        }
        assert_eq!(
            disk.syncs() - before,
            2,
            "One write was being synced while 19 gathered: two syncs are enough for all."
        );
        note("50 writes come one after the other; between them the loop has nothing to do");
        for seen in 0..50 {
            let write = write(lesson(50), seen, &format!("alone {seen}"));
            let answer = runtime.block_on(authority.write(write));
            assert_done(&answer, lesson(50), seen + 1, "It has seen the one before.");
        }
        let last = authority.write(write(lesson(30), 0, "the last"));
        let mut last = Box::pin(last);
        let _ = last.as_mut().poll(&mut context);
        drop(last);
        drop(authority);
        note("the last authority is gone");
        assert!(running.join().is_ok(), "The loop panicked.");

        note("another loop has nothing to do when its authority goes");
        let (authority, committer) = open(disk.handle(), keeping_all()).expect("the same store");
        let running = thread::spawn(move || committer.run());
        let answer = runtime.block_on(authority.write(write(lesson(31), 0, "before the rest")));
        assert_done(&answer, lesson(31), 1, "Nothing stands against it.");
        // A loop that was given way to so often is waiting by now, and no clock is asked.
        for _ in 0..1000 {
            thread::yield_now();
        }
        drop(authority);
        note("that authority is gone as well");
        assert!(running.join().is_ok(), "The loop panicked.");
    });
}

/// **A8** Without a committer nothing can be written, and callers are told instead of left to wait.
#[test]
fn without_a_committer_callers_are_told() {
    story(|| async {
        let running = Running::new();
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

/// **A8** The loop ends with the last authority, also while others still look and listen.
#[test]
fn readers_and_listeners_keep_no_loop_running() {
    live(|| {
        let disk = Disk::new();
        let (authority, committer) = open(disk.handle(), keeping_all()).expect("a new store");
        let running = thread::spawn(move || committer.run());
        let reader = authority.reader();
        let changes = reader.changes();
        drop(authority);
        note("the last authority is gone, a reader and a listener stay, and the loop has to end");
        assert!(running.join().is_ok(), "The loop panicked.");
        drop((reader, changes));
    });
}

/// **A8** A group is judged in the order in which it came, also where that is not the order of its lessons.
#[test]
fn a_group_is_judged_in_the_order_in_which_it_came() {
    story(|| async {
        let mut running = Running::new();
        let answers = running
            .write_all(vec![
                write(lesson(9), 0, "shared"),
                write(lesson(1), 0, "shared"),
                in_epoch(2, write(lesson(8), 0, "newer")),
                write(lesson(2), 0, "older"),
            ])
            .await;
        assert_done(&answers[0], lesson(9), 1, "It came first.");
        assert_eq!(
            answers[1],
            Err(WriteError::Conflict),
            "The key had been used before."
        );
        assert_done(&answers[2], lesson(8), 1, "It is newer.");
        assert_eq!(
            answers[3],
            Err(WriteError::Fenced { newest: Epoch(2) }),
            "A newer epoch had written before."
        );
    });
}

/// **A8** A group of any size costs one sync, once the file has the size that it needs.
#[test]
fn the_largest_group_costs_one_sync_too() {
    story(|| async {
        let mut running = Running::new();
        let mut least = usize::MAX;
        for seen in 0..4 {
            let before = running.disk.syncs();
            let writes =
                (0..MAX_GROUP as u64).map(|n| write(lesson(n), seen, &format!("{n} {seen}")));
            let handed_in = running.submit(writes.collect()).await;
            assert_eq!(running.committer.commit_waiting(), MAX_GROUP);
            assert!(answers(handed_in).await.iter().all(Result::is_ok));
            least = least.min(running.disk.syncs() - before);
        }
        assert_eq!(
            least, 1,
            "Four groups of {MAX_GROUP} writes were committed, and the cheapest of them took {least} syncs."
        );
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
        assert!(answers(handed_in).await.iter().all(Result::is_ok));
    });
}
