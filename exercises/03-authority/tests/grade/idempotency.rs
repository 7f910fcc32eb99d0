//! Retries: one idempotency key, one effect, one reply.

use crate::running::{Running, assert_done, in_epoch, keeping, lesson, write};
use authority::fact::{IdempotencyKey, InvalidKey, MAX_IDEMPOTENCY_KEY_BYTES, Write, WriteError};
use crashdisk::Disk;
use domain::{LessonKey, Version};
use testbed::{note, scene, story};

/// **A5** A retry gets the reply of the first try and has no effect of its own, also after other writes
/// and a restart.
#[test]
fn a_retry_gets_the_same_reply_and_has_no_effect() {
    story(|| async {
        let mut running = Running::new();
        let key = lesson(1);
        let first = write(key, 0, "first");
        let reply = running.write(first.clone()).await;
        assert_done(&reply, key, 1, "Nobody was before it.");
        assert_eq!(
            running.write(first.clone()).await,
            reply,
            "A retry, at once."
        );
        assert_done(
            &running.write(write(key, 1, "second")).await,
            key,
            2,
            "It has seen version 1, and a retry made no further version.",
        );
        assert_eq!(
            running.write(first.clone()).await,
            reply,
            "A retry after somebody else has written. The answer is about what this caller did, and \
             that has not changed."
        );
        let mut running = running.reopened(keeping(1000));
        assert_eq!(
            running.write(first).await,
            reply,
            "A retry after a restart. Callers do not know that there was one."
        );
        assert_eq!(
            running.version(key),
            2,
            "A retry has had an effect of its own."
        );
    });
}

/// **A5** The same holds for tries that wait together.
#[test]
fn tries_that_wait_together_have_one_effect() {
    story(|| async {
        let mut running = Running::new();
        let first = write(lesson(1), 0, "impatient");
        let answers = running.write_all(vec![first; 5]).await;
        for answer in &answers {
            assert_done(
                answer,
                lesson(1),
                1,
                "Five tries of one write got different replies.",
            );
        }
        assert_eq!(
            running.version(lesson(1)),
            1,
            "Five tries had more than one effect."
        );
    });
}

/// **A5** A retry that shares the first try's group is answered by the same commit: if that fails, it
/// knows no more than the first.
#[test]
fn a_retry_is_no_surer_than_the_commit_that_it_rests_on() {
    story(|| async {
        let mut running = Running::new();
        running.disk.fail_syncs(1);
        let first = write(lesson(1), 0, "impatient");
        let answers = running.write_all(vec![first; 3]).await;
        assert_eq!(
            answers,
            vec![Err(WriteError::Unknown); 3],
            "Three tries waited together, and the sync under them failed."
        );
    });
}

/// **A5** Another write under the same key is a conflict, whatever differs, and changes nothing.
#[test]
fn another_write_under_the_same_key_is_a_conflict() {
    story(|| async {
        let mut running = Running::new();
        let long = "n".repeat(300);
        let first = Write {
            note: format!("{long}0"),
            ..write(lesson(1), 0, "mine")
        };
        assert_done(
            &running.write(first.clone()).await,
            lesson(1),
            1,
            "The first.",
        );
        for (what, other) in others_than(&first) {
            scene(format!("the key of a write is used again, with {what}"));
            let answer = running.write(other).await;
            assert_eq!(
                answer,
                Err(WriteError::Conflict),
                "Two writes under one idempotency key differ in {what}. To answer the second with the \
                 receipt of the first tells its caller that something was written which was not."
            );
            assert_eq!(running.version(lesson(1)), 1);
            assert_eq!(running.read(lesson(2)), None);
            assert_eq!(running.read(domain::LessonKey::new(2, 1)), None);
        }
        scene("the key of a write is used again, with a note that is too long");
        let beyond = Write {
            note: "n".repeat(5000),
            ..first.clone()
        };
        assert_eq!(
            running.write(beyond).await,
            Err(WriteError::TooLarge { bytes: 5000 }),
            "Whether it can be written at all is the first question."
        );
        assert_eq!(
            running
                .write(in_epoch(7, first))
                .await
                .map(|receipt| receipt.version()),
            Ok(Version(1)),
            "In whose name a retry comes is no part of what is wanted."
        );
    });
}

/// Writes that differ from `first` in one thing, and in what.
fn others_than(first: &Write) -> Vec<(&'static str, Write)> {
    let almost = first.note.replace('0', "1");
    let steps = first.steps_done;
    vec![
        (
            "another lesson",
            Write {
                key: lesson(2),
                ..first.clone()
            },
        ),
        (
            "other steps",
            Write {
                steps_done: steps + 1,
                ..first.clone()
            },
        ),
        (
            "another end",
            Write {
                completed: !first.completed,
                ..first.clone()
            },
        ),
        (
            "another note",
            Write {
                note: "else".into(),
                ..first.clone()
            },
        ),
        (
            "a note of the same length",
            Write {
                note: almost,
                ..first.clone()
            },
        ),
        (
            "another learner",
            Write {
                key: domain::LessonKey::new(2, 1),
                ..first.clone()
            },
        ),
        (
            "a longer note",
            Write {
                note: format!("{}!", first.note),
                ..first.clone()
            },
        ),
        (
            "another expectation",
            Write {
                expected: Some(Version(1)),
                ..first.clone()
            },
        ),
    ]
}

