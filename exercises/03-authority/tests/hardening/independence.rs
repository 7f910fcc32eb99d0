//! The others: they may be slow, stuck or gone, and no answer changes.

use crate::world::{Running, assert_done, changed, heard, keeping_all, lesson, write};
use authority::authority::{Reader, open};
use authority::changes::{MAX_BEHIND, Notice};
use crashdisk::{Disk, Loss};
use domain::Version;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use testbed::memory::Watch;
use testbed::{idle, live, note, soon, story};

/// **A6** Each accepted write is announced once, in its order, after it is durable; what changes nothing is not.
#[test]
fn a_change_is_told_once_and_only_when_it_is_durable() {
    story(|| async {
        let mut running = Running::new();
        let mut changes = running.reader().changes();
        let handed_in = running.submit(vec![write(lesson(1), 0, "first")]).await;
        assert_eq!(
            heard(&mut changes).await,
            [],
            "It has not been committed yet."
        );
        running.commit().await;
        drop(handed_in);
        assert_eq!(
            heard(&mut changes).await,
            [changed(lesson(1), 1)],
            "It is durable now."
        );
        let group = vec![
            write(lesson(1), 1, "second"),
            write(lesson(1), 1, "stale"),
            write(lesson(2), 0, "other"),
            write(lesson(1), 0, "first"),
            write(lesson(1), 2, "third"),
        ];
        running.write_all(group).await;
        let told = heard(&mut changes).await;
        let of = |key| -> Vec<Notice> {
            let about =
                |notice: &&Notice| matches!(notice, Notice::Changed { key: k, .. } if *k == key);
            told.iter().filter(about).copied().collect()
        };
        assert_eq!(
            of(lesson(1)),
            [changed(lesson(1), 2), changed(lesson(1), 3)],
            "The second and third version, in this order, and neither the refused write nor the retry."
        );
        assert_eq!(of(lesson(2)), [changed(lesson(2), 1)], "It was accepted.");
        assert_eq!(told.len(), 3, "There were three changes.");
        let mut late = running.reader().changes();
        assert_eq!(
            heard(&mut late).await,
            [],
            "It listens from now on; the past is to be read."
        );
    });
}

/// **A6** What is announced is true after a crash: nobody hears of a change that is then taken back.
#[test]
fn what_is_told_is_not_taken_back() {
    story(|| async {
        let mut running = Running::new();
        let mut changes = running.reader().changes();
        running.disk.fail_syncs(1);
        let answer = running.write(write(lesson(1), 0, "volatile")).await;
        note(format!("the sync failed, and the write got {answer:?}"));
        let told = heard(&mut changes).await;
        let disk = running.disk.crash(running.disk.position(), Loss::Lost);
        let after = Running::on(&disk, keeping_all());
        assert!(
            told.is_empty() || after.version(lesson(1)) == 1,
            "Subscribers heard {told:?}, and after a crash the store holds version {}. A cache \
             would now be ahead of the truth.",
            after.version(lesson(1))
        );
    });
}

/// **A6** A stuck subscriber holds nobody up, what is kept for it is bounded, and it is told that it has
/// missed something.
#[test]
fn a_stuck_subscriber_costs_a_bounded_amount_and_learns_that_it_missed_something() {
    story(|| async {
        let mut running = Running::new();
        let mut stuck = running.reader().changes();
        let total = 6 * MAX_BEHIND as u64;
        let mut version = 0;
        while version < total {
            let group =
                (0..512).map(|n| write(lesson(1), version + n, &format!("{}", version + n)));
            let answers = running.write_all(group.collect()).await;
            assert!(
                answers.iter().all(Result::is_ok),
                "A subscriber is stuck, and writes fail for it."
            );
            version += 512;
        }
        let heard = heard(&mut stuck).await;
        let missed = heard.iter().position(|notice| *notice == Notice::Missed);
        assert!(
            missed.is_some(),
            "{total} changes were made while a subscriber was stuck, and it was never told that it \
             missed any: it heard {} notices.",
            heard.len()
        );
        assert!(
            heard.len() <= 2 * MAX_BEHIND + 2,
            "{} notices were kept for a subscriber that is stuck; the bound is {MAX_BEHIND}.",
            heard.len()
        );
        assert!(
            missed < heard.iter().position(|notice| *notice != Notice::Missed) || missed == Some(0),
            "It hears of later changes before it is told that earlier ones are missing."
        );
        let kept: Vec<u64> = heard
            .iter()
            .filter_map(|notice| match notice {
                Notice::Changed { version, .. } => Some(version.0),
                Notice::Missed => None,
            })
            .collect();
        let latest: Vec<u64> = (total + 1 - MAX_BEHIND as u64..=total).collect();
        assert!(
            kept.ends_with(&latest),
            "What is kept are at least the latest {MAX_BEHIND} notices, versions {} to {total}. It \
             heard {} in all: from {:?} to {:?}.",
            latest[0],
            kept.len(),
            kept.first(),
            kept.last()
        );
        let next = running.write(write(lesson(2), 0, "fresh")).await;
        assert!(next.is_ok(), "It is new.");
        let notice = soon("a notice for one who listens again", stuck.next()).await;
        assert_eq!(
            notice,
            Some(changed(lesson(2), 1)),
            "Having caught up, it hears what is new."
        );
    });
}

