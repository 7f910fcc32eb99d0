//! Bad days: a full disk, and values at their limits.

use crate::world::{
    Answer, Running, assert_done, assert_holds, assert_refused, keeping_all, lesson, write,
};
use authority::fact::{MAX_NOTE_BYTES, Write, WriteError};
use authority::group::MAX_WAITING;
use crashdisk::{Disk, Loss};
use domain::{LessonKey, Version};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use testbed::{note, scene, story};

/// **A3** A note at its limit is kept whole, and one byte more is refused before anything is done.
#[test]
fn a_note_at_its_limit_is_kept_and_one_byte_more_is_refused() {
    story(|| async {
        let mut running = Running::new();
        let limit = Write {
            note: "é".repeat(MAX_NOTE_BYTES / 2),
            ..write(lesson(1), 0, "limit")
        };
        assert_done(
            &running.write(limit.clone()).await,
            lesson(1),
            1,
            "It is at the limit.",
        );
        let record = running.read(lesson(1)).expect("it was acknowledged");
        assert_holds(&record, &limit, 1, "What is read is what was written.");
        let before = running.disk.position();
        for note in [
            "n".repeat(MAX_NOTE_BYTES + 1),
            "é".repeat(MAX_NOTE_BYTES / 2 + 1),
            "n".repeat(1 << 20),
        ] {
            let bytes = note.len();
            let beyond = Write {
                note,
                ..write(lesson(1), 1, "beyond")
            };
            let answer = running.write(beyond).await;
            assert_refused(
                &answer,
                &WriteError::TooLarge { bytes },
                "A note is measured in bytes.",
            );
        }
        assert_eq!(
            running.disk.position(),
            before,
            "A refused note reached the disk."
        );
        let after = running.write(write(lesson(1), 1, "beyond")).await;
        assert_done(
            &after,
            lesson(1),
            2,
            "A note that was refused has used its key up.",
        );
    });
}

/// **A2** A full disk acknowledges nothing that it did not keep, and loses nothing that it had.
#[test]
fn a_full_disk_loses_nothing_acknowledged() {
    story(|| async {
        let disk = Disk::new();
        let mut running = Running::on(&disk, keeping_all());
        disk.set_capacity_bytes(Some(disk.len_bytes() as u64 + 100_000));
        let mut told: Vec<(Write, Answer)> = Vec::new();
        for n in 1..=400 {
            let write = Write {
                note: "n".repeat(MAX_NOTE_BYTES),
                ..write(lesson(n), 0, &format!("write {n}"))
            };
            let answer = running.write(write.clone()).await;
            told.push((write, answer));
            if told.iter().filter(|(_, answer)| answer.is_err()).count() == 3 {
                break;
            }
        }
        let failed: Vec<_> = told.iter().filter(|(_, answer)| answer.is_err()).collect();
        assert_eq!(
            failed.len(),
            3,
            "The disk was full, and writes were acknowledged all the same."
        );
        for (write, answer) in &failed {
            assert!(
                matches!(answer, Err(WriteError::Unknown | WriteError::Stopped)),
                "The disk is full, and {:?} got {answer:?}, which says something else.",
                write.idempotency_key
            );
        }
        for loss in Loss::ALL {
            scene(format!(
                "the disk was full; then the power failed; what was not synced is {loss:?}"
            ));
            let disk = disk.crash(disk.position(), loss);
            let mut after = Running::on(&disk, keeping_all());
            for (write, answer) in &told {
                let there = after.version(write.key);
                match answer {
                    Ok(_) => {
                        assert_eq!(there, 1, "Acknowledged before the disk was full, and gone.");
                    }
                    Err(WriteError::Stopped) => {
                        assert_eq!(there, 0, "`Stopped` says that it was not done, and it was.");
                    }
                    Err(_) => {}
                }
                let retried = after.write(write.clone()).await;
                assert_done(
                    &retried,
                    write.key,
                    1,
                    "There is room again, and the caller retries.",
                );
            }
        }
    });
}

