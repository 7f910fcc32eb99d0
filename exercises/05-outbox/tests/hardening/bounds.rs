//! Windows, backlogs and settings at their limits.

use crate::world::{ALWAYS, Machine, ScriptedLog, Seeing, of_lesson, record, seen};
use outbox::inbox::Outcome;
use outbox::worker::{Settings, Step, Worker};
use redb::Database;
use std::sync::Arc;
use std::time::Duration;
use testbed::{live, note};

const S: Duration = Duration::from_secs(1);

fn worker(
    log: &ScriptedLog,
    effect: &Seeing,
    settings: Settings,
) -> (Arc<Database>, Worker<ScriptedLog>) {
    let (database, inbox) = Machine::new().inbox();
    let worker = Worker::new(log.clone(), inbox, Box::new(effect.clone()), settings);
    (database, worker)
}

fn run(worker: &mut Worker<ScriptedLog>, now: Duration) -> Option<Duration> {
    for _ in 0..10_000 {
        if let Step::Idle(next) = worker.step(now).expect("a disk that works") {
            return next;
        }
    }
    panic!("The worker took 10,000 steps at the same moment.");
}

/// **W7** While a record waits for its next try, no more than a window of records is considered, and so
/// held.
#[test]
fn no_more_than_a_window_is_looked_at() {
    live(|| {
        for window in [1, 4, 50] {
            let log = ScriptedLog::of((0..200).map(|at| record(at, at, 1)));
            let effect = Seeing::failing(0, 1, 1);
            let settings = Settings {
                window,
                ..Settings::default()
            };
            let (database, mut worker) = worker(&log, &effect, settings);
            assert_eq!(run(&mut worker, Duration::ZERO), Some(S));
            assert_eq!(
                seen(&database).len(),
                window - 1,
                "the others of the window of {window}"
            );
            assert!(log.script().fetched_to < window as u64);
            assert_eq!(run(&mut worker, S), None, "Then the worker continues.");
            assert_eq!(seen(&database).len(), 200);
        }
    });
}

/// **W5** When a window is full of records of one key, and the first of them waits, the worker looks no
/// further.
#[test]
fn a_window_full_of_one_key_waits() {
    live(|| {
        let records = (0..10)
            .map(|at| record(at, 5, 1 + at))
            .chain([record(10, 6, 1)]);
        let log = ScriptedLog::of(records);
        let effect = Seeing::failing(5, 1, 2);
        let settings = Settings {
            window: 10,
            ..Settings::default()
        };
        let (database, mut worker) = worker(&log, &effect, settings);
        assert_eq!(run(&mut worker, Duration::ZERO), Some(S));
        assert_eq!(seen(&database), []);
        assert_eq!(run(&mut worker, S), Some(3 * S));
        assert_eq!(run(&mut worker, 3 * S), None);
        assert_eq!(
            of_lesson(&seen(&database), 5),
            (1..=10).collect::<Vec<u64>>()
        );
    });
}

/// **W7** What is beyond the backlog's bound is shed, the oldest first, even a record that waits for a
/// try, but not the records that were settled ahead of it.
#[test]
fn what_is_shed_is_the_oldest_and_is_counted_once() {
    live(|| {
        let log = ScriptedLog::of((0..4).map(|at| record(at, at, 1)));
        let effect = Seeing::failing(0, 1, ALWAYS);
        let settings = Settings {
            max_backlog: 4,
            max_tries: 9,
            ..Settings::default()
        };
        let (database, mut worker) = worker(&log, &effect, settings);
        assert_eq!(
            run(&mut worker, Duration::ZERO),
            Some(S),
            "Four records are at the bound, not beyond it."
        );
        log.script()
            .records
            .extend((4..6).map(|at| record(at, at, 1)));
        note("two more come; records 1, 2 and 3 were settled, record 0 waits");
        assert_eq!(
            worker.step(Duration::ZERO),
            Ok(Step::Shed(1)),
            "Record 0 was not settled, record 1 was."
        );
        run(&mut worker, 100 * S);
        let counts = worker.counts().unwrap();
        assert_eq!(
            (counts.accepted, counts.done, counts.shed, counts.queued),
            (6, 5, 1, 0),
            "{counts:?}"
        );
        assert_eq!(seen(&database), [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]);
        assert_eq!(
            effect.tries_of(0, 1),
            1,
            "What was shed is not tried again."
        );
        assert_eq!(worker.inbox().count(Outcome::Dead), Ok(0));
        log.script()
            .records
            .extend((6..12).map(|at| record(at, at, 1)));
        assert_eq!(
            worker.step(100 * S),
            Ok(Step::Shed(2)),
            "A step reports how many it has shed, not the total."
        );
    });
}