/// **A6** A subscriber that stops waiting, again and again, loses no notice by it.
#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    story(|| async {
        let mut running = Running::new();
        let mut changes = running.reader().changes();
        let mut told = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        for version in 1..=20 {
            let _ = pin!(changes.next()).poll(&mut context);
            let answer = running
                .write(write(lesson(1), version - 1, &format!("{version}")))
                .await;
            assert!(answer.is_ok(), "It has seen the one before.");
            if let Poll::Ready(notice) = pin!(changes.next()).poll(&mut context) {
                told.extend(notice);
            }
        }
        told.extend(heard(&mut changes).await);
        let all: Vec<Notice> = (1..=20)
            .map(|version| changed(lesson(1), version))
            .collect();
        assert_eq!(
            told, all,
            "Waits were given up between the changes, and notices went with them."
        );
    });
}

/// **A6** Subscribers who come and go leave nothing behind.
#[test]
fn subscribers_who_come_and_go_leave_nothing() {
    story(|| async {
        let mut running = Running::new();
        let reader = running.reader();
        let watch = Watch::start();
        for _ in 0..20_000 {
            drop(reader.changes());
        }
        assert!(running.write(write(lesson(1), 0, "first")).await.is_ok());
        let grown = watch.grown_bytes();
        assert!(
            grown < 300_000,
            "20,000 subscribers came and went, and {grown} bytes are kept for them."
        );
    });
}

/// **A6** A change is announced because it was made, and not because its writer stayed to hear of it.
#[test]
fn a_change_is_told_when_its_writer_has_left() {
    story(|| async {
        let mut running = Running::new();
        let mut changes = running.reader().changes();
        let handed_in = running
            .submit(vec![
                write(lesson(1), 0, "leaves"),
                write(lesson(2), 0, "stays"),
            ])
            .await;
        handed_in[0].abort();
        idle().await;
        note("the first of two writers has given up");
        running.commit().await;
        let done = running.version(lesson(1)) == 1;
        let told = heard(&mut changes).await;
        let expected: Vec<Notice> = [(1, done), (2, true)]
            .into_iter()
            .filter(|(_, done)| *done)
            .map(|(n, _)| changed(lesson(n), 1))
            .collect();
        assert_eq!(
            told,
            expected,
            "Whose caller has given up may be done or not. This one {}; a cache has to hear of just what was \
             done.",
            if done { "was done" } else { "was not" }
        );
    });
}

/// **A6** All who wait are woken by a change, and by the end; the end cuts nothing off.
#[test]
fn all_who_wait_are_woken() {
    story(|| async {
        let mut running = Running::new();
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let mut changes = running.reader().changes();
                tokio::spawn(async move {
                    let heard = [changes.next().await, changes.next().await];
                    (heard, changes.next().await)
                })
            })
            .collect();
        idle().await;
        note("three subscribers wait");
        let mut behind = running.reader().changes();
        for version in 1..=2 {
            let write = write(lesson(1), version - 1, &format!("{version}"));
            assert!(
                running.write(write).await.is_ok(),
                "It has seen the one before."
            );
            idle().await;
        }
        drop(running);
        note("authority, readers and committer are gone");
        let all = [1, 2].map(|version| Some(changed(lesson(1), version)));
        for waiting in waiting {
            let what = "two changes, and the end, to reach each subscriber that waits";
            let heard = soon(what, waiting).await.expect("no panic");
            assert_eq!(heard, (all, None), "Both changes, and then the end.");
        }
        for expected in [all[0], all[1], None] {
            let heard = soon("what was not yet heard", behind.next()).await;
            assert_eq!(heard, expected, "The end cuts nothing off.");
        }
    });
}

/// Makes `count` further versions of lesson 1.
async fn go_on(running: &mut Running, count: usize) {
    let mut left = count as u64;
    while left > 0 {
        let seen = running.version(lesson(1));
        let size = left.min(512);
        let group = (seen..seen + size).map(|seen| write(lesson(1), seen, &format!("{seen}")));
        let answers = running.write_all(group.collect()).await;
        assert!(
            answers.iter().all(Result::is_ok),
            "Each expects the one before."
        );
        left -= size;
    }
}