/// **A3** A note that is too long is refused at once: it waits for no place, and takes none.
#[test]
fn a_note_that_is_too_long_does_not_wait() {
    story(|| async {
        let mut running = Running::new();
        let limit = running.write(write(lesson(1), 0, "short")).await;
        assert_done(&limit, lesson(1), 1, "It is short enough.");
        let beyond = |named: &str| Write {
            note: "n".repeat(MAX_NOTE_BYTES + 1),
            ..write(lesson(1), 0, named)
        };
        let mut context = Context::from_waker(Waker::noop());
        let refused = Poll::Ready(Err(WriteError::TooLarge {
            bytes: MAX_NOTE_BYTES + 1,
        }));
        assert_eq!(
            pin!(running.authority.write(beyond("beyond"))).poll(&mut context),
            refused,
            "It can never be written, and waits for a committer to say so. What waits in the queue is \
             counted and not weighed: a megabyte there is a megabyte of the store's memory."
        );
        let waiting = (0..MAX_WAITING as u64 + 5).map(|n| write(lesson(n), 0, &format!("{n}")));
        let waiting = running.submit(waiting.collect()).await;
        note("the queue is full");
        assert_eq!(
            pin!(running.authority.write(beyond("beyond too"))).poll(&mut context),
            refused,
            "It can never be written, and waits for a place in the queue to hear so."
        );
        drop(waiting);
    });
}

/// **A2** A full disk stops the authority as a failed sync does: one group is unknown, and no more.
#[test]
fn a_full_disk_stops_the_authority() {
    story(|| async {
        let disk = Disk::new();
        let mut running = Running::on(&disk, keeping_all());
        disk.set_capacity_bytes(Some(disk.len_bytes() as u64 + 100_000));
        let large = |n: u64| Write {
            note: "n".repeat(MAX_NOTE_BYTES),
            ..write(lesson(n), 0, &format!("write {n}"))
        };
        let mut failed = None;
        for n in 1..=400 {
            if running.write(large(n)).await.is_err() {
                failed = Some(n);
                break;
            }
        }
        let failed = failed.expect("the disk is full by now");
        note(format!("the disk was full at write {failed}"));
        disk.set_capacity_bytes(None);
        note("there is room again");
        for n in [failed, failed + 1, 1] {
            assert_eq!(
                running.write(large(n)).await,
                Err(WriteError::Stopped),
                "Write {n} came after the disk had failed. There may be room again; what the failed group \
                 has left behind is known only once the store has been opened again."
            );
        }
    });
}

/// **A1** Each learner's each lesson is a fact of its own, and every number and every text is kept whole.
#[test]
fn each_learners_each_lesson_is_a_fact_of_its_own() {
    story(|| async {
        let mut running = Running::new();
        let keys = [
            (1, 2),
            (2, 1),
            (1, 11),
            (11, 1),
            (1, 1 << 32),
            (1 << 32, 1),
            (u64::MAX, 1),
            (1, u64::MAX),
            (u64::MAX, u64::MAX),
            ((1 << 32) | 2, 1),
            (1, (1 << 32) | 2),
        ];
        let writes: Vec<Write> = keys
            .iter()
            .map(|(learner, lesson)| Write {
                steps_done: u32::MAX,
                note: format!(" \n\t{learner}\u{1f980} of \0 {lesson} \n "),
                ..write(
                    LessonKey::new(*learner, *lesson),
                    0,
                    &format!("{learner}-{lesson}"),
                )
            })
            .collect();
        for answer in running.write_all(writes.clone()).await {
            let version = answer.map(|receipt| receipt.version());
            assert_eq!(
                version,
                Ok(Version(1)),
                "Two learners' lessons were taken for one."
            );
        }
        for write in &writes {
            let record = running.read(write.key).expect("It was acknowledged.");
            assert_holds(&record, write, 1, "What is read is what was written.");
        }
    });
}
