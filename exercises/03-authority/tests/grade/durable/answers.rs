//! When anybody may be told, and what of after a sync has failed.

use crate::running::{
    Answer, Running, answers, assert_done, ended_early, keeping_all, lesson, write,
};
use authority::authority::{Reader, open};
use authority::fact::WriteError;
use crashdisk::{Disk, Loss};
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;
use testbed::{live, note, scene, story};

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

/// **A2** Nobody is answered before the sync, be it with a receipt or a refusal.
#[test]
fn nobody_is_answered_before_the_commit() {
    story(|| async {
        let mut running = Running::new();
        let handed_in = running
            .submit(vec![
                write(lesson(1), 0, "first"),
                write(lesson(1), 0, "second"),
            ])
            .await;
        assert!(
            handed_in.iter().all(|write| !write.is_finished()),
            "A write was answered when it was handed in. Nothing has been committed yet, and nothing \
             is known of it."
        );
        running.commit().await;
        answers(handed_in).await;
    });
}

/// **A2** While the disk has not answered, nobody is told anything: no writer, be it a receipt or a
/// refusal, no reader and no subscriber.
#[test]
fn while_a_sync_is_under_way_nobody_is_told_anything() {
    live(|| {
        let disk = Disk::new();
        let (authority, committer) = open(disk.handle(), keeping_all()).expect("a new store");
        disk.hold_syncs();
        let running = thread::spawn(move || committer.run());
        let mut context = Context::from_waker(Waker::noop());
        let mut changes = authority.reader().changes();
        let writes = [write(lesson(1), 0, "new"), write(lesson(1), 5, "stale")];
        let mut calls = writes.map(|write| Box::pin(authority.write(write)));
        for call in &mut calls {
            assert!(call.as_mut().poll(&mut context).is_pending());
        }
        note("two writes were handed in, one of them stale, and the disk takes its time");
        if !disk.wait_for_a_held_sync(|| running.is_finished()) {
            ended_early(running);
        }
        // A store may let readers wait for the disk. One that answers has to be right.
        let (tell, told) = mpsc::channel();
        let reader = authority.reader();
        thread::spawn(move || tell.send(reader.read(lesson(1))));
        let shown = told.recv_timeout(Duration::from_millis(50));
        let heard = pin!(changes.next()).poll(&mut context).is_ready();
        let answered = calls
            .iter_mut()
            .any(|call| call.as_mut().poll(&mut context).is_ready());
        disk.release_syncs();
        assert!(
            !matches!(shown, Ok(Ok(Some(_)))),
            "A reader was shown a write that the disk had not confirmed. A crash at this moment takes \
             it back."
        );
        assert!(
            !heard,
            "A subscriber was told of a write that the disk had not confirmed."
        );
        assert!(
            !answered,
            "A writer was answered before the disk had confirmed the group."
        );
        drop(calls);
        drop(authority);
        assert!(running.join().is_ok(), "The committer panicked.");
    });
}

/// **A2** A refusal rests on what it was refused in favour of: if that is unknown, so is the refusal.
#[test]
fn a_refusal_is_no_surer_than_the_commit_that_it_rests_on() {
    story(|| async {
        let mut running = Running::new();
        running.disk.fail_syncs(1);
        let group = vec![
            write(lesson(1), 0, "first"),
            write(lesson(1), 0, "second"),
            write(lesson(2), 0, "first"),
        ];
        let answers = running.write_all(group).await;
        assert_eq!(
            answers,
            vec![Err(WriteError::Unknown); 3],
            "The second and the third were refused in favour of the first, and the sync under all of \
             them failed. Whether there is a first is unknown, and with it whether they are refused."
        );
    });
}

/// **A2** What a read shows is not taken back: a reader, too, has been told something.
#[test]
fn a_read_shows_nothing_that_a_crash_can_take_back() {
    story(|| async {
        for failing_syncs in 1..=2 {
            scene(format!("the next {failing_syncs} syncs fail"));
            let mut running = Running::new();
            let made = running.write(write(lesson(1), 0, "durable")).await;
            assert!(
                made.is_ok(),
                "Nothing is wrong with the disk yet: {made:?}."
            );
            running.disk.fail_syncs(failing_syncs);
            let answer = running.write(write(lesson(1), 1, "volatile")).await;
            note(format!("the write in the failing group got {answer:?}"));
            assert!(
                answer.is_err(),
                "The sync failed, and the write was acknowledged."
            );
            let Ok(record) = running.reader().read(lesson(1)) else {
                continue; // To show nothing at all is safe.
            };
            let shown = record.map_or(0, |record| record.progress().version.0);
            note(format!("a reader was shown version {shown}"));
            let disk = running.disk.crash(running.disk.position(), Loss::Lost);
            let after = Running::on(&disk, keeping_all());
            assert!(
                after.version(lesson(1)) >= shown,
                "A reader was shown version {shown}, and after a crash the store holds version {}.",
                after.version(lesson(1))
            );
        }
    });
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
            assert!(call.as_mut().poll(call_context).is_pending());
            assert!(next.as_mut().poll(next_context).is_pending());
            committer.commit_waiting();
            let shown = told.try_iter().next().expect("somebody was woken");
            assert_ne!(
                shown,
                Some(0),
                "{} and a reader did not show it yet. A cache that reads again right then keeps the old \
                 value, and is told nothing more.",
                if listens {
                    "A change was told,"
                } else {
                    "A write was acknowledged,"
                }
            );
        });
    }
}

