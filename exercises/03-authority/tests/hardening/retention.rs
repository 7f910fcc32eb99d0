//! How long a reply is kept, and what that costs.

use crate::world::{Answer, Running, assert_done, keeping, lesson, write};
use authority::fact::{IdempotencyKey, InvalidKey, MAX_IDEMPOTENCY_KEY_BYTES, Write, WriteError};
use crashdisk::Disk;
use domain::LessonKey;
use testbed::{note, story};

/// `count` writes of lessons of their own, under keys with numbers.
fn numbered(count: u64) -> Vec<Write> {
    (1..=count)
        .map(|n| write(lesson(n), 0, &format!("key {n}")))
        .collect()
}

/// For each retry, whether it still got its reply.
fn kept(answers: &[Answer]) -> Vec<bool> {
    answers.iter().map(Result::is_ok).collect()
}

/// **A5** A store that is opened with fewer replies to keep forgets the others with its next write.
#[test]
fn a_lower_bound_holds_from_the_next_write_on() {
    story(|| async {
        let mut running = Running::new();
        let answers = running.write_all(numbered(6)).await;
        assert_eq!(kept(&answers), [true; 6], "All of them are new.");
        note("the store is opened again, to keep 2 replies");
        let mut running = running.reopened(keeping(2));
        let next = running.write(write(lesson(9), 0, "key 9")).await;
        assert_done(&next, lesson(9), 1, "It is new.");
        let answers = running.write_all(numbered(6)).await;
        assert_eq!(
            kept(&answers),
            [false, false, false, false, false, true],
            "With 2 replies to keep, those of \"key 6\" and \"key 9\" are left. (True is a reply.)"
        );
    });
}

/// **A5** The latest replies are the latest of all, whoever wrote, and a retry keeps none longer.
#[test]
fn replies_are_counted_for_all_learners_together() {
    story(|| async {
        let mut running = Running::on(&Disk::new(), keeping(3));
        let writes: Vec<Write> = (1..=6)
            .map(|n| write(LessonKey::new(n, n % 2), 0, &format!("key {n}")))
            .collect();
        for write in &writes {
            assert!(running.write(write.clone()).await.is_ok(), "It is new.");
        }
        let oldest = running.write(writes[3].clone()).await;
        assert!(oldest.is_ok(), "It is one of the latest three.");
        let next = running.write(write(lesson(9), 0, "key 9")).await;
        assert_done(&next, lesson(9), 1, "It is new.");
        let answers = running.write_all(writes).await;
        assert_eq!(
            kept(&answers),
            [false, false, false, false, true, true],
            "Three replies are kept, those of \"key 5\", \"key 6\" and \"key 9\". That \"key 4\" was asked for \
             again just before does not make it one of the latest. (True is a reply.)"
        );
    });
}

/// **A5** Which replies are the latest is known after a restart as well.
#[test]
fn a_restart_changes_no_order_of_replies() {
    story(|| async {
        let mut running = Running::on(&Disk::new(), keeping(3));
        let writes = numbered(12);
        let mut done = 0;
        for upto in [5, 6, 7, 11, 12] {
            while done < upto {
                let answer = running.write(writes[done].clone()).await;
                assert!(answer.is_ok(), "It is new.");
                done += 1;
            }
            let answers = running.write_all(writes[..done].to_vec()).await;
            for (n, answer) in (1..).zip(&answers) {
                assert_eq!(
                    answer.is_ok(),
                    n + 3 > done,
                    "{done} writes were accepted, with restarts between, and the replies of the latest three \
                     are kept. Is that of write {n} among them? (Left: what the store says.)"
                );
            }
            running = running.reopened(keeping(3));
        }
    });
}

/// **A5** However many writes there have been, the store holds no more replies than it promised.
#[test]
fn replies_do_not_pile_up() {
    story(|| async {
        let mut running = Running::on(&Disk::new(), keeping(50));
        let mut lengths = Vec::new();
        for round in 0..6_u64 {
            for group in 0..6_u64 {
                let first = (round * 6 + group) * 50;
                let group = (first..first + 50).map(|seen| Write {
                    note: "n".repeat(200),
                    ..write(lesson(1), seen, &format!("{seen:060}"))
                });
                let answers = running.write_all(group.collect()).await;
                assert_eq!(kept(&answers), [true; 50], "Each has seen the one before.");
            }
            lengths.push(running.disk.len_bytes());
        }
        let (early, late) = (lengths[..3].iter().max(), lengths[3..].iter().max());
        let (early, late) = (*early.expect("three"), *late.expect("three"));
        assert!(
            late <= early + early / 4,
            "One lesson was written 1,800 times and 50 replies are to be kept, yet the file still grows: \
             it had {early} bytes at the most in the first half of that, and {late} in the second."
        );
    });
}

/// **A5** Two keys that differ in anything are two keys, and what is asked under one counts as it is.
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
        let first = write(LessonKey::new(1, 11), 0, "one");
        let second = Write {
            key: LessonKey::new(11, 1),
            ..first.clone()
        };
        assert!(running.write(first).await.is_ok(), "It is new.");
        assert_eq!(
            running.write(second).await,
            Err(WriteError::Conflict),
            "Lesson 11 of learner 1 and lesson 1 of learner 11 are two things, also where they are written \
             down without a space."
        );
    });
}

/// **Given** The bounds of an idempotency key.
#[test]
fn an_idempotency_key_has_bounds() {
    let limit = "k".repeat(MAX_IDEMPOTENCY_KEY_BYTES);
    let key = IdempotencyKey::new(limit).expect("it is at the limit");
    let encoded = postcard::to_stdvec(&key).expect("encodes");
    assert_eq!(
        postcard::from_bytes(&encoded),
        Ok(key),
        "A key that was sent elsewhere is the same key there."
    );
    for bytes in [0, MAX_IDEMPOTENCY_KEY_BYTES + 1] {
        let key = IdempotencyKey::new("k".repeat(bytes));
        assert_eq!(key, Err(InvalidKey { bytes }), "It is beyond a limit.");
        let from_elsewhere = postcard::to_stdvec(&"k".repeat(bytes)).expect("encodes");
        let decoded = postcard::from_bytes::<IdempotencyKey>(&from_elsewhere);
        assert!(
            decoded.is_err(),
            "A key of {bytes} bytes came in from elsewhere."
        );
    }
}
