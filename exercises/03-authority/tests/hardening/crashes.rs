//! A long life, and a second crash during the recovery from the first.

use crate::world::crash::{Life, live_through};
use crate::world::{Running, in_epoch, keeping_all, lesson, named, told, write};
use authority::fact::Write;
use authority::group::MAX_GROUP;
use crashdisk::{Disk, Loss};
use testbed::{note, story};

/// The writes that the first life is asked for, group by group. Every promise is in it: versions that
/// rise, writes that are refused, one that is repeated, a newer epoch, a note that fills pages.
fn script() -> Vec<Vec<Write>> {
    let [a, b, c] = [1, 2, 3].map(lesson);
    let large = Write {
        note: "n".repeat(4000),
        ..in_epoch(2, write(c, 1, "c2"))
    };
    vec![
        vec![write(b, 0, "b1"), write(c, 0, "c1"), write(a, 0, "a1")],
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

async fn first_life() -> Life {
    let large: Vec<String> = (10..26).map(|n| format!("large {n}")).collect();
    let expected: Vec<&str> = ["b1", "c1", "a1", "a2", "b2", "c2", "a3", "a4"]
        .into_iter()
        .chain(large.iter().map(String::as_str))
        .collect();
    live_through(script(), &expected).await
}

/// **A2** **A3** What was acknowledged is there after a crash at any later point, and what was not is wholly
/// there or wholly absent: content, version, reply and epoch together.
#[test]
fn a_crash_at_any_point_takes_back_nothing_acknowledged_and_leaves_nothing_half_done() {
    story(|| async {
        let life = first_life().await;
        let (mut crashes, mut stood) = (0, 0);
        for at in life.opened_at..=life.disk.position() {
            let every_third = at % 3;
            for (nth, loss) in Loss::ALL.into_iter().enumerate() {
                if nth % 3 == every_third {
                    let mut running = life.recovered(at, loss);
                    stood += usize::from(life.fence_holds(&mut running).await);
                    life.retried(running).await;
                    crashes += 1;
                }
            }
        }
        assert!(stood > 5, "There was hardly a crash behind the fence.");
        println!(
            "{crashes} crashes survived, {} acknowledged writes, 0 lost",
            life.done.len()
        );
    });
}

/// About so many points between two of a disk, or all if there are fewer.
fn some(from: usize, to: usize, count: usize) -> impl Iterator<Item = usize> {
    (from..=to).step_by(((to - from) / count).max(1))
}

/// Opens the store after a second crash; everything known by then has to be there.
async fn survives(life: &Life, at: usize, loss: Loss) {
    let mut running = Running::on(&life.disk.crash(at, loss), keeping_all());
    for done in life.done.iter().filter(|done| done.known_at <= at) {
        let (key, version) = (done.write.key, done.receipt.version().0);
        assert!(
            running.version(key) >= version,
            "Acknowledged, and gone after a second crash: version {version} for {}.",
            named(&done.write)
        );
        let answer = running.write(done.write.clone()).await;
        assert!(
            answer == Ok(done.receipt),
            "After a second crash, {} got this answer: {}.",
            named(&done.write),
            told(&answer)
        );
    }
}

/// **A2** The same holds for a crash during the recovery from a crash.
#[test]
fn a_second_crash_takes_back_no_more_than_the_first() {
    story(|| async {
        let life = first_life().await;
        let (mut first, mut second) = (0, 0);
        for at in some(life.opened_at, life.disk.position(), 10) {
            for loss in [Loss::Lost, Loss::Mixed { seed: 3 }] {
                let running = life.recovered(at, loss);
                let mut recovered = life.retried(running).await;
                // What survived the first crash has to survive the second: it was durable, or it was
                // acknowledged again.
                for done in &mut recovered.done {
                    let before = life.done.iter().find(|d| d.receipt == done.receipt);
                    if before.is_some_and(|before| before.known_at <= at) {
                        done.known_at = 0;
                    }
                }
                first += 1;
                for again in some(0, recovered.disk.position(), 12) {
                    let loss = [Loss::Lost, Loss::Torn][again % 2];
                    note(format!(
                        "the power fails again, after {again} more operations, with {loss:?}"
                    ));
                    survives(&recovered, again, loss).await;
                    second += 1;
                }
            }
        }
        assert!(
            first >= 10 && second >= 100,
            "{first} and {second} crashes."
        );
        println!("{first} crashes, each followed by a second one: {second} survived, 0 lost");
    });
}

/// **A5** **A2** However many replies there are, all that are to be kept are known after the store was closed, and
/// after the crash that followed.
#[test]
fn many_replies_survive_a_restart_and_a_crash() {
    story(|| async {
        let many = |from: u64, to: u64| -> Vec<Write> {
            (from..to)
                .map(|n| write(lesson(n), 0, &format!("write {n}")))
                .collect()
        };
        let count = 10 * MAX_GROUP as u64;
        let mut running = Running::on(&Disk::new(), keeping_all());
        let answers = running.write_all(many(0, count)).await;
        assert!(answers.iter().all(Result::is_ok), "All of them are new.");
        let mut running = running.reopened(keeping_all());
        let more = running.write_all(many(count, count + 20)).await;
        assert!(more.iter().all(Result::is_ok), "All of them are new.");
        let disk = running.disk.crash(running.disk.position(), Loss::Lost);
        note("the power fails, and the store is opened again");
        let mut running = Running::on(&disk, keeping_all());
        let all: Vec<Write> = many(0, count + 20);
        let retried = running.write_all(all.clone()).await;
        let before = answers.into_iter().chain(more);
        for (write, (retried, before)) in all.iter().zip(retried.iter().zip(before)) {
            assert!(
                *retried == before,
                "{} was accepted, with {count} others and 20 more behind a restart. After a crash, its retry \
                 got this answer: {}.",
                named(write),
                told(retried)
            );
        }
    });
}
