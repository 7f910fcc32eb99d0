//! Files that were cut, damaged, full, or written by a process that was killed.

use crate::world::{
    Machine, ScriptedLog, Seeing, commands, inbox_on, key, message, published, record, seen,
    stream_on, waiting,
};
use crashdisk::{Disk, Loss};
use domain::Offset;
use outbox::inbox::Outcome;
use outbox::relay::{Publish, Relay, RelayError};
use outbox::store::CommandError;
use outbox::stream::{FetchError, Log, OpenError, PublishError, Stream};
use outbox::worker::{Settings, Step, Worker, WorkerError};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use testbed::{live, note, scene};

/// A stream of three batches, closed.
fn three_batches() -> Disk {
    let machine = Machine::new();
    let stream = machine.opened_stream();
    for lessons in [1..4, 4..6, 6..9] {
        let batch: Vec<_> = lessons.map(|lesson| message(lesson, 1)).collect();
        stream.publish(&batch).unwrap();
    }
    machine.stream.clone()
}

/// **W2** A batch that was damaged after it was durable, with others behind it, is refused, and the file is
/// left as it is. It is never cut off as if a crash had torn it.
#[test]
fn a_damaged_batch_is_refused_and_the_file_left_alone() {
    live(|| {
        let whole = three_batches().image();
        let expected = published(&stream_on(&Disk::holding(whole.clone())));
        let mut refused = 0;
        for at in (0..whole.len()).step_by(7) {
            scene(format!(
                "byte {at} of the stream's file has changed while it was closed"
            ));
            let mut image = whole.clone();
            image[at] ^= 0x40;
            let disk = Disk::holding(image.clone());
            match Stream::open(disk.handle()) {
                Err(OpenError::Damaged { at }) => {
                    refused += 1;
                    assert!(
                        [0, 3].contains(&at.0),
                        "the first record that is missing: {at:?}"
                    );
                    assert_eq!(
                        disk.image(),
                        image,
                        "A refused file is left as it is, for somebody who can repair it."
                    );
                }
                Err(OpenError::Disk(error)) => panic!("The storage did not fail: {error}"),
                Ok(stream) => {
                    let there = published(&stream);
                    assert!(
                        there == expected || there == expected[..5],
                        "{} of 8 records are left. Those of the first two batches were acknowledged, \
                         and a whole batch follows them: no crash has torn these.",
                        there.len()
                    );
                }
            }
        }
        assert!(
            refused > 10,
            "Most of the bytes before the last batch matter."
        );
    });
}

/// **W8** A stream that has been cut short is not the same as a stream with nothing new. The worker
/// stops and reports it.
#[test]
fn a_worker_that_is_further_than_the_stream_stops() {
    live(|| {
        let machine = Machine::new();
        let log = ScriptedLog::of_events(&[(1, 1), (2, 1), (3, 1)]);
        let (database, inbox) = machine.inbox();
        let effect = Seeing::default();
        let mut worker = Worker::new(log.clone(), inbox, Box::new(effect), Settings::default());
        for _ in 0..3 {
            worker.step(Duration::ZERO).unwrap();
        }
        log.script().records.truncate(1);
        note("the stream was restored from a backup, and has 1 record instead of 3");
        let (from, end) = (Offset(3), Offset(1));
        let stopped = worker.step(Duration::from_secs(9));
        assert_eq!(
            stopped,
            Err(WorkerError::Stream(FetchError::BeyondEnd { from, end })),
            "To begin again at either end would repeat or skip records that nobody has counted."
        );
        assert_eq!(worker.inbox().offset(), Ok(Offset(3)));
        assert_eq!(worker.inbox().count(Outcome::Shed), Ok(0));
        assert_eq!(seen(&database).len(), 3);
    });
}

/// **W8** What a killed process had written and not synced is made durable before a reader sees it: the
/// reader would act on it, and then the power might fail.
#[test]
fn what_a_killed_process_wrote_is_durable_before_it_is_shown() {
    live(|| {
        let machine = Machine::new();
        let stream = machine.opened_stream();
        for lesson in 1..5 {
            stream
                .publish(&[message(lesson, 1), message(lesson + 10, 1)])
                .unwrap();
        }
        for moment in 0..=machine.stream.moment() {
            scene(format!(
                "the process is killed before operation {moment} of the disk"
            ));
            let [found] = Disk::kill_all([&machine.stream], moment);
            let shown = published(&stream_on(&found));
            note(format!(
                "another one opens the stream, shows {} records, and the power fails",
                shown.len()
            ));
            let crashed = found.crash(found.position(), Loss::Lost);
            assert_eq!(
                published(&stream_on(&crashed)),
                shown,
                "A reader has acted on records that are gone now; its offset is beyond the end."
            );
        }
    });
}