/// **A2** After a failed sync nothing is acknowledged that only a later sync seems to have saved.
///
/// The next sync succeeds, and what the failed one should have made durable is not there.
/// `PostgreSQL` learnt that in 2018.
#[test]
fn a_failed_sync_is_not_made_good_by_the_next_one() {
    story(|| async {
        let mut running = Running::new();
        let mut acknowledged = Vec::new();
        let first = write(lesson(1), 0, "before");
        acknowledged.push((first.clone(), running.write(first).await));
        running.disk.fail_syncs(1);
        note("the next sync fails, and the ones after it succeed");
        for (nth, named) in ["during", "after", "later"].into_iter().enumerate() {
            let seen = running
                .reader()
                .read(lesson(1))
                .ok()
                .flatten()
                .map_or(nth as u64 + 1, |record| record.progress().version.0);
            let write = write(lesson(1), seen, named);
            let answer: Answer = running.write(write.clone()).await;
            note(format!("{named}: {answer:?}"));
            acknowledged.push((write, answer));
        }
        assert_eq!(
            acknowledged[1].1,
            Err(WriteError::Unknown),
            "The sync under this write failed: it may be done or not, and nobody can know."
        );
        for (write, answer) in &acknowledged[2..] {
            assert_eq!(
                answer,
                &Err(WriteError::Stopped),
                "{:?} came after the disk had failed. What the store holds is known only once it has \
                 been opened again; until then nothing is tried.",
                write.idempotency_key
            );
        }
        for loss in Loss::ALL {
            scene(format!(
                "a sync failed; then the power did; what was not synced is {loss:?}"
            ));
            let disk = running.disk.crash(running.disk.position(), loss);
            let mut after = Running::on(&disk, keeping_all());
            for (write, answer) in &acknowledged {
                if let Ok(receipt) = answer {
                    assert!(
                        after.version(write.key) >= receipt.version().0,
                        "{:?} was acknowledged after a sync had failed, and is gone. What a failed \
                         sync left behind, no later sync makes durable: stop, and open the store \
                         again.",
                        write.idempotency_key
                    );
                    assert_eq!(
                        after.write(write.clone()).await,
                        Ok(*receipt),
                        "The retry of an acknowledged write got another reply after the crash."
                    );
                }
            }
        }
    });
}

/// **A2** After a failed sync a retry is told nothing either: neither of what was acknowledged before, nor
/// of what the failure has left unknown.
#[test]
fn after_a_failed_sync_retries_are_stopped_too() {
    story(|| async {
        let mut running = Running::new();
        let kept = write(lesson(1), 0, "kept");
        let reply = running.write(kept.clone()).await;
        assert_done(&reply, lesson(1), 1, "The disk is well.");
        running.disk.fail_syncs(1);
        let lost = write(lesson(2), 0, "lost");
        let unknown = running.write(lost.clone()).await;
        assert!(
            unknown.is_err(),
            "The sync failed, and it was acknowledged."
        );
        note("a sync has failed");
        for (what, write) in [
            ("the write whose sync failed", lost.clone()),
            ("a write that was acknowledged before", kept.clone()),
            ("a stale write", write(lesson(1), 5, "stale")),
            ("a new write", write(lesson(3), 0, "new")),
        ] {
            let handed_in = running.submit(vec![write]).await;
            assert_eq!(
                running.committer.commit_waiting(),
                1,
                "One was answered, with an error like another."
            );
            assert_eq!(
                answers(handed_in).await,
                [Err(WriteError::Stopped)],
                "{what} came after the disk had failed. What memory says of it and what the disk holds are \
                 two things by now: nothing is answered before the store has been opened again."
            );
        }
        let disk = running.disk.crash(running.disk.position(), Loss::Lost);
        let mut after = Running::on(&disk, keeping_all());
        assert_eq!(after.write(kept).await, reply, "It was acknowledged.");
        assert_done(
            &after.write(lost).await,
            lesson(2),
            1,
            "It is done now, or was then.",
        );
    });
}
