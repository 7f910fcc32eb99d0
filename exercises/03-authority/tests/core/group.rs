//! Writers that wait together: syncs are counted, never timed.

use crate::world::{
    Answer, Running, answers, assert_done, assert_refused, in_epoch, keeping_all, lesson, told,
    write, writes,
};
use authority::fact::{Epoch, Write, WriteError};
use authority::group::MAX_GROUP;
use crashdisk::Loss;
use domain::Version;
use testbed::{idle, note, scene, story};
use tokio::task::JoinHandle;

/// **A8** A commit costs one sync, however many writers wait for it.
#[test]
fn writers_that_wait_together_share_one_sync() {
    story(|| async {
        for count in [2, 8, 64] {
            scene(format!("{count} writers wait together"));
            let mut running = Running::new();
            let before = running.disk.syncs();
            let handed_in = running.submit(writes(count)).await;
            assert_eq!(
                running.committer.commit_waiting(),
                count,
                "One call commits all that wait, and says how many it has answered."
            );
            for (n, answer) in (1..).zip(&answers(handed_in).await) {
                let own = "Its lesson and its key are its own, and nothing stands against it.";
                assert_done(answer, lesson(n), 1, own);
            }
            assert_eq!(
                running.disk.syncs() - before,
                1,
                "{count} writes were committed with so many syncs. A sync costs the same for one write as for \
                 many, so those that wait together share it."
            );
        }
    });
}

/// **A4** Each write of a group is judged as if the ones before it were done already, in the order in which
/// they were handed in.
#[test]
fn each_write_of_a_group_sees_those_before_it() {
    story(|| async {
        let mut running = Running::new();
        let impatient = write(lesson(3), 0, "impatient");
        let answers = running
            .write_all(vec![
                write(lesson(9), 0, "first"),
                write(lesson(9), 0, "rival"),
                write(lesson(9), 1, "second"),
                impatient.clone(),
                impatient,
                write(lesson(1), 0, "first"),
                in_epoch(2, write(lesson(8), 0, "newer")),
                write(lesson(2), 0, "older"),
            ])
            .await;
        assert_done(&answers[0], lesson(9), 1, "It came first.");
        assert_refused(
            &answers[1],
            &WriteError::Stale {
                current: Some(Version(1)),
            },
            "The one before it, in its own group, has made version 1. To look at what is on the disk gives two \
             callers the same version.",
        );
        let next = "It has seen the version that its own group has just made.";
        assert_done(&answers[2], lesson(9), 2, next);
        for answer in &answers[3..5] {
            let twice = "Two tries of one write wait together, and have one effect and one reply.";
            assert_done(answer, lesson(3), 1, twice);
        }
        let conflict = "The key was used by the first of this group.";
        assert_refused(&answers[5], &WriteError::Conflict, conflict);
        assert_done(&answers[6], lesson(8), 1, "It is newer.");
        assert_refused(
            &answers[7],
            &WriteError::Fenced { newest: Epoch(2) },
            "A newer epoch has written just before, in the same group.",
        );
    });
}

/// **A8** Whoever is refused in a group harms nobody else in it.
#[test]
fn a_refused_write_harms_no_other_in_its_group() {
    story(|| async {
        let mut running = Running::new();
        let used = running.write(write(lesson(1), 0, "used")).await;
        assert_done(&used, lesson(1), 1, "It is the first.");
        let before = running.disk.syncs();
        let too_long = Write {
            note: "n".repeat(100_000),
            ..write(lesson(3), 0, "too long")
        };
        let answers = running
            .write_all(vec![
                write(lesson(2), 0, "good"),
                write(lesson(1), 0, "stale"),
                write(lesson(9), 0, "used"),
                too_long,
                write(lesson(1), 1, "good as well"),
            ])
            .await;
        let harmless = "It shares a group with refused writes, and has nothing to do with them.";
        assert_done(&answers[0], lesson(2), 1, harmless);
        let stale = WriteError::Stale {
            current: Some(Version(1)),
        };
        assert_refused(&answers[1], &stale, "Version 1 is current.");
        let conflict = "Its key belongs to another write.";
        assert_refused(&answers[2], &WriteError::Conflict, conflict);
        let too_large = WriteError::TooLarge { bytes: 100_000 };
        assert_refused(&answers[3], &too_large, "It is beyond the limit.");
        assert_done(&answers[4], lesson(1), 2, harmless);
        assert_eq!(
            running.disk.syncs() - before,
            1,
            "Two writes of one group were accepted, with so many syncs."
        );
        assert_eq!(running.read(lesson(9)), None, "It was refused.");
    });
}

