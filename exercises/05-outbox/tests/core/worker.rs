//! Try again, give up, continue.

use crate::world::{
    ALWAYS, Machine, ScriptedLog, Seeing, commands, inbox_on, of_lesson, record, seen, unreadable,
};
use ledger::{FILE_NAME, Role};
use outbox::inbox::{Inbox, Outcome};
use outbox::relay::Relay;
use outbox::stream::Log;
use outbox::worker::{Counts, Settings, Step, Worker, backoff};
use redb::Database;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use testbed::{live, note};

const S: Duration = Duration::from_secs(1);

/// Three tries, with waits of 10 s and 20 s.
fn settings() -> Settings {
    Settings {
        max_tries: 3,
        first_backoff: 10 * S,
        max_backoff: 60 * S,
        window: 64,
        max_backlog: u64::MAX,
    }
}

fn worker(log: &ScriptedLog, effect: &Seeing) -> (Arc<Database>, Worker<ScriptedLog>) {
    worker_on(&Machine::new(), log, effect, settings())
}

fn worker_on(
    machine: &Machine,
    log: &ScriptedLog,
    effect: &Seeing,
    settings: Settings,
) -> (Arc<Database>, Worker<ScriptedLog>) {
    let (database, inbox) = inbox_on(&machine.worker);
    let worker = Worker::new(log.clone(), inbox, Box::new(effect.clone()), settings);
    (database, worker)
}

fn step<L: Log>(worker: &mut Worker<L>, now: Duration) -> Step {
    let step = worker.step(now);
    let step = step.unwrap_or_else(|error| panic!("The worker cannot continue: {error}"));
    note(format!("at {} s: {step:?}", now.as_secs_f32()));
    step
}

/// Takes steps until there is nothing to do at `now`. Returns when there will be.
fn run<L: Log>(worker: &mut Worker<L>, now: Duration) -> Option<Duration> {
    for _ in 0..10_000 {
        if let Step::Idle(next) = step(worker, now) {
            return next;
        }
    }
    panic!("The worker took 10,000 steps at the same moment: it repeats something without end.");
}

fn offset(inbox: &Inbox) -> u64 {
    inbox.offset().expect("the inbox can be read").0
}

/// **W2** Records are taken in order, one per step, until there are none; and then those that arrive.
#[test]
fn records_are_taken_up_in_their_order_until_there_are_none() {
    live(|| {
        let log = ScriptedLog::of_events(&[(5, 1), (6, 1), (5, 2)]);
        let (database, mut worker) = worker(&log, &Seeing::default());
        assert_eq!(step(&mut worker, S), Step::Settled(Outcome::Done));
        assert_eq!(seen(&database), [(5, 1)], "A step is one record.");
        assert_eq!(run(&mut worker, S), None, "Nothing waits for its next try.");
        log.script().records.push(record(3, 7, 1));
        assert_eq!(run(&mut worker, S), None);
        assert_eq!(seen(&database), [(5, 1), (6, 1), (5, 2), (7, 1)]);
        assert_eq!(offset(worker.inbox()), 4);
    });
}

/// **W6** A failed try is followed by another one, neither early nor late.
#[test]
fn a_try_that_failed_is_followed_by_another_one_in_its_time() {
    live(|| {
        let log = ScriptedLog::of_events(&[(5, 1)]);
        let effect = Seeing::failing(5, 1, 2);
        let (database, mut worker) = worker(&log, &effect);
        assert_eq!(step(&mut worker, 100 * S), Step::Failed);
        let early = Duration::from_millis(109_999);
        assert_eq!(
            step(&mut worker, early),
            Step::Idle(Some(110 * S)),
            "The first wait is 10 s."
        );
        assert_eq!(
            step(&mut worker, 110 * S),
            Step::Failed,
            "At 110 s it is due."
        );
        assert_eq!(
            step(&mut worker, 129 * S),
            Step::Idle(Some(130 * S)),
            "The second wait is 20 s."
        );
        assert_eq!(
            effect.tries_of(5, 1),
            2,
            "An immediate retry does not help a system in trouble."
        );
        assert_eq!(step(&mut worker, 500 * S), Step::Settled(Outcome::Done));
        assert_eq!((seen(&database), offset(worker.inbox())), (vec![(5, 1)], 1));
    });
}

/// **W6** The wait doubles with each failed try, up to its bound, however many there are.
#[test]
fn the_wait_doubles_up_to_its_bound() {
    live(|| {
        let waits: Vec<u64> = (1..=6)
            .map(|tries| backoff(&settings(), tries).as_secs())
            .collect();
        assert_eq!(
            waits,
            [10, 20, 40, 60, 60, 60],
            "The waits after 1 to 6 tries, in seconds, with a first of 10 s and a bound of 60 s."
        );
        for tries in [33, 64, 65, 1_000, u32::MAX] {
            assert_eq!(backoff(&settings(), tries), 60 * S, "after {tries} tries");
        }
        let widest = Settings {
            first_backoff: Duration::MAX,
            max_backoff: Duration::MAX,
            ..settings()
        };
        assert_eq!(
            backoff(&widest, 9),
            Duration::MAX,
            "The longest possible wait cannot be doubled, and is still allowed."
        );
        let none = Settings {
            first_backoff: Duration::ZERO,
            ..settings()
        };
        assert_eq!(backoff(&none, 9), Duration::ZERO);
    });
}

