//! Writers that have been replaced, and do not know it.

use crate::world::crash::live_through;
use crate::world::{Running, assert_done, assert_refused, in_epoch, keeping_all, lesson, write};
use authority::fact::{Epoch, WriteError};
use crashdisk::Loss;
use domain::LessonKey;
use testbed::{note, story};

/// **A7** Once a newer epoch has written, an older one is refused: also for other lessons, and after a
/// restart.
#[test]
fn a_replaced_writer_is_refused() {
    story(|| async {
        let mut running = Running::new();
        let done = running.write(in_epoch(4, write(lesson(1), 0, "old"))).await;
        assert_done(&done, lesson(1), 1, "Epoch 4 is the newest so far.");
        let done = running.write(in_epoch(5, write(lesson(1), 1, "new"))).await;
        assert_done(&done, lesson(1), 2, "Epoch 5 is newer.");
        let fenced = WriteError::Fenced { newest: Epoch(5) };
        for (key, seen, what) in [
            (lesson(1), 2, "what the newer epoch wrote"),
            (lesson(2), 0, "a lesson that nobody else touches"),
            (LessonKey::new(7, 1), 0, "another learner's lesson"),
        ] {
            note(format!("the old writer comes back, and writes {what}"));
            assert_refused(
                &running.write(in_epoch(4, write(key, seen, what))).await,
                &fenced,
                "Epoch 5 has written, and this is epoch 4. It was asleep, or cut off, and believes that it is \
                 still in charge.",
            );
        }
        let mut running = running.reopened(keeping_all());
        assert_refused(
            &running
                .write(in_epoch(4, write(lesson(3), 0, "again")))
                .await,
            &fenced,
            "A restart of the store has let the old writer back in.",
        );
        let current = in_epoch(5, write(lesson(3), 0, "current"));
        let answer = running.write(current).await;
        let equal = "Epoch 5 is the newest, and may go on.";
        assert_done(&answer, lesson(3), 1, equal);
    });
}

/// **A7** Until a newer one has written, the older writer may: a refused write puts up no fence.
#[test]
fn a_refused_write_puts_up_no_fence() {
    story(|| async {
        let mut running = Running::new();
        let stale = in_epoch(9, write(lesson(1), 3, "newer, and stale"));
        assert_refused(
            &running.write(stale).await,
            &WriteError::Stale { current: None },
            "Nobody has begun the lesson that it expects at version 3.",
        );
        let used = in_epoch(1, write(lesson(2), 0, "used"));
        let answer = running.write(used.clone()).await;
        let nobody =
            "Epoch 9 has asked and was refused. It has written nothing, so epoch 1 may write.";
        assert_done(&answer, lesson(2), 1, nobody);
        assert_refused(
            &running
                .write(in_epoch(9, write(lesson(3), 0, "used")))
                .await,
            &WriteError::Conflict,
            "The key belongs to another write.",
        );
        let retry = running.write(in_epoch(9, used)).await;
        assert_done(&retry, lesson(2), 1, "It had been done, by epoch 1.");
        let older = running
            .write(in_epoch(1, write(lesson(1), 0, "older")))
            .await;
        assert_done(
            &older,
            lesson(1),
            1,
            "Epoch 9 has asked three times, and was refused or given an old reply. It has written nothing, so \
             epoch 1 may write.",
        );
    });
}

/// **A7** What an old writer did stays done: a retry of it still gets its reply, behind the fence.
#[test]
fn a_fence_does_not_deny_the_past() {
    story(|| async {
        let mut running = Running::new();
        let old = in_epoch(1, write(lesson(1), 0, "old"));
        let reply = running.write(old.clone()).await;
        assert_done(&reply, lesson(1), 1, "Nobody newer had written.");
        let newer = running
            .write(in_epoch(2, write(lesson(2), 0, "newer")))
            .await;
        assert_done(&newer, lesson(2), 1, "It is newer.");
        let retried = running.write(old).await;
        assert_done(
            &retried,
            lesson(1),
            1,
            "It was done before the fence went up. To refuse the retry would tell its caller that it was not.",
        );
    });
}

/// **A3** **A7** The fence is as durable as the write that put it up.
#[test]
fn the_fence_survives_a_crash_with_the_write_that_put_it_up() {
    story(|| async {
        let script = [
            in_epoch(1, write(lesson(1), 0, "old")),
            in_epoch(2, write(lesson(2), 0, "new")),
        ];
        let script = script.map(|write| vec![write]).to_vec();
        let life = live_through(script, &["old", "new"]).await;
        let mut stood = 0;
        for at in life.opened_at..=life.disk.position() {
            for loss in [Loss::Lost, Loss::Kept] {
                let mut running = life.recovered(at, loss);
                stood += usize::from(life.fence_holds(&mut running).await);
            }
        }
        assert!(
            stood > 1,
            "There was hardly a crash behind the fence: {stood}."
        );
    });
}
