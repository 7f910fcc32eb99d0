//! Retries: one idempotency key, one effect, one reply.

use crate::world::crash::live_through;
use crate::world::{
    Running, assert_done, assert_holds, assert_refused, keeping, keeping_all, lesson, write,
};
use authority::fact::{IdempotencyKey, Write, WriteError};
use crashdisk::{Disk, Loss};
use domain::{LessonKey, Version};
use testbed::{scene, story};

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
        let retried = running.write(first.clone()).await;
        assert_done(
            &retried,
            key,
            1,
            "A retry, at once. The version that is in its way is the one that its own first try made.",
        );
        let second = write(key, 1, "second");
        let answer = running.write(second.clone()).await;
        assert_done(
            &answer,
            key,
            2,
            "It has seen version 1, and a retry made no further version.",
        );
        let retried = running.write(first.clone()).await;
        assert_done(
            &retried,
            key,
            1,
            "A retry after somebody else has written. The answer is about what this caller did, and that has \
             not changed.",
        );
        let mut running = running.reopened(keeping_all());
        let retried = running.write(first).await;
        assert_done(
            &retried,
            key,
            1,
            "A retry after a restart. Callers do not know that there was one, and it is why they retry.",
        );
        let record = running.read(key).expect("it was written twice");
        assert_holds(&record, &second, 2, "A retry has had an effect of its own.");
    });
}

/// **A5** Another write under the same key is a conflict, whatever differs, and changes nothing.
#[test]
fn another_write_under_the_same_key_is_a_conflict() {
    story(|| async {
        let mut running = Running::new();
        let first = Write {
            note: format!("{}0", "n".repeat(300)),
            ..write(lesson(1), 0, "mine")
        };
        let answer = running.write(first.clone()).await;
        assert_done(&answer, lesson(1), 1, "It is the first.");
        for (what, other) in others_than(&first) {
            scene(format!("the key of a write is used again, with {what}"));
            assert_refused(
                &running.write(other).await,
                &WriteError::Conflict,
                "Two different writes have one idempotency key. To answer the second with the receipt of the \
                 first tells its caller that something was written which was not.",
            );
            assert_eq!(running.version(lesson(1)), 1, "A conflict changes nothing.");
            for key in [lesson(2), LessonKey::new(2, 1)] {
                assert_eq!(running.read(key), None, "A conflict changes nothing.");
            }
        }
        scene("the same write comes once more");
        let retried = running.write(first).await;
        assert_done(
            &retried,
            lesson(1),
            1,
            "It is the write that the key belongs to.",
        );
    });
}

/// Writes that differ from `first` in one thing, and in what.
fn others_than(first: &Write) -> Vec<(&'static str, Write)> {
    let with = |change: &dyn Fn(&mut Write)| {
        let mut other = first.clone();
        change(&mut other);
        other
    };
    vec![
        ("another lesson", with(&|other| other.key = lesson(2))),
        (
            "another learner",
            with(&|other| other.key = LessonKey::new(2, 1)),
        ),
        (
            "another expectation",
            with(&|other| other.expected = Some(Version(1))),
        ),
        ("other steps", with(&|other| other.steps_done += 1)),
        (
            "another end",
            with(&|other| other.completed = !other.completed),
        ),
        (
            "a note of the same length",
            with(&|other| other.note = other.note.replace('0', "1")),
        ),
        ("a longer note", with(&|other| other.note.push('!'))),
    ]
}

/// **A5** A refusal uses no key up: nothing was done under it.
#[test]
fn a_refused_write_leaves_its_key_free() {
    story(|| async {
        let mut running = Running::new();
        let stale = running.write(write(lesson(1), 4, "hasty")).await;
        assert_refused(
            &stale,
            &WriteError::Stale { current: None },
            "Nobody has begun.",
        );
        let right = write(lesson(1), 0, "hasty");
        let answer = running.write(right.clone()).await;
        assert_done(
            &answer,
            lesson(1),
            1,
            "Its caller has looked again, and nothing had been done under the key.",
        );
        let conflict = running.write(write(lesson(2), 0, "hasty")).await;
        assert_refused(
            &conflict,
            &WriteError::Conflict,
            "A refusal left the key free, and the write that was accepted under it has used it up.",
        );
        let retried = running.write(right).await;
        assert_done(&retried, lesson(1), 1, "The key is that of this write.");
    });
}

/// **A8** What changes nothing costs no sync.
#[test]
fn what_changes_nothing_costs_no_sync() {
    story(|| async {
        let mut running = Running::new();
        let done = write(lesson(1), 0, "done");
        let answer = running.write(done.clone()).await;
        assert_done(&answer, lesson(1), 1, "It is the first.");
        let before = running.disk.syncs();
        assert_eq!(running.committer.commit_waiting(), 0, "Nobody waits.");
        let retried = running.write(done).await;
        assert_done(
            &retried,
            lesson(1),
            1,
            "A retry gets the reply of its first try.",
        );
        let stale = running.write(write(lesson(1), 0, "stale")).await;
        assert!(
            stale.is_err(),
            "It expects nothing there, and version 1 is."
        );
        assert_eq!(
            running.disk.syncs() - before,
            0,
            "A retry and a refusal cost so many syncs. What they rest on is durable already; a \
             storm of retries would take the disk from those who have something to write."
        );
    });
}

/// **A5** After a crash at any point, a retry has one effect and one reply: the effect and its key are
/// there together or not at all.
#[test]
fn a_retry_after_a_crash_at_any_point_has_one_effect() {
    story(|| async {
        let script = [
            write(lesson(1), 0, "a1"),
            write(lesson(1), 1, "a2"),
            write(lesson(2), 0, "b"),
        ];
        let script = script.map(|write| vec![write]).to_vec();
        let life = live_through(script, &["a1", "a2", "b"]).await;
        for at in life.opened_at..=life.disk.position() {
            for loss in [Loss::Lost, Loss::Kept] {
                let running = life.recovered(at, loss);
                life.retried(running).await;
            }
        }
    });
}

/// **A5** Replies are kept for the latest accepted writes, and forgotten in the order of their
/// acceptance. What comes later is judged anew, and the compare-and-set is the second net.
#[test]
fn replies_are_kept_for_as_long_as_promised_and_then_forgotten() {
    story(|| async {
        let mut running = Running::on(&Disk::new(), keeping(3));
        let writes: Vec<Write> = (1..=5)
            .map(|n| write(lesson(n), 0, &format!("key {n}")))
            .collect();
        for (n, write) in writes.iter().enumerate() {
            assert!(running.write(write.clone()).await.is_ok(), "It is new.");
            for earlier in &writes[n.saturating_sub(2)..=n] {
                let answer = running.write(earlier.clone()).await;
                let kept = "The replies of the latest three accepted writes are kept.";
                assert_done(&answer, earlier.key, 1, kept);
            }
            // Neither refusals nor retries make the store forget sooner.
            let stale = Write {
                expected: Some(Version(9)),
                idempotency_key: IdempotencyKey::new("stale").expect("short"),
                ..write.clone()
            };
            assert!(running.write(stale).await.is_err(), "It is stale.");
        }
        for write in &writes[..2] {
            assert_refused(
                &running.write(write.clone()).await,
                &WriteError::Stale {
                    current: Some(Version(1)),
                },
                "Three writes have been accepted since, so its reply is forgotten. It is judged as a new write, \
                 and expects that nothing is there.",
            );
        }
        let answer = running.write(write(lesson(9), 0, "key 1")).await;
        let free = "A key that was forgotten is free again.";
        assert_done(&answer, lesson(9), 1, free);
    });
}