/// **W8** What a crash has torn is removed for good: it doesn't stay after the next batch, which is
/// shorter, and make that one look torn, or safe, later.
#[test]
fn what_was_torn_is_gone_for_good() {
    live(|| {
        let machine = Machine::new();
        let stream = machine.opened_stream();
        stream.publish(&[message(1, 1)]).unwrap();
        let long: Vec<_> = (2..60).map(|lesson| message(lesson, 1)).collect();
        stream.publish(&long).unwrap();
        let torn = machine
            .stream
            .crash(machine.stream.position() - 1, Loss::Torn);
        let stream = stream_on(&torn);
        assert_eq!(
            published(&stream),
            [(1, 1)],
            "The long batch was torn before its sync."
        );
        let opened = torn.moment();
        stream.publish(&[message(77, 1)]).unwrap();
        for moment in opened..=torn.moment() {
            scene(format!(
                "a long batch was torn; a short one is published in its place, and the process is killed before \
                 operation {moment}"
            ));
            let [found] = Disk::kill_all([&torn], moment);
            let shown = published(&stream_on(&found));
            note(format!(
                "another one opens the stream, shows {shown:?}, and the power fails"
            ));
            let crashed = found.crash(found.position(), Loss::Lost);
            assert_eq!(
                published(&stream_on(&crashed)),
                shown,
                "A reader has acted on what is gone now."
            );
        }
    });
}

/// **W2** While a batch is being synced no reader sees it. (Whether readers wait meanwhile or see what
/// was there before is up to the stream.)
#[test]
fn nobody_is_shown_a_record_while_its_sync_runs() {
    live(|| {
        let machine = Machine::new();
        let stream = machine.opened_stream();
        stream.publish(&[message(1, 1)]).unwrap();
        machine.stream.hold_syncs();
        let publisher = {
            let stream = stream.clone();
            thread::spawn(move || stream.publish(&[message(2, 1)]))
        };
        assert!(
            machine
                .stream
                .wait_for_a_held_sync(|| publisher.is_finished()),
            "A batch is synced."
        );
        note("the sync of lesson 2's message is under way");
        let (told, hears) = mpsc::channel();
        let reader = {
            let stream = stream.clone();
            thread::spawn(move || {
                let shown = (
                    stream.end(),
                    stream.fetch(Offset(0), 9).map(|records| records.len()),
                );
                // Nothing receives this once the sync is over.
                let _ = told.send(shown);
            })
        };
        // A design whose readers wait for the sync does not answer; one that answers did not need the
        // sync.
        let shown = hears.recv_timeout(Duration::from_millis(50));
        machine.stream.release_syncs();
        assert_eq!(publisher.join().expect("a publisher"), Ok(()));
        reader.join().expect("a reader");
        if let Ok(shown) = shown {
            assert_eq!(
                shown,
                (Offset(1), Ok(1)),
                "The end, and how many records were shown, before the sync was over. The power may fail now."
            );
        }
        assert_eq!(stream.end(), Offset(2));
    });
}

/// **W2** A failed sync is not repaired by a later one that succeeds: what is shown after opening again
/// has to be written again.
#[test]
fn a_failed_sync_is_not_made_good_by_the_next_one() {
    live(|| {
        let machine = Machine::new();
        let stream = machine.opened_stream();
        stream.publish(&[message(1, 1)]).unwrap();
        machine.stream.fail_syncs(1);
        assert!(stream.publish(&[message(2, 1)]).is_err());
        drop(stream);
        let shown = published(&machine.opened_stream());
        let stream = machine.opened_stream();
        stream.publish(&[message(3, 1)]).unwrap();
        let crashed = machine.stream.crash(machine.stream.position(), Loss::Lost);
        let expected = [&shown[..], &[(3, 1)]].concat();
        assert_eq!(published(&stream_on(&crashed)), expected);
    });
}