/// **A5** Two keys that differ in anything are two keys.
#[test]
fn keys_that_look_alike_are_different_keys() {
    story(|| async {
        let mut running = Running::new();
        let long = "k".repeat(MAX_IDEMPOTENCY_KEY_BYTES - 1);
        let names = [
            "key",
            "Key",
            " key",
            "key ",
            "ke",
            "kéy",
            &format!("{long}a"),
            &format!("{long}b"),
        ];
        let writes: Vec<Write> = (1..)
            .zip(names)
            .map(|(n, named)| write(lesson(n), 0, named))
            .collect();
        let answers = running.write_all(writes).await;
        for ((n, named), answer) in (1..).zip(names).zip(&answers) {
            assert_done(
                answer,
                lesson(n),
                1,
                &format!("{named:?} is a key of its own, and was taken for another."),
            );
        }
    });
}

/// **A5** What is asked counts as it is, and not as it looks when it is written down in a row.
#[test]
fn writes_whose_parts_run_together_are_different_writes() {
    story(|| async {
        let pairs = [
            (
                write(domain::LessonKey::new(1, 11), 0, "one"),
                write(domain::LessonKey::new(11, 1), 0, "one"),
            ),
            (
                write(domain::LessonKey::new(1, 12), 0, "one"),
                write(domain::LessonKey::new(11, 2), 0, "one"),
            ),
        ];
        for (first, second) in pairs {
            scene(format!(
                "{:?} and {:?} are written under one key",
                first.key, second.key
            ));
            let mut running = Running::new();
            assert!(running.write(first).await.is_ok());
            assert_eq!(running.write(second).await, Err(WriteError::Conflict));
        }
    });
}

/// **A5** In one group too, the second of two writes under one key is a conflict.
#[test]
fn two_writes_under_one_key_in_a_group_are_a_conflict() {
    story(|| async {
        let mut running = Running::new();
        let answers = running
            .write_all(vec![
                write(lesson(1), 0, "shared"),
                write(lesson(2), 0, "shared"),
            ])
            .await;
        assert_done(&answers[0], lesson(1), 1, "The first is new.");
        assert_eq!(
            answers[1],
            Err(WriteError::Conflict),
            "The second is not the first."
        );
        assert_eq!(running.read(lesson(2)), None);
    });
}

/// **A5** A refusal uses no key up: nothing was done under it.
#[test]
fn a_refused_write_leaves_its_key_free() {
    story(|| async {
        let mut running = Running::new();
        let stale = write(lesson(1), 4, "hasty");
        assert_eq!(
            running.write(stale).await,
            Err(WriteError::Stale { current: None })
        );
        let right = write(lesson(1), 0, "hasty");
        assert_done(
            &running.write(right).await,
            lesson(1),
            1,
            "Its caller has looked again, and nothing had been done under the key.",
        );
    });
}

/// **A5** Replies are kept for the latest accepted writes, and forgotten in the order of their
/// acceptance. What comes later is judged anew, and the compare-and-set is the second net.
#[test]
fn replies_are_kept_for_as_long_as_promised_and_then_forgotten() {
    story(|| async {
        let disk = crashdisk::Disk::new();
        let mut running = Running::on(&disk, keeping(3));
        let writes: Vec<Write> = (1..=5)
            .map(|n| write(lesson(n), 0, &format!("key {n}")))
            .collect();
        for write in &writes {
            assert!(running.write(write.clone()).await.is_ok());
            // Neither refusals nor retries make the store forget sooner.
            assert!(running.write(write.clone()).await.is_ok());
            let stale = Write {
                expected: Some(Version(9)),
                idempotency_key: IdempotencyKey::new("stale").expect("short"),
                ..write.clone()
            };
            assert!(running.write(stale).await.is_err());
        }
        for write in &writes[2..] {
            assert_done(
                &running.write(write.clone()).await,
                write.key,
                1,
                "The replies of the latest three accepted writes are kept.",
            );
        }
        for write in &writes[..2] {
            assert_eq!(
                running.write(write.clone()).await,
                Err(WriteError::Stale {
                    current: Some(Version(1))
                }),
                "Its reply is forgotten. It is judged as a new write, and expects that there is none."
            );
        }
        // A retry keeps no reply longer: the order is that of acceptance.
        let oldest = &writes[2];
        assert!(running.write(oldest.clone()).await.is_ok());
        let next = running.write(write(lesson(8), 0, "key 8")).await;
        assert_done(&next, lesson(8), 1, "It is new.");
        assert_eq!(
            running.write(oldest.clone()).await,
            Err(WriteError::Stale {
                current: Some(Version(1))
            }),
            "Three writes have been accepted since; that it was asked for again just before does not \
             make it one of the latest three."
        );
        let reused = write(lesson(9), 0, "key 1");
        assert_done(
            &running.write(reused).await,
            lesson(9),
            1,
            "A forgotten key is free again.",
        );
    });
}

