//! A thread that commits, and all the others: they may be slow, stuck or gone.

use crate::world::{
    Answer, assert_done, changed, ended_early, in_epoch, keeping_all, lesson, told, write, writes,
};
use authority::authority::{Authority, open};
use authority::fact::{Write, WriteError};
use authority::group::Committer;
use crashdisk::Disk;
use ledger::{FILE_NAME, Role, lab};
use std::cell::RefCell;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use testbed::{live, note, scene};

fn new_store() -> (Disk, Authority, Committer) {
    let disk = Disk::new();
    let (authority, committer) = open(disk.handle(), keeping_all()).expect("a new store");
    (disk, authority, committer)
}

/// Awaits a write while another thread commits.
fn finished(write: impl Future<Output = Answer>) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(write)
}

/// Fails if a write was answered when it was handed in. (A loop that has ended says why by itself.)
#[track_caller]
fn waits(answer: Poll<Answer>) {
    if let Poll::Ready(answer) = answer
        && answer != Err(WriteError::Stopped)
    {
        panic!(
            "A write was answered when it was handed in, and nothing had been committed: {}.",
            told(&answer)
        );
    }
}

/// Waits until the disk holds a sync for `first`, the write that was handed in first. The loop may end
/// instead, and then says why; or the write may be answered without any sync.
fn a_sync_is_held(
    disk: &Disk,
    running: JoinHandle<()>,
    first: impl FnMut() -> Poll<Answer>,
) -> JoinHandle<()> {
    let (first, answer) = (RefCell::new(first), RefCell::new(Poll::Pending));
    let nobody_will_sync = || {
        if running.is_finished() {
            return true;
        }
        let now = first.borrow_mut()();
        let answered = now.is_ready();
        *answer.borrow_mut() = now;
        answered
    };
    if disk.wait_for_a_held_sync(nobody_will_sync) {
        return running;
    }
    match answer.into_inner() {
        Poll::Ready(answer) if answer != Err(WriteError::Stopped) => panic!(
            "A write was answered, and the disk has not been asked to sync: {}. A crash takes back what was \
             never synced.",
            told(&answer)
        ),
        _ => ended_early(running),
    }
}

/// Waits for the loop's end, and fails as it did.
fn ends(running: JoinHandle<()>) {
    if let Err(panic) = running.join() {
        std::panic::resume_unwind(panic);
    }
}

/// **A8** The committer's own loop takes whatever has gathered while the disk was busy.
#[test]
fn what_gathers_during_a_sync_is_the_next_group() {
    live(|| {
        let (disk, authority, committer) = new_store();
        let before = disk.syncs();
        disk.hold_syncs();
        let running = thread::spawn(move || committer.run());
        let mut context = Context::from_waker(Waker::noop());
        let mut calls: Vec<_> = writes(20)
            .into_iter()
            .map(|write| Box::pin(authority.write(write)))
            .collect();
        note("one write is handed in, and the disk takes its time over it");
        waits(calls[0].as_mut().poll(&mut context));
        let running = a_sync_is_held(&disk, running, || calls[0].as_mut().poll(&mut context));
        note("19 more are handed in meanwhile, and the caller of the first gives up");
        for call in &mut calls[1..] {
            waits(call.as_mut().poll(&mut context));
        }
        drop(calls.remove(0));
        disk.release_syncs();
        for (n, call) in (2..).zip(calls) {
            assert_done(&finished(call), lesson(n), 1, "Nothing stands against it.");
        }
        assert_eq!(
            disk.syncs() - before,
            2,
            "One write was being synced while 19 gathered: two syncs are enough for all. So many were made."
        );
        drop(authority);
        ends(running);
    });
}

/// **A8** The loop commits what is handed in, and ends with the last authority, and not before; readers and
/// listeners keep no loop running.
#[test]
fn the_loop_ends_with_the_last_authority() {
    live(|| {
        let (disk, authority, committer) = new_store();
        let running = thread::spawn(move || committer.run());
        let (clone, reader) = (authority.clone(), authority.reader());
        note(
            "50 writes come one after the other; between them the loop has nothing to do, and a second authority \
             has nothing to write",
        );
        for seen in 0..50 {
            let write = write(lesson(50), seen, &format!("alone {seen}"));
            let answer = finished(authority.write(write));
            if answer == Err(WriteError::Stopped) {
                ended_early(running);
            }
            let next = "It has seen the one before.";
            assert_done(&answer, lesson(50), seen + 1, next);
        }
        let changes = reader.changes();
        drop(authority);
        note("one of two authorities is gone");
        let answer = finished(clone.write(write(lesson(31), 0, "by the other")));
        assert_done(&answer, lesson(31), 1, "There is an authority left.");
        let mut last = Box::pin(clone.write(write(lesson(30), 0, "the last")));
        let _ = last.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(last);
        drop(clone);
        note("the last authority is gone; a reader and a listener stay, and the loop has to end");
        ends(running);
        drop((reader, changes));
        let opened = open(disk.handle(), keeping_all());
        assert!(
            opened.is_ok(),
            "The loop has ended, and left a whole store."
        );
    });
}

