//! The disk as it would be found after a crash at every point.

use crate::running::{Running, assert_holds, in_epoch, keeping_all, lesson, write};
use authority::fact::{Receipt, Write, WriteError};
use crashdisk::{Disk, Loss};
use testbed::{note, scene, story};

/// A write that was accepted, and the disk's position when its caller knew.
struct Done {
    write: Write,
    receipt: Receipt,
    known_at: usize,
}

/// A life of the store, and what its callers were told.
struct Life {
    disk: Disk,
    /// The disk's position when the store was open. What a crash before that leaves is tried elsewhere.
    opened_at: usize,
    /// In the order of their acceptance.
    done: Vec<Done>,
}

/// The writes that the first life is asked for, group by group. Every promise is in it: versions that
/// rise, writes that are refused, one that is repeated, a newer epoch, a note that fills pages.
fn script() -> Vec<Vec<Write>> {
    let [a, b, c] = [1, 2, 3].map(lesson);
    let large = Write {
        note: "n".repeat(4000),
        ..in_epoch(2, write(c, 1, "c2"))
    };
    vec![
        vec![write(a, 0, "a1")],
        vec![write(b, 0, "b1"), write(c, 0, "c1")],
        vec![write(a, 0, "stale"), write(a, 1, "a2")],
        vec![in_epoch(2, write(b, 1, "b2")), large],
        vec![
            in_epoch(2, write(a, 2, "a3")),
            write(a, 1, "a2"),
            in_epoch(2, write(a, 3, "a4")),
        ],
        // Enough for the file to grow.
        (10..26)
            .map(|n| Write {
                note: "n".repeat(4000),
                ..in_epoch(2, write(lesson(n), 0, &format!("large {n}")))
            })
            .collect(),
    ]
}

/// Lives through `script` on `disk`.
async fn live_through(disk: &Disk, script: Vec<Vec<Write>>) -> Life {
    let mut running = Running::on(disk, keeping_all());
    let opened_at = disk.position();
    let mut done: Vec<Done> = Vec::new();
    for group in script {
        let answers = running.write_all(group.clone()).await;
        let known_at = disk.position();
        for (write, answer) in group.into_iter().zip(answers) {
            let repeated = done
                .iter()
                .any(|earlier| earlier.write.idempotency_key == write.idempotency_key);
            if let (Ok(receipt), false) = (answer, repeated) {
                done.push(Done {
                    write,
                    receipt,
                    known_at,
                });
            }
        }
    }
    Life {
        disk: disk.clone(),
        opened_at,
        done,
    }
}

async fn first_life() -> Life {
    let life = live_through(&Disk::new(), script()).await;
    let done: Vec<&str> = life
        .done
        .iter()
        .map(|done| done.write.idempotency_key.as_str())
        .filter(|named| !named.starts_with("large"))
        .collect();
    assert_eq!(
        done,
        ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "a4"],
        "These writes of the script are right and new, and none of them meets a fault; \"stale\" is \
         neither."
    );
    life
}

/// Opens the store on a disk after a crash and holds it to what callers had been told when it happened.
/// Then every caller tries again, as callers do. Gives back the second life.
async fn recover(life: &Life, at: usize, loss: Loss) -> Life {
    scene(format!(
        "{} of {} writes had been acknowledged when the power failed, after {at} operations of the \
         disk; what was not synced is {loss:?}",
        life.done.iter().filter(|done| done.known_at <= at).count(),
        life.done.len()
    ));
    let disk = life.disk.crash(at, loss);
    let mut running = Running::on(&disk, keeping_all());
    let opened_at = disk.position();
    note("the store was opened again");
    for done in &life.done {
        let (key, version) = (done.write.key, done.receipt.version().0);
        let there = running.version(key);
        let acknowledged = done.known_at <= at;
        assert!(
            there >= version || !acknowledged,
            "Acknowledged, and gone: {:?} had been told that version {version} is durable, and after \
             the crash the store holds version {there}.\n    A receipt may be given only after the \
             sync that makes the write durable.",
            done.write.idempotency_key
        );
        if there == version {
            let record = running.read(key).expect("it has a version");
            let half = "Half a write is there: the version is this write's and the content is not.";
            assert_holds(&record, &done.write, version, half);
        }
    }
    fence_holds(&mut running, life).await;
    Life {
        opened_at,
        ..retry_all(running, life).await
    }
}

/// If a write of a newer epoch survived, an older epoch stays refused.
async fn fence_holds(running: &mut Running, life: &Life) {
    let newer = life.done.iter().find(|done| done.write.epoch.0 == 2);
    let Some(newer) =
        newer.filter(|done| running.version(done.write.key) >= done.receipt.version().0)
    else {
        return;
    };
    note(format!(
        "{:?}, of epoch 2, is there; a writer of epoch 1 comes back",
        newer.write.idempotency_key
    ));
    let answer = running.write(write(lesson(9), 0, "zombie")).await;
    assert!(
        matches!(answer, Err(WriteError::Fenced { .. })),
        "A write of epoch 2 survived the crash, and the fence that it put up did not: epoch 1 got \
         {answer:?}. The two have to be stored together."
    );
}

