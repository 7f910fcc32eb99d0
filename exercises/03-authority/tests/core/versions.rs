//! Who makes a version, who loses against it, and what a crash may take back.

use crate::world::crash::live_through;
use crate::world::{Running, answers, assert_done, assert_holds, assert_refused, lesson, write};
use authority::fact::{Write, WriteError};
use crashdisk::Loss;
use domain::Version;
use testbed::story;

/// **A1** What is read is what was written, as the version that the authority gave it.
#[test]
fn a_write_becomes_a_record() {
    story(|| async {
        let mut running = Running::new();
        assert_eq!(running.read(lesson(1)), None, "Nobody has written it yet.");
        let first = write(lesson(1), 0, "first");
        let answer = running.write(first.clone()).await;
        assert_done(&answer, lesson(1), 1, "A new store takes a first write.");
        let record = running.read(lesson(1)).expect("It was acknowledged.");
        assert_holds(&record, &first, 1, "What is read is what was written.");
        for key in [lesson(2), domain::LessonKey::new(2, 1)] {
            assert_eq!(running.read(key), None, "It is another fact.");
        }
    });
}

/// **A4** The versions of a key rise by one, each lesson's by themselves.
#[test]
fn versions_rise_without_gaps() {
    story(|| async {
        let mut running = Running::new();
        for version in 1..=3 {
            for n in [1, 2] {
                let write = write(lesson(n), version - 1, &format!("{version} of {n}"));
                let answer = running.write(write.clone()).await;
                assert_done(
                    &answer,
                    lesson(n),
                    version,
                    "It has seen the version before, and each lesson's versions count for themselves. Whoever \
                     has version 3 and hears of 5 has to know that it missed one.",
                );
                let record = running.read(lesson(n)).expect("It was acknowledged.");
                assert_holds(
                    &record,
                    &write,
                    version,
                    "What is read is what was written.",
                );
            }
        }
    });
}

/// **A4** A write that expects another version than the current one changes nothing, and is told the
/// current one.
#[test]
fn a_stale_write_changes_nothing() {
    story(|| async {
        let mut running = Running::new();
        let key = lesson(1);
        let answer = running.write(write(key, 0, "first")).await;
        assert_done(&answer, key, 1, "Nobody was before it.");
        let second = write(key, 1, "second");
        let answer = running.write(second.clone()).await;
        assert_done(&answer, key, 2, "It has seen version 1.");
        let stale = WriteError::Stale {
            current: Some(Version(2)),
        };
        for (seen, named) in [
            (None, "has seen nothing"),
            (Some(0), "has seen 0"),
            (Some(1), "has seen 1"),
            (Some(3), "has seen 3"),
        ] {
            let rival = Write {
                expected: seen.map(Version),
                ..write(key, 1, named)
            };
            let answer = running.write(rival).await;
            assert_refused(
                &answer,
                &stale,
                "Version 2 is current, and this caller decided upon another one. What it would write over, it \
                 has never seen.",
            );
            let record = running.read(key).expect("it was written twice");
            let lesson = "A refused write has changed something.";
            assert_holds(&record, &second, 2, lesson);
        }
    });
}

/// **A4** "Not begun" is a state like any other, and no version is it.
#[test]
fn a_write_that_expects_a_version_where_none_is_is_stale() {
    story(|| async {
        let mut running = Running::new();
        for (seen, named) in [(0, "version 0"), (1, "version 1"), (u64::MAX, "the last")] {
            let ahead = Write {
                expected: Some(Version(seen)),
                ..write(lesson(1), 0, named)
            };
            assert_refused(
                &running.write(ahead).await,
                &WriteError::Stale { current: None },
                "It decided upon a version of a lesson that nobody has begun. Only `None` says \"nothing is \
                 there\".",
            );
            assert_eq!(
                running.read(lesson(1)),
                None,
                "A refused write has made something."
            );
        }
        let answer = running.write(write(lesson(1), 0, "begun")).await;
        assert_done(&answer, lesson(1), 1, "It expects what is there: nothing.");
    });
}

/// **A2** Nobody is answered before the commit.
#[test]
fn nobody_is_answered_before_the_commit() {
    story(|| async {
        let mut running = Running::new();
        let handed_in = running.submit(vec![write(lesson(1), 0, "first")]).await;
        assert!(
            handed_in.iter().all(|write| !write.is_finished()),
            "A write was answered when it was handed in. Nothing has been committed yet, and nothing \
             is known of it."
        );
        let before = running.disk.syncs();
        running.commit().await;
        let answer = &answers(handed_in).await[0];
        assert_done(answer, lesson(1), 1, "It was committed.");
        assert_eq!(
            running.disk.syncs() - before,
            1,
            "One write was acknowledged; so many syncs did the disk see for it. Without one it is only in \
             memory."
        );
    });
}

/// **A2** What was acknowledged is there after a crash at any later point, whatever the crash does to
/// what was not synced.
///
/// **A3** What was not acknowledged is wholly there or wholly absent.
#[test]
fn what_was_acknowledged_survives_a_crash_at_any_point() {
    story(|| async {
        let large = Write {
            note: "n".repeat(4000),
            ..write(lesson(2), 0, "large")
        };
        let script = [
            write(lesson(1), 0, "first"),
            write(lesson(1), 0, "stale"),
            write(lesson(1), 1, "second"),
            large,
        ];
        let script = script.map(|write| vec![write]).to_vec();
        let life = live_through(script, &["first", "second", "large"]).await;
        let mut crashes = 0;
        for at in life.opened_at..=life.disk.position() {
            for loss in [Loss::Lost, Loss::Torn, Loss::Mixed { seed: 1 }] {
                life.recovered(at, loss);
                crashes += 1;
            }
        }
        assert!(crashes > 20, "There were hardly any crashes: {crashes}.");
        println!(
            "{crashes} crashes survived, {} acknowledged writes, 0 lost",
            life.done.len()
        );
    });
}