/// **W6** A poisoned record is given up on after its tries and kept for a person to see, and the other
/// keys continue meanwhile.
#[test]
fn a_poisoned_record_is_given_up_while_other_keys_go_on() {
    live(|| {
        let log = ScriptedLog::of_events(&[(5, 1), (6, 1), (7, 1), (6, 2)]);
        let effect = Seeing::failing(5, 1, ALWAYS);
        let (database, mut worker) = worker(&log, &effect);
        assert_eq!(
            run(&mut worker, Duration::ZERO),
            Some(10 * S),
            "When lesson 5's record is tried again. Its first try failed at 0 s."
        );
        assert_eq!(
            seen(&database),
            [(6, 1), (7, 1), (6, 2)],
            "Only lesson 5 waits for its next try."
        );
        assert_eq!(
            offset(worker.inbox()),
            0,
            "Its record is not settled, so the offset stays there."
        );
        run(&mut worker, 10 * S);
        assert_eq!(
            step(&mut worker, 30 * S),
            Step::Settled(Outcome::Dead),
            "the third and last try"
        );
        assert_eq!(
            run(&mut worker, 1_000 * S),
            None,
            "Nothing waits for a record that was given up on."
        );
        assert_eq!(
            effect.tries_of(5, 1),
            3,
            "The record was given up on for good."
        );
        let dead = worker.inbox().dead_letters().unwrap();
        assert_eq!(
            dead.len(),
            1,
            "A record that was given up on must not vanish."
        );
        assert_eq!(
            (&dead[0].record, dead[0].tries),
            (&record(0, 5, 1), 3),
            "The dead letter has the record as it was delivered, and counts the last try as well."
        );
        assert_eq!(
            dead[0].why, "told to fail",
            "The dead letter says why, in the effect's own words."
        );
        assert_eq!(
            offset(worker.inbox()),
            4,
            "A dead letter is settled, so the offset passes it and the records that were applied after it."
        );
        log.script().records.push(record(4, 5, 2));
        run(&mut worker, 1_000 * S);
        assert_eq!(
            of_lesson(&seen(&database), 5),
            [2],
            "Its key is no longer held up."
        );
    });
}

/// **W5** No event of a key overtakes an earlier one that waits for its next try.
#[test]
fn no_event_of_a_key_overtakes_one_that_waits() {
    live(|| {
        let log = ScriptedLog::of_events(&[(5, 1), (5, 2), (6, 1), (5, 3)]);
        let effect = Seeing::failing(5, 1, 1);
        let (database, mut worker) = worker(&log, &effect);
        run(&mut worker, Duration::ZERO);
        assert_eq!(
            seen(&database),
            [(6, 1)],
            "Version 1 of lesson 5 waits. If version 2 is applied first, version 1 looks as if it had been."
        );
        run(&mut worker, 10 * S);
        assert_eq!(
            of_lesson(&seen(&database), 5),
            [1, 2, 3],
            "Version 1 was tried again and succeeded, and the later ones follow in order."
        );
    });
}

/// **W6** A restart gives a poisoned record no tries back.
#[test]
fn a_restart_gives_no_tries_back() {
    live(|| {
        let machine = Machine::new();
        let log = ScriptedLog::of_events(&[(5, 1), (6, 1)]);
        let effect = Seeing::failing(5, 1, ALWAYS);
        for restart in 0..5 {
            let (_, mut worker) = worker_on(&machine, &log, &effect, settings());
            note(format!(
                "the worker is started for the {}. time",
                restart + 1
            ));
            step(&mut worker, S);
        }
        assert_eq!(
            effect.tries_of(5, 1),
            3,
            "A worker that counts in memory and is restarted after each failure would try for ever."
        );
        let (_, inbox) = inbox_on(&machine.worker);
        assert_eq!(
            inbox.dead_letters().unwrap().len(),
            1,
            "After its third try, each by a restarted worker, the record is given up on."
        );
    });
}

/// **W6** A record that cannot be read is a dead letter at once: no later try could read it.
#[test]
fn what_cannot_be_read_is_a_dead_letter_at_once() {
    live(|| {
        let log = ScriptedLog::of([unreadable(0, 5, 1), record(1, 5, 2), record(2, 6, 1)]);
        let (database, mut worker) = worker(&log, &Seeing::default());
        assert_eq!(
            step(&mut worker, Duration::ZERO),
            Step::Settled(Outcome::Dead),
            "Trying again gives the same bytes. A record that cannot be read has no further tries to wait for."
        );
        assert_eq!(run(&mut worker, Duration::ZERO), None);
        assert_eq!(seen(&database), [(5, 2), (6, 1)]);
        let dead = worker.inbox().dead_letters().unwrap();
        assert_eq!(
            dead[0].record,
            unreadable(0, 5, 1),
            "kept as it was delivered, for a program that can read it"
        );
    });
}