/// **A2** While the disk has not answered, nobody is told anything: no writer, be it a receipt or a
/// refusal, no reader and no subscriber.
#[test]
fn while_a_sync_is_under_way_nobody_is_told_anything() {
    live(|| {
        let (disk, authority, committer) = new_store();
        let mut context = Context::from_waker(Waker::noop());
        let mut changes = authority.reader().changes();
        let writes = [write(lesson(1), 0, "new"), write(lesson(1), 5, "stale")];
        let mut calls = writes.map(|write| Box::pin(authority.write(write)));
        for call in &mut calls {
            waits(call.as_mut().poll(&mut context));
        }
        disk.hold_syncs();
        let running = thread::spawn(move || committer.run());
        note("two writes were handed in, the second one stale, and the disk takes its time");
        let running = a_sync_is_held(&disk, running, || calls[0].as_mut().poll(&mut context));
        // A store may let readers wait for the disk. One that answers has to be right.
        let (tell, shown) = mpsc::channel();
        let reader = authority.reader();
        thread::spawn(move || tell.send(reader.read(lesson(1))));
        let shown = shown.recv_timeout(Duration::from_millis(50));
        let heard = pin!(changes.next()).poll(&mut context).is_ready();
        let [new, stale] = &mut calls;
        let answered = [new, stale].map(|call| call.as_mut().poll(&mut context).is_ready());
        disk.release_syncs();
        assert!(
            !matches!(shown, Ok(Ok(Some(_)))),
            "A reader was shown a write that the disk had not confirmed. A crash at this moment takes \
             it back."
        );
        assert!(
            !heard,
            "A subscriber heard of a write that the disk had not confirmed."
        );
        for (answered, whose) in answered.into_iter().zip(["new", "stale"]) {
            assert!(
                !answered,
                "The {whose} write was answered before the disk had confirmed its group. A refusal says that \
                 somebody else was first, and that has to be true tomorrow as well."
            );
        }
        drop(calls);
        drop(authority);
        ends(running);
    });
}

/// Who listens in a life of the store.
#[derive(Clone, Copy, Debug)]
enum Company {
    Nobody,
    Stuck,
    Gone,
}

/// What callers are told in a life with or without company, and how many syncs the disk saw.
fn answers_with(company: Company) -> (Vec<Answer>, usize) {
    let (disk, authority, committer) = new_store();
    let running = thread::spawn(move || committer.run());
    let reader = authority.reader();
    let mut kept: Vec<_> = (0..3).map(|_| reader.changes()).collect();
    match company {
        Company::Nobody => {
            kept.clear();
            drop(reader);
        }
        Company::Stuck => {}
        Company::Gone => kept.clear(),
    }
    let mut answers = Vec::new();
    for n in 1..=20_u64 {
        let asked: Vec<Write> = vec![
            in_epoch(n, write(lesson(n), 0, &format!("a{n}"))),
            in_epoch(n, write(lesson(n), 0, &format!("b{n}"))),
            in_epoch(n + 1, write(lesson(n), 1, &format!("c{n}"))),
            write(lesson(n), 0, &format!("a{n}")),
        ];
        for write in asked {
            let answer = finished(authority.write(write));
            if answer == Err(WriteError::Stopped) {
                ended_early(running);
            }
            answers.push(answer);
        }
    }
    let syncs = disk.syncs();
    drop(authority);
    ends(running);
    (answers, syncs)
}

/// **A6** With every other role stuck or stopped, every caller gets the answer it would get without.
#[test]
fn stuck_and_stopped_subscribers_change_no_answer() {
    live(|| {
        let (alone, syncs) = answers_with(Company::Nobody);
        for company in [Company::Stuck, Company::Gone] {
            scene(format!("the subscribers are {company:?}"));
            let (answers, syncs_now) = answers_with(company);
            for (n, (answer, alone)) in answers.iter().zip(&alone).enumerate() {
                assert!(
                    answer == alone,
                    "Write {n} got this answer: {}. Without subscribers it got this answer: {}.",
                    told(answer),
                    told(alone)
                );
            }
            assert_eq!(syncs_now, syncs, "The disk had other work than without.");
        }
    });
}

/// **A6** A change is announced when it is durable, to whoever listens; what changes nothing is not.
#[test]
fn a_change_is_told_when_it_is_durable() {
    live(|| {
        let (_disk, authority, committer) = new_store();
        let running = thread::spawn(move || committer.run());
        let mut changes = authority.reader().changes();
        let first = write(lesson(1), 0, "first");
        for asked in [
            first.clone(),
            write(lesson(1), 0, "stale"),
            first,
            write(lesson(1), 1, "second"),
        ] {
            if finished(authority.write(asked)) == Err(WriteError::Stopped) {
                ended_early(running);
            }
        }
        drop(authority);
        ends(running);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let told = runtime.expect("a runtime").block_on(async {
            let mut told = Vec::new();
            while let Some(notice) = changes.next().await {
                told.push(notice);
            }
            told
        });
        assert_eq!(
            told,
            [changed(lesson(1), 1), changed(lesson(1), 2)],
            "Two writes were accepted, and each is announced once, in order. One was refused and one was a retry, and \
             these changed nothing."
        );
    });
}

/// **L1** The ledger has this boundary, and its four questions have answers that could be wrong.
#[test]
fn the_boundary_from_api_to_authority_is_answered() {
    live(|| {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
        let authority = lab::answered(lab, "api", "authority");
        assert_eq!(
            authority.role,
            Role::Authority,
            "The store that decides about progress is called something else in {FILE_NAME}."
        );
    });
}