/// **W2** **W7** When the stream's disk is full nothing is acknowledged and nothing is lost: the rows wait in
/// the outbox, and arrive once there is room.
#[test]
fn a_full_disk_under_the_stream_loses_nothing() {
    live(|| {
        let machine = Machine::new();
        let (store, outbox) = machine.authority();
        let stream = machine.opened_stream();
        commands(&store, &[1, 2]);
        let mut relay = Relay::new(outbox.clone(), stream.clone());
        relay.step().unwrap();
        let room = machine.stream.len_bytes() as u64;
        machine.stream.set_capacity_bytes(Some(room));
        note("the stream's disk is full");
        commands(&store, &[3, 1]);
        let full = relay.step();
        assert!(
            matches!(full, Err(RelayError::Stream(PublishError::Disk(_)))),
            "{full:?}"
        );
        assert_eq!(
            waiting(&outbox),
            [(3, 1), (1, 2)],
            "They are still in the outbox."
        );
        assert_eq!(
            relay.step(),
            Err(RelayError::Stream(PublishError::Stopped)),
            "A failed write stops the stream as a failed sync does: what is in the file is unknown."
        );
        assert_eq!(
            published(&stream),
            [(1, 1), (2, 1)],
            "What is durable can still be read."
        );
        machine.stream.set_capacity_bytes(None);
        drop((relay, stream));
        note("there is room again, and the stream is opened again");
        let stream = machine.opened_stream();
        let mut relay = Relay::new(outbox, stream.clone());
        relay.step().unwrap();
        assert_eq!(published(&stream), [(1, 1), (2, 1), (3, 1), (1, 2)]);
    });
}

/// **W1** **W3** When the authority's or the worker's disk is full, the answer reports it and nothing is
/// half done.
#[test]
fn a_full_disk_under_the_databases_leaves_nothing_half_done() {
    live(|| {
        let machine = Machine::new();
        let (store, outbox) = machine.authority();
        machine
            .store
            .set_capacity_bytes(Some(machine.store.len_bytes() as u64));
        note("the authority's disk is full");
        let mut taken: Vec<u64> = Vec::new();
        let refused = (1..2_000).find_map(|lesson| {
            let done = store.record(key(lesson), 7, true, 0);
            taken.extend(done.is_ok().then_some(lesson));
            done.err()
        });
        assert!(
            matches!(refused, Some(CommandError::Disk(_))),
            "{refused:?}"
        );
        drop((store, outbox));
        machine.store.set_capacity_bytes(None);
        let (store, outbox) = machine.authority();
        let facts: Vec<u64> = store
            .facts()
            .unwrap()
            .iter()
            .map(|fact| fact.key.lesson.0)
            .collect();
        let news: Vec<u64> = waiting(&outbox).iter().map(|(lesson, _)| *lesson).collect();
        assert_eq!(news, facts, "a fact, and the news of it");
        assert!(facts.starts_with(&taken), "What was acknowledged is there.");

        let log = ScriptedLog::of((0..2_000).map(|at| record(at, at, 1)));
        let (_, inbox) = machine.inbox();
        machine
            .worker
            .set_capacity_bytes(Some(machine.worker.len_bytes() as u64));
        note("the worker's disk is full");
        let mut worker = Worker::new(log, inbox, Box::new(Seeing::default()), Settings::default());
        let stopped = (0..2_000).find_map(|_| worker.step(Duration::ZERO).err());
        assert!(
            matches!(stopped, Some(WorkerError::Inbox(_))),
            "{stopped:?}"
        );
        drop(worker);
        machine.worker.set_capacity_bytes(None);
        let (database, inbox) = inbox_on(&machine.worker);
        assert_eq!(
            inbox.offset().unwrap().0,
            seen(&database).len() as u64,
            "An effect for each record that is settled, and for no other."
        );
        assert_eq!(
            inbox.dead_letters(),
            Ok(Vec::new()),
            "A full disk is no reason to give up on a record."
        );
    });
}

/// **W8** When the stream cannot be read the worker settles nothing, and later continues where it was.
#[test]
fn a_stream_that_cannot_be_read_settles_nothing() {
    live(|| {
        let log = ScriptedLog::of_events(&[(1, 1), (2, 1)]);
        log.script().fail = 3;
        let (database, inbox) = Machine::new().inbox();
        let mut worker = Worker::new(
            log.clone(),
            inbox,
            Box::new(Seeing::default()),
            Settings::default(),
        );
        for _ in 0..3 {
            let failed = worker.step(Duration::ZERO);
            assert!(
                matches!(failed, Err(WorkerError::Stream(FetchError::Disk(_)))),
                "{failed:?}"
            );
        }
        assert_eq!(worker.inbox().offset(), Ok(Offset(0)));
        while worker.step(Duration::ZERO).unwrap() != Step::Idle(None) {}
        assert_eq!(seen(&database), [(1, 1), (2, 1)]);
        assert_eq!(worker.counts().unwrap().accepted, log.end().0);
    });
}