/// **A8** A caller that gives up takes nobody with it, wherever it stood.
#[test]
fn a_caller_that_gives_up_harms_no_other() {
    story(|| async {
        let mut running = Running::new();
        let handed_in = running.submit(writes(6)).await;
        note("the callers of writes 1, 3 and 6 give up");
        for gone in [0, 2, 5] {
            handed_in[gone].abort();
        }
        idle().await;
        running.commit().await;
        let left: Vec<JoinHandle<Answer>> = handed_in
            .into_iter()
            .enumerate()
            .filter(|(n, _)| ![0, 2, 5].contains(n))
            .map(|(_, write)| write)
            .collect();
        for (answer, n) in answers(left).await.iter().zip([2, 4, 5]) {
            let stays = "Other callers gave up, and this one did not.";
            assert_done(answer, lesson(n), 1, stays);
        }
        let answer = running.write(write(lesson(9), 0, "the next")).await;
        assert_done(&answer, lesson(9), 1, "Life goes on.");
    });
}

/// **A8** A group has a bound, and those beyond it are in the next one.
#[test]
fn a_group_has_a_bound() {
    story(|| async {
        let mut running = Running::new();
        let count = MAX_GROUP + 5;
        let handed_in = running.submit(writes(count)).await;
        let mut sizes = Vec::new();
        loop {
            match running.committer.commit_waiting() {
                0 => break,
                size => sizes.push(size),
            }
            idle().await;
        }
        note(format!("the groups had these sizes: {sizes:?}"));
        assert!(
            sizes.iter().all(|size| *size <= MAX_GROUP),
            "{count} writes waited; a group takes at most {MAX_GROUP}. What has no bound makes the first of \
             a group wait for all who come."
        );
        let done = answers(handed_in)
            .await
            .iter()
            .filter(|a| a.is_ok())
            .count();
        assert_eq!(done, count, "Everyone is served, in one group or another.");
        assert!(
            sizes.len() <= 3,
            "Those who waited together were committed in {} groups.",
            sizes.len()
        );
    });
}

/// **A2** A refusal, and a retry, rest on the commit of their group: if that is unknown, so are they.
#[test]
fn nobody_in_a_group_is_surer_than_its_commit() {
    story(|| async {
        let mut running = Running::new();
        running.disk.fail_syncs(1);
        note("the next sync will fail");
        let impatient = write(lesson(2), 0, "impatient");
        let group = vec![
            write(lesson(1), 0, "first"),
            write(lesson(1), 0, "rival"),
            impatient.clone(),
            impatient,
        ];
        for answer in running.write_all(group).await {
            assert_refused(
                &answer,
                &WriteError::Unknown,
                "The sync under this group failed. The rival was refused in favour of the first, and the second \
                 try would get the first one's reply; but whether there is a first is unknown, and with it all \
                 of this.",
            );
        }
    });
}

/// **A2** After a failed sync nothing is acknowledged that only a later sync seems to have saved.
///
/// The next sync succeeds, and what the failed one should have made durable is not there.
/// `PostgreSQL` learnt that in 2018.
#[test]
fn a_failed_sync_is_not_made_good_by_the_next_one() {
    story(|| async {
        let mut running = Running::new();
        let kept = write(lesson(1), 0, "kept");
        let reply = running.write(kept.clone()).await;
        assert_done(&reply, lesson(1), 1, "The disk is well.");
        running.disk.fail_syncs(1);
        note("the next sync fails, and the ones after it succeed");
        let lost = write(lesson(2), 0, "lost");
        assert_refused(
            &running.write(lost.clone()).await,
            &WriteError::Unknown,
            "The sync under this write failed: it may be done or not, and nobody can know.",
        );
        for late in [
            lost.clone(),
            kept.clone(),
            write(lesson(1), 5, "stale"),
            write(lesson(3), 0, "new"),
        ] {
            assert_refused(
                &running.write(late).await,
                &WriteError::Stopped,
                "It came after the disk had failed. What memory says and what the disk holds are two things by \
                 now: nothing is tried, and nothing answered, before the store has been opened again.",
            );
        }
        for loss in Loss::ALL {
            scene(format!(
                "a sync failed; then the power did; what was not synced is {loss:?}"
            ));
            let disk = running.disk.crash(running.disk.position(), loss);
            let mut after = Running::on(&disk, keeping_all());
            let retried = after.write(kept.clone()).await;
            assert!(
                retried == reply,
                "It was acknowledged before the disk failed, and its retry got this answer: {}.",
                told(&retried)
            );
            let retried = after.write(lost.clone()).await;
            let once = "It is done now, or was done then; its caller needs no luck.";
            assert_done(&retried, lesson(2), 1, once);
        }
    });
}
