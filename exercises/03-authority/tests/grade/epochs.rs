//! Writers that have been replaced, and do not know it.

use crate::running::{Running, assert_done, in_epoch, keeping_all, lesson, write};
use authority::fact::{Epoch, WriteError};
use domain::LessonKey;
use testbed::{note, story};

/// **A7** Once a newer epoch has written, an older one is refused: also for other lessons, in the same
/// group, and after a restart.
#[test]
fn a_replaced_writer_is_refused() {
    story(|| async {
        let mut running = Running::new();
        let done = running.write(in_epoch(4, write(lesson(1), 0, "old"))).await;
        assert_done(&done, lesson(1), 1, "Epoch 4 is the only one so far.");
        let done = running.write(in_epoch(5, write(lesson(1), 1, "new"))).await;
        assert_done(&done, lesson(1), 2, "Epoch 5 is newer.");
        let fenced = Err(WriteError::Fenced { newest: Epoch(5) });
        for (key, seen, what) in [
            (lesson(1), 2, "what the newer epoch wrote"),
            (lesson(2), 0, "a lesson that nobody else touches"),
            (LessonKey::new(7, 1), 0, "another learner's lesson"),
        ] {
            note(format!("the old writer comes back, and writes {what}"));
            let answer = running.write(in_epoch(4, write(key, seen, what))).await;
            assert_eq!(
                answer, fenced,
                "Epoch 5 has written, and epoch 4 writes {what}. It was asleep, or cut off, and \
                 believes that it is still in charge."
            );
        }
        let mut running = running.reopened(keeping_all());
        let answer = running
            .write(in_epoch(4, write(lesson(3), 0, "again")))
            .await;
        assert_eq!(
            answer, fenced,
            "A restart of the store has let the old writer back in."
        );
        assert_eq!(running.version(lesson(1)), 2);
        assert_eq!(running.read(lesson(2)), None);
        let answer = running
            .write(in_epoch(5, write(lesson(3), 0, "current")))
            .await;
        assert_done(
            &answer,
            lesson(3),
            1,
            "Epoch 5 is the newest, and may go on.",
        );
    });
}

/// **A7** An epoch is compared as the number that it is, up to the largest.
#[test]
fn large_epochs_are_numbers_too() {
    story(|| async {
        let mut running = Running::new();
        let epochs = [1, 255, 256, 1 << 32, (1 << 32) + 1, u64::MAX];
        for (n, epoch) in (1..).zip(epochs) {
            let named = format!("epoch {epoch}");
            let answer = running
                .write(in_epoch(epoch, write(lesson(n), 0, &named)))
                .await;
            assert_done(
                &answer,
                lesson(n),
                1,
                "Each epoch is newer than the one before.",
            );
            let late = running
                .write(in_epoch(epoch - 1, write(lesson(99), 0, "late")))
                .await;
            assert!(
                matches!(late, Err(WriteError::Fenced { newest }) if newest == Epoch(epoch)),
                "Epoch {epoch} has written, and epoch {} got {late:?}.",
                epoch - 1
            );
        }
    });
}

/// **A7** Within one group the fence stands from the write that put it up.
#[test]
fn the_fence_stands_within_a_group() {
    story(|| async {
        let mut running = Running::new();
        let answers = running
            .write_all(vec![
                in_epoch(1, write(lesson(1), 0, "before")),
                in_epoch(2, write(lesson(2), 0, "newer")),
                in_epoch(1, write(lesson(3), 0, "too late")),
            ])
            .await;
        assert_done(&answers[0], lesson(1), 1, "Nobody newer had written.");
        assert_done(&answers[1], lesson(2), 1, "It is newer.");
        assert_eq!(
            answers[2],
            Err(WriteError::Fenced { newest: Epoch(2) }),
            "A newer epoch has written just before, in the same group."
        );
    });
}

/// **A7** Until a newer one has written, the older writer may: a refused write puts up no fence.
#[test]
fn a_refused_write_puts_up_no_fence() {
    story(|| async {
        let mut running = Running::new();
        let stale = running
            .write(in_epoch(9, write(lesson(1), 3, "newer, and stale")))
            .await;
        assert_eq!(stale, Err(WriteError::Stale { current: None }));
        let used = write(lesson(2), 0, "used");
        assert!(running.write(used.clone()).await.is_ok());
        let conflict = running
            .write(in_epoch(9, write(lesson(3), 0, "used")))
            .await;
        assert_eq!(conflict, Err(WriteError::Conflict));
        let retry = running.write(in_epoch(9, used)).await;
        assert_done(&retry, lesson(2), 1, "It had been done, by epoch 1.");
        let answer = running
            .write(in_epoch(1, write(lesson(1), 0, "older")))
            .await;
        assert_done(
            &answer,
            lesson(1),
            1,
            "Epoch 9 has asked, and was refused or given an old reply: it has written nothing.",
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
        assert!(
            running
                .write(in_epoch(2, write(lesson(2), 0, "newer")))
                .await
                .is_ok()
        );
        assert_eq!(
            running.write(old).await,
            reply,
            "It was done before the fence went up. To refuse the retry would tell its caller that it \
             was not."
        );
    });
}