/// **W5** An event that was shed, and comes again after its successor was applied, is not applied: it is
/// older than the state.
#[test]
fn what_was_shed_does_not_come_after_its_successor() {
    live(|| {
        let log = ScriptedLog::of_events(&[(5, 1), (5, 2)]);
        let settings = Settings {
            max_backlog: 1,
            ..Settings::default()
        };
        let (database, mut worker) = worker(&log, &Seeing::default(), settings);
        assert_eq!(worker.step(S), Ok(Step::Shed(1)), "Version 1 is shed.");
        run(&mut worker, S);
        log.script().records.push(record(2, 5, 1));
        note("a relay that had died sends version 1 again");
        run(&mut worker, S);
        assert_eq!(
            seen(&database),
            [(5, 2)],
            "Version 1 was never applied, and still it comes too late: version 2 has been applied. A \
             worker that remembers only ids takes version 1 for new, and undoes version 2."
        );
    });
}

/// **W6** A wait counts from the failure, however late that was, and the worker reports the earliest of
/// all waits.
#[test]
fn a_wait_counts_from_the_failure_and_the_earliest_is_told() {
    live(|| {
        let log = ScriptedLog::of_events(&[(1, 1), (2, 1)]);
        let effect = Seeing::failing(1, 1, 2);
        effect.script().failures.insert((2, 1), 1);
        let settings = Settings {
            first_backoff: 10 * S,
            ..Settings::default()
        };
        let (database, mut worker) = worker(&log, &effect, settings);
        assert_eq!(worker.step(Duration::ZERO), Ok(Step::Failed));
        assert_eq!(worker.step(4 * S), Ok(Step::Failed));
        note("lesson 1 failed at 0 s, lesson 2 at 4 s; each waits 10 s");
        assert_eq!(
            worker.step(5 * S),
            Ok(Step::Idle(Some(10 * S))),
            "the earlier of 10 s and 14 s"
        );
        assert_eq!(worker.step(13 * S), Ok(Step::Failed));
        note("no step before 13 s; then lesson 1 failed again, and waits 20 s");
        assert_eq!(worker.step(13 * S), Ok(Step::Idle(Some(14 * S))));
        assert_eq!(
            run(&mut worker, 14 * S),
            Some(33 * S),
            "from when it failed, not from when it was due"
        );
        assert_eq!(run(&mut worker, 33 * S), None);
        assert_eq!(seen(&database), [(2, 1), (1, 1)]);
    });
}

/// **W6** **W7** The smallest and the largest settings work.
#[test]
fn the_narrowest_and_the_widest_settings_are_settings() {
    live(|| {
        let log = ScriptedLog::of_events(&[(1, 1), (2, 1), (1, 2)]);
        let once = Settings {
            max_tries: 1,
            window: 1,
            ..Settings::default()
        };
        let effect = Seeing::failing(1, 1, ALWAYS);
        let (database, mut worker) = worker(&log, &effect, once);
        assert_eq!(
            worker.step(Duration::MAX),
            Ok(Step::Settled(Outcome::Dead)),
            "one try"
        );
        assert_eq!(run(&mut worker, Duration::MAX), None);
        assert_eq!(seen(&database), [(2, 1), (1, 2)]);

        let widest = Settings {
            max_tries: u32::MAX,
            first_backoff: Duration::MAX,
            max_backoff: Duration::MAX,
            window: usize::MAX,
            max_backlog: u64::MAX,
        };
        let effect = Seeing::failing(1, 1, ALWAYS);
        let (database, mut worker) = self::worker(&log, &effect, widest);
        assert_eq!(run(&mut worker, S), Some(Duration::MAX));
        assert_eq!(seen(&database), [(2, 1)]);

        let none = Settings {
            max_backlog: 0,
            ..Settings::default()
        };
        let (database, mut worker) = self::worker(&log, &Seeing::default(), none);
        assert_eq!(
            worker.step(S),
            Ok(Step::Shed(3)),
            "No backlog at all: everything is too old."
        );
        assert_eq!(run(&mut worker, S), None);
        assert_eq!(seen(&database), []);

        let log = ScriptedLog::default();
        let (_, mut worker) = self::worker(&log, &Seeing::default(), Settings::default());
        assert_eq!(worker.step(S), Ok(Step::Idle(None)), "an empty stream");
    });
}