/// **A6** Who has missed something is told so each time, and nobody who has missed nothing.
#[test]
fn whoever_misses_something_again_is_told_again() {
    story(|| async {
        let mut running = Running::new();
        let mut changes = running.reader().changes();
        go_on(&mut running, MAX_BEHIND).await;
        let all = heard(&mut changes).await;
        assert_eq!(
            (all.len(), all.contains(&Notice::Missed)),
            (MAX_BEHIND, false),
            "It was behind by {MAX_BEHIND}, all of which are kept: nothing is missing."
        );
        for (round, caught_up) in [(1, true), (2, false), (3, true)] {
            note(format!(
                "in round {round} the subscriber falls behind further than is kept"
            ));
            go_on(&mut running, 2 * MAX_BEHIND + 1).await;
            let first = soon("a notice for one who is behind", changes.next()).await;
            assert_eq!(
                first,
                Some(Notice::Missed),
                "In round {round} it has missed something, and hears of something newer first."
            );
            if caught_up {
                let kept = heard(&mut changes).await;
                let last = running.version(lesson(1));
                assert_eq!(
                    kept.last(),
                    Some(&changed(lesson(1), last)),
                    "The latest is kept."
                );
                assert!(
                    !kept.contains(&Notice::Missed),
                    "It has missed notices once in this round, and is told so again."
                );
            } else {
                // It takes a few, and falls behind again in the midst of the rest.
                for _ in 0..3 {
                    let notice = soon("a notice that is kept", changes.next()).await;
                    assert!(
                        matches!(notice, Some(Notice::Changed { .. })),
                        "After `Missed` comes what is kept, and it got this answer: {notice:?}."
                    );
                }
            }
        }
    });
}

/// **A1** A reader shows the last commit, whenever it was made itself.
#[test]
fn a_reader_that_is_kept_shows_what_is_new() {
    story(|| async {
        let mut running = Running::new();
        let reader = running.reader();
        let clone = reader.clone();
        for version in 1..=3 {
            let write = write(lesson(1), version - 1, &format!("write {version}"));
            assert_done(&running.write(write).await, lesson(1), version, "Its turn.");
            for reader in [&reader, &clone] {
                let shown = reader.read(lesson(1)).expect("the disk is well");
                assert_eq!(
                    shown.map(|record| record.progress().version),
                    Some(Version(version)),
                    "A reader that was made before the write does not show it. A cache has one reader for \
                     as long as it runs."
                );
            }
        }
    });
}

/// Looks when it is woken: what does a reader show at that moment?
struct Looks {
    reader: Reader,
    shown: mpsc::Sender<Option<u64>>,
}

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        let (reader, shown) = (self.reader.clone(), self.shown.clone());
        // On a thread of its own, and not for ever: a store may let readers wait while it tells somebody.
        let looks = thread::spawn(move || {
            let record = reader.read(lesson(1)).ok().flatten();
            let _ = shown.send(Some(record.map_or(0, |record| record.progress().version.0)));
        });
        for _ in 0..20_000 {
            if looks.is_finished() {
                return;
            }
            thread::yield_now();
        }
        let _ = self.shown.send(None);
    }
}

/// **A2** Whoever is told of a write, by its receipt or by a notice, finds it when it looks.
#[test]
fn whoever_is_told_finds_it() {
    for listens in [false, true] {
        live(move || {
            let disk = Disk::new();
            let (authority, mut committer) =
                open(disk.handle(), keeping_all()).expect("a new store");
            let (tell, told) = mpsc::channel();
            let waker = Waker::from(Arc::new(Looks {
                reader: authority.reader(),
                shown: tell,
            }));
            let mut context = Context::from_waker(&waker);
            let mut changes = authority.reader().changes();
            let mut next = Box::pin(changes.next());
            let mut call = Box::pin(authority.write(write(lesson(1), 0, "first")));
            let mut silent = Context::from_waker(Waker::noop());
            let (call_context, next_context) = if listens {
                (&mut silent, &mut context)
            } else {
                (&mut context, &mut silent)
            };
            let early = "Nothing has been committed yet.";
            assert!(call.as_mut().poll(call_context).is_pending(), "{early}");
            assert!(next.as_mut().poll(next_context).is_pending(), "{early}");
            committer.commit_waiting();
            let shown = told.try_iter().next().expect("somebody was woken");
            assert_ne!(
                shown,
                Some(0),
                "{} and a reader did not show it yet. A cache that reads again right then keeps the old \
                 value, and is told nothing more.",
                if listens {
                    "A change was announced,"
                } else {
                    "A write was acknowledged,"
                }
            );
        });
    }
}