/// **W7** Each record that was accepted is done, queued, dead or shed, at every moment, and the backlog is
/// bounded.
#[test]
fn every_record_is_done_queued_dead_or_shed() {
    live(|| {
        let log = ScriptedLog::of_events(&[
            (1, 1),
            (2, 1),
            (3, 1),
            (4, 1),
            (4, 1),
            (2, 2),
            (5, 1),
            (6, 1),
        ]);
        let effect = Seeing::failing(2, 1, ALWAYS);
        let bounded = Settings {
            max_backlog: 7,
            max_tries: 2,
            ..settings()
        };
        let (database, mut worker) = worker_on(&Machine::new(), &log, &effect, bounded);
        let mut now = Duration::ZERO;
        assert_eq!(
            step(&mut worker, now),
            Step::Shed(1),
            "8 wait, and 7 are allowed to; the oldest is shed."
        );
        for round in 0..40 {
            let Counts {
                accepted,
                done,
                queued,
                dead,
                shed,
            } = worker.counts().unwrap();
            let counted = format!("{done} done, {queued} queued, {dead} dead, {shed} shed");
            note(format!("of {accepted}: {counted}"));
            assert_eq!(accepted, log.end().0);
            assert_eq!(done + queued + dead + shed, accepted, "{counted}");
            assert!(queued <= 7, "The backlog is bounded.");
            let effects = seen(&database);
            let repeated = u64::from(effects.contains(&(4, 1)) && done > effects.len() as u64);
            assert_eq!(
                done,
                effects.len() as u64 + repeated,
                "done: one effect for each, and one repetition"
            );
            assert_eq!(dead, worker.inbox().dead_letters().unwrap().len() as u64);
            if round == 20 {
                note("four more are published");
                let end = log.end().0;
                log.script()
                    .records
                    .extend((0..4).map(|at| record(end + at, 20 + at, 1)));
            }
            if let Step::Idle(Some(next)) = step(&mut worker, now) {
                now = next;
            }
        }
        let counts = worker.counts().unwrap();
        let expected = Counts {
            accepted: 12,
            done: 10,
            queued: 0,
            dead: 1,
            shed: 1,
        };
        assert_eq!(counts, expected);
    });
}

/// **W4** With all workers stopped a command has the same answer, and waits for nothing else.
#[test]
fn with_all_workers_stopped_commands_answer_the_same() {
    live(|| {
        let lessons: Vec<u64> = (0..60).map(|at| at % 7).collect();
        let mut answers = Vec::new();
        for works in [true, false] {
            let machine = Machine::new();
            let (store, outbox) = machine.authority();
            let stream = machine.opened_stream();
            let mut relay = Relay::new(outbox, stream.clone());
            let consumer = stream.consumer("analytics").unwrap();
            let (_, inbox) = machine.inbox();
            let mut worker = Worker::new(consumer, inbox, Box::new(Seeing::default()), settings());
            for lesson in &lessons {
                let before = (machine.stream.position(), machine.worker.position());
                answers.push(commands(&store, &[*lesson]));
                let after = (machine.stream.position(), machine.worker.position());
                assert_eq!(before, after, "A command uses no file but the authority's.");
                if works {
                    relay.step().unwrap();
                    run(&mut worker, Duration::ZERO);
                }
            }
            let settled = offset(worker.inbox());
            assert_eq!(settled, if works { 60 } else { 0 });
            if !works {
                note("relay and worker come back");
                while relay.step().unwrap() > 0 {}
                run(&mut worker, Duration::ZERO);
                assert_eq!(
                    offset(worker.inbox()),
                    60,
                    "Nothing is missing; it was only late."
                );
            }
        }
        let (working, stopped) = answers.split_at(lessons.len());
        assert_eq!(
            working, stopped,
            "No command may wait for the consumers of its events, nor ask them."
        );
    });
}

/// **L1** The ledger has both boundaries, with four answers each that could be wrong, and calls neither the
/// stream nor the workers an authority.
#[test]
fn the_boundaries_to_the_stream_and_to_the_workers_are_answered_for() {
    live(|| {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (from, to) in [("authority", "stream"), ("stream", "workers")] {
            let component = ledger::lab::answered(lab, from, to);
            assert_eq!(
                component.role,
                Role::Worker,
                "{FILE_NAME} must give the component `{to}` its role for the facts that pass through \
                 it. It works, later, on what was decided elsewhere, and decides nothing itself."
            );
        }
    });
}