/// **A5** A store that is opened with fewer replies to keep forgets the others with its next write.
#[test]
fn a_lower_bound_holds_from_the_next_write_on() {
    story(|| async {
        let mut running = Running::new();
        let writes: Vec<Write> = (1..=6)
            .map(|n| write(lesson(n), 0, &format!("key {n}")))
            .collect();
        let answers = running.write_all(writes.clone()).await;
        assert!(answers.iter().all(Result::is_ok));
        note("the store is opened again, to keep 2 replies");
        let mut running = running.reopened(keeping(2));
        let next = running.write(write(lesson(9), 0, "key 9")).await;
        assert_done(&next, lesson(9), 1, "It is new.");
        let answers = running.write_all(writes).await;
        let kept: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        assert_eq!(
            kept,
            [false, false, false, false, false, true],
            "With 2 replies to keep, those of \"key 6\" and \"key 9\" are left. (True is a reply.)"
        );
    });
}

/// **A5** However many writes there have been, the store holds no more replies than it promised.
#[test]
fn replies_do_not_pile_up() {
    story(|| async {
        let disk = crashdisk::Disk::new();
        let mut running = Running::on(&disk, keeping(50));
        let mut lengths = Vec::new();
        for round in 0..6_u64 {
            for group in 0..8_u64 {
                let first = (round * 8 + group) * 50;
                let group = (first..first + 50).map(|seen| {
                    let named = format!("{seen:060}");
                    Write {
                        note: "n".repeat(200),
                        ..write(lesson(1), seen, &named)
                    }
                });
                let answers = running.write_all(group.collect()).await;
                assert!(
                    answers.iter().all(Result::is_ok),
                    "Each expects the one before it."
                );
            }
            lengths.push(running.disk.len_bytes());
        }
        let (early, late) = (lengths[..3].iter().max(), lengths[3..].iter().max());
        let (early, late) = (*early.expect("three"), *late.expect("three"));
        assert!(
            late <= early + early / 4,
            "One lesson was written 2,400 times and 50 replies are to be kept, yet the file still grows: \
             it had {early} bytes at the most in the first half of that, and {late} in the second."
        );
    });
}

/// **Given** The bounds of an idempotency key.
#[test]
fn an_idempotency_key_has_bounds() {
    story(|| async {
        let limit = "k".repeat(MAX_IDEMPOTENCY_KEY_BYTES);
        assert!(IdempotencyKey::new(limit.clone()).is_ok());
        for bytes in [0, MAX_IDEMPOTENCY_KEY_BYTES + 1] {
            let key = IdempotencyKey::new("k".repeat(bytes));
            assert_eq!(key, Err(InvalidKey { bytes }));
            let from_elsewhere = postcard::to_stdvec(&"k".repeat(bytes)).expect("encodes");
            let decoded = postcard::from_bytes::<IdempotencyKey>(&from_elsewhere);
            assert!(
                decoded.is_err(),
                "A key of {bytes} bytes came in from elsewhere."
            );
        }
    });
}

/// **A5** The latest replies are the latest of all, whoever wrote.
#[test]
fn replies_are_counted_for_all_learners_together() {
    story(|| async {
        let disk = Disk::new();
        let mut running = Running::on(&disk, keeping(3));
        let writes: Vec<Write> = (1..=6)
            .map(|n| write(LessonKey::new(n, n % 2), 0, &format!("key {n}")))
            .collect();
        for write in &writes {
            assert!(running.write(write.clone()).await.is_ok());
        }
        let kept: Vec<bool> = running
            .write_all(writes)
            .await
            .iter()
            .map(Result::is_ok)
            .collect();
        assert_eq!(
            kept,
            [false, false, false, true, true, true],
            "Three replies are to be kept, and six learners have written. (True is a reply.)"
        );
    });
}

/// **A5** Which replies are the latest is known after a restart as well.
#[test]
fn a_restart_changes_no_order_of_replies() {
    story(|| async {
        let disk = Disk::new();
        let mut running = Running::on(&disk, keeping(3));
        let writes: Vec<Write> = (1..=7)
            .map(|n| write(lesson(n), 0, &format!("key {n}")))
            .collect();
        let mut done = 0;
        for upto in [5, 6, 7] {
            while done < upto {
                assert!(running.write(writes[done].clone()).await.is_ok());
                done += 1;
            }
            let earlier = writes[..done].to_vec();
            let answers = running.write_all(earlier).await;
            for (n, answer) in (1..).zip(&answers) {
                let kept = n + 3 > done as u64;
                assert_eq!(
                    answer.is_ok(),
                    kept,
                    "{done} writes were accepted, with restarts between, and the replies of the latest three \
                     are kept. The retry of write {n} got {answer:?}."
                );
            }
            running = running.reopened(keeping(3));
        }
    });
}