/// Every caller retries with its own idempotency key, in the order of then. Whatever had survived is
/// repeated, and whatever had not is done now; a caller cannot tell the two apart.
async fn retry_all(mut running: Running, life: &Life) -> Life {
    let there: Vec<bool> = life
        .done
        .iter()
        .map(|done| running.version(done.write.key) >= done.receipt.version().0)
        .collect();
    // A caller of an old epoch that has nothing stored would meet the fence, and that would be right.
    let retries = life.done.iter().map(|done| in_epoch(2, done.write.clone()));
    let answers = running.write_all(retries.collect()).await;
    let mut done = Vec::new();
    for ((earlier, there), answer) in life.done.iter().zip(there).zip(answers) {
        assert_eq!(
            answer,
            Ok(earlier.receipt),
            "The retry of {:?} got another reply than the first try. After the crash its effect is \
             {}; the effect and the reply that is kept for retries have to be there together, or not \
             at all.",
            earlier.write.idempotency_key,
            if there { "there" } else { "not there" },
        );
        done.push(Done {
            write: earlier.write.clone(),
            receipt: earlier.receipt,
            known_at: running.disk.position(),
        });
    }
    for earlier in &life.done {
        let last = life
            .done
            .iter()
            .rfind(|done| done.write.key == earlier.write.key)
            .expect("itself");
        assert_eq!(
            running.version(earlier.write.key),
            last.receipt.version().0,
            "After every caller has tried again, each write has had its effect exactly once."
        );
    }
    Life {
        disk: running.disk.clone(),
        opened_at: 0,
        done,
    }
}

/// Opens the store after a second crash; everything known by then has to be there.
async fn survives(life: &Life, at: usize, loss: Loss) {
    let mut running = Running::on(&life.disk.crash(at, loss), keeping_all());
    let known: Vec<&Done> = life
        .done
        .iter()
        .filter(|done| done.known_at <= at)
        .collect();
    for done in &known {
        let (key, version) = (done.write.key, done.receipt.version().0);
        assert!(
            running.version(key) >= version,
            "Acknowledged, and gone after a second crash: version {version} for {:?}.",
            done.write.idempotency_key
        );
    }
    let retries = known.iter().map(|done| done.write.clone());
    let answers = running.write_all(retries.collect()).await;
    for (done, answer) in known.iter().zip(answers) {
        assert_eq!(
            answer,
            Ok(done.receipt),
            "After a second crash, the reply to {:?} is another one.",
            done.write.idempotency_key
        );
    }
}

/// **A2** What was acknowledged is there after a crash at any later point, whatever the crash does to
/// what was not synced.
///
/// **A3** What was not acknowledged is wholly there or wholly absent: content, version, reply and epoch
/// together.
#[test]
fn a_crash_at_any_point_takes_back_nothing_acknowledged_and_leaves_nothing_half_done() {
    story(|| async {
        let life = first_life().await;
        let points = life.opened_at..=life.disk.position();
        for at in points.clone() {
            for loss in Loss::ALL {
                recover(&life, at, loss).await;
            }
        }
        println!(
            "{} crash points, {} crashes survived, {} acknowledged writes, 0 lost",
            points.clone().count(),
            points.count() * Loss::ALL.len(),
            life.done.len()
        );
    });
}

/// **A2** The same holds for a crash during the recovery from a crash.
#[test]
fn a_second_crash_takes_back_no_more_than_the_first() {
    story(|| async {
        let life = first_life().await;
        let (mut first, mut second) = (0, 0);
        for at in (life.opened_at..=life.disk.position()).step_by(4) {
            for loss in [Loss::Lost, Loss::Mixed { seed: 3 }] {
                let mut recovered = recover(&life, at, loss).await;
                // What survived the first crash has to survive the second: it was durable, or it was
                // acknowledged again.
                for done in &mut recovered.done {
                    let before = life.done.iter().find(|d| d.receipt == done.receipt);
                    if before.is_some_and(|before| before.known_at <= at) {
                        done.known_at = 0;
                    }
                }
                first += 1;
                for again in (0..=recovered.disk.position()).step_by(5) {
                    for loss in [Loss::Lost, Loss::Torn] {
                        note(format!(
                            "the power fails again, after {again} more operations"
                        ));
                        survives(&recovered, again, loss).await;
                        second += 1;
                    }
                }
            }
        }
        println!("{first} crashes, each followed by a second one: {second} survived, 0 lost");
    });
}
