//! The platform's three workers, and workers that are slow, poisoned or dead for a day.

use crate::platform::complete;
use crate::world::{
    ALWAYS, Machine, ScriptedLog, Seeing, database, event, inbox_on, message, record, seen,
    unreadable,
};
use crashdisk::Disk;
use domain::{EventError, LessonKey, Offset};
use outbox::effects::{Analytics, Effect, Email, Recommendations};
use outbox::inbox::{ApplyError, Inbox, Outcome};
use outbox::message::{Message, Record};
use outbox::relay::{Publish, Relay};
use outbox::stream::{Consumer, Log, Stream};
use outbox::worker::{Settings, Step, Worker};
use redb::Database;
use std::sync::Arc;
use std::time::Duration;
use testbed::{live, note};

const S: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn run<L: Log>(worker: &mut Worker<L>, now: Duration) -> Option<Duration> {
    for _ in 0..20_000 {
        if let Step::Idle(next) = worker.step(now).expect("a disk that works") {
            return next;
        }
    }
    panic!("The worker took 20,000 steps at the same moment.");
}

fn worker_named(
    stream: &Stream,
    name: &str,
    effect: Box<dyn Effect>,
) -> (Arc<Database>, Worker<Consumer>) {
    let database = database(&Disk::new());
    let inbox = Inbox::open(Arc::clone(&database), name).unwrap();
    let consumer = stream.consumer(name).unwrap();
    (
        database,
        Worker::new(consumer, inbox, effect, Settings::default()),
    )
}

/// **W3** The platform's three workers count each completion once, although every batch comes twice; and two
/// of them share a database without sharing an offset.
#[test]
fn the_platforms_workers_count_each_completion_once() {
    live(|| {
        let machine = Machine::new();
        let stream = machine.opened_stream();
        let shared = database(&machine.worker);
        let worker = |name: &str, effect: Box<dyn Effect>| {
            let inbox = Inbox::open(Arc::clone(&shared), name).unwrap();
            let consumer = stream.consumer(name).unwrap();
            Worker::new(consumer, inbox, effect, Settings::default())
        };
        let mut analytics = worker("analytics", Box::new(Analytics));
        let mut email = worker("e-mail", Box::new(Email));
        let mut recommendations = worker("recommendations", Box::new(Recommendations));
        let batch = [message(1, 1), message(2, 1), message(1, 2), message(3, 1)];
        for _ in 0..2 {
            stream.publish(&batch).unwrap();
            note("a batch was published, and every worker runs");
            for worker in [&mut analytics, &mut email, &mut recommendations] {
                assert_eq!(run(worker, S), None);
            }
        }
        assert_eq!(
            Analytics::of(&*shared, 1).unwrap(),
            (2, 1),
            "two changes of lesson 1, one learner"
        );
        assert_eq!(
            Email::letters(&*shared).unwrap(),
            3,
            "a letter for each lesson, ever"
        );
        for (a, b) in [(1, 2), (1, 3), (2, 3)] {
            assert_eq!(
                Recommendations::both(&*shared, a, b).unwrap(),
                1,
                "lessons {a} and {b}"
            );
        }
        for worker in [&analytics, &email, &recommendations] {
            let counts = worker.counts().unwrap();
            assert_eq!((counts.accepted, counts.done), (8, 8), "{counts:?}");
        }
    });
}

/// **W2** **W4** A worker that is dead for a day holds up nothing, and then catches up without missing
/// anything.
#[test]
fn a_worker_that_is_dead_for_a_day_holds_up_nobody() {
    live(|| {
        let machine = Machine::new();
        let (store, outbox) = machine.authority();
        let stream = machine.opened_stream();
        let mut relay = Relay::new(outbox, stream.clone());
        let (counted, mut analytics) =
            worker_named(&stream, "analytics", Box::new(Seeing::default()));
        let (written, mut email) = worker_named(&stream, "e-mail", Box::new(Seeing::default()));
        let mut now = Duration::ZERO;
        for hour in 0..24 {
            for lesson in 0..5 {
                complete(&store, lesson).expect("a command, whatever is dead");
            }
            relay.step().unwrap();
            run(&mut analytics, now);
            assert_eq!(
                seen(&counted).len(),
                5 * (hour + 1),
                "Analytics is not behind after hour {hour}."
            );
            now += DAY / 24;
        }
        note("the e-mail worker comes back after a day");
        assert_eq!(email.counts().unwrap().queued, 120);
        assert_eq!(run(&mut email, now), None);
        assert_eq!(seen(&written), seen(&counted), "late, but the same");
    });
}

/// **W5** **W6** A worker whose every effect fails for a day gives up on one record after the other, and
/// applies what arrives when the trouble is over.
#[test]
fn a_worker_that_is_in_trouble_for_long_gives_up_and_recovers() {
    live(|| {
        let log = ScriptedLog::of((0..6).map(|at| record(at, at % 2, 1 + at / 2)));
        let effect = Seeing::default();
        for at in 0..6 {
            effect
                .script()
                .failures
                .insert((at % 2, 1 + at / 2), ALWAYS);
        }
        let (database, inbox) = Machine::new().inbox();
        let settings = Settings {
            max_tries: 3,
            ..Settings::default()
        };
        let mut worker = Worker::new(log.clone(), inbox, Box::new(effect.clone()), settings);
        let mut now = Duration::ZERO;
        while let Some(next) = run(&mut worker, now) {
            assert!(
                next > now,
                "The worker reports a wait that is over already."
            );
            now = next;
        }
        assert!(now < DAY);
        assert_eq!(worker.inbox().dead_letters().unwrap().len(), 6);
        assert_eq!(effect.script().tried.len(), 18, "three tries for each");
        effect.script().failures.clear();
        log.script().records.push(record(6, 0, 4));
        run(&mut worker, now);
        assert_eq!(seen(&database), [(0, 4)]);
    });
}

/// **W6** Whatever is wrong with a record, it becomes a dead letter, and the others are done: one that
/// cannot be read, one whose envelope names another event, one that fails, one that panics.
#[test]
fn a_poison_of_every_kind_harms_no_other() {
    live(|| {
        let mut stranger = record(2, 12, 1);
        stranger.message.id.version.0 = 9;
        let mut empty = record(3, 13, 1);
        empty.message.payload.clear();
        let mut records = vec![record(0, 1, 1), unreadable(1, 11, 1), stranger, empty];
        records.extend([
            record(4, 14, 1),
            record(5, 15, 1),
            record(6, 2, 1),
            record(7, 15, 2),
        ]);
        let log = ScriptedLog::of(records.clone());
        let effect = Seeing::failing(14, 1, ALWAYS);
        effect.script().panics.insert((15, 1));
        let (database, inbox) = Machine::new().inbox();
        let mut worker = Worker::new(
            log.clone(),
            inbox,
            Box::new(effect.clone()),
            Settings::default(),
        );
        let mut now = Duration::ZERO;
        while let Some(next) = run(&mut worker, now) {
            now = next;
        }
        assert_eq!(
            seen(&database),
            [(1, 1), (2, 1), (15, 2)],
            "The others are done."
        );
        let dead = worker.inbox().dead_letters().unwrap();
        let letters: Vec<_> = dead.iter().map(|letter| letter.record.clone()).collect();
        assert_eq!(letters, records[1..6], "Each as it was delivered.");
        let tries: Vec<u32> = dead.iter().map(|letter| letter.tries).collect();
        assert_eq!(
            tries,
            [1, 1, 1, 10, 10],
            "Three cannot be read, and two had all of their tries."
        );
        assert!(
            dead.iter().all(|letter| !letter.why.is_empty()),
            "and with the reason"
        );
        note("a relay publishes the two that failed and panicked again");
        log.script()
            .records
            .extend([record(8, 14, 1), record(9, 15, 1)]);
        run(&mut worker, now);
        assert_eq!(
            worker.inbox().dead_letters().unwrap().len(),
            5,
            "They were given up on already."
        );
        assert_eq!(
            effect.tries_of(14, 1),
            10,
            "A record that was given up on no longer needs an effect, even at another offset."
        );
        let counts = worker.counts().unwrap();
        assert_eq!(
            (counts.done, counts.dead, counts.queued),
            (5, 5, 0),
            "{counts:?}"
        );
    });
}

/// **W3** **W5** A key is a learner's lesson: two learners of one lesson have two keys, and neither
/// holds the other up.
#[test]
fn each_learners_each_lesson_is_a_key_of_its_own() {
    live(|| {
        let of = |offset, learner, lesson| {
            let mut of_learner = event(lesson, 1);
            of_learner.progress.key = LessonKey::new(learner, lesson);
            let message = Message::from(&of_learner);
            Record {
                offset: Offset(offset),
                message,
            }
        };
        let log = ScriptedLog::of([
            of(0, 1, 5),
            of(1, 2, 5),
            of(2, 5, 1),
            of(3, 5, 2),
            of(4, 1, 2),
        ]);
        // The first try of lesson 5 fails, which is learner 1's.
        let effect = Seeing::failing(5, 1, 1);
        let (database, inbox) = Machine::new().inbox();
        let mut worker = Worker::new(log, inbox, Box::new(effect), Settings::default());
        assert_eq!(run(&mut worker, Duration::ZERO), Some(S));
        assert_eq!(
            seen(&database),
            [(5, 1), (1, 1), (2, 1), (2, 1)],
            "Learner 1's lesson 5 waits. (Lesson and version.)"
        );
        assert_eq!(run(&mut worker, S), None);
        assert_eq!(seen(&database).len(), 5);
    });
}

/// **W3** A repetition that comes after thousands of other events is still a repetition: no time window
/// for recognising one is long enough.
#[test]
fn a_repetition_is_recognised_however_late_it_comes() {
    live(|| {
        let log = ScriptedLog::of((0..1_500).map(|at| record(at, at, 1)));
        let machine = Machine::new();
        let (database, inbox) = machine.inbox();
        let mut worker = Worker::new(
            log.clone(),
            inbox,
            Box::new(Seeing::default()),
            Settings::default(),
        );
        run(&mut worker, Duration::ZERO);
        drop((worker, database));
        note("weeks pass, the worker is restarted, and a forgotten relay sends its batch");
        log.script()
            .records
            .extend((0..3).map(|at| record(1_500 + at, at, 1)));
        let (database, inbox) = inbox_on(&machine.worker);
        let mut worker = Worker::new(log, inbox, Box::new(Seeing::default()), Settings::default());
        run(&mut worker, 30 * DAY);
        assert_eq!(seen(&database).len(), 1_500);
        assert_eq!(worker.inbox().count(Outcome::Done), Ok(1_503));
    });
}

/// **W6** A payload that this program cannot read is never half read, and never counted as done.
#[test]
fn a_payload_that_cannot_be_read_is_an_answer_of_its_own() {
    live(|| {
        let (database, inbox) = Machine::new().inbox();
        let mut effect = Seeing::default();
        let newer = inbox.apply(&unreadable(0, 5, 1), &mut effect);
        let expected = EventError::UnknownSchema(99);
        assert_eq!(
            newer,
            Err(ApplyError::Unreadable(expected)),
            "an event of a newer schema"
        );
        let mut stranger = record(0, 5, 1);
        stranger.message.id.version.0 = 2;
        let stranger = inbox.apply(&stranger, &mut effect);
        let expected = EventError::Malformed;
        assert_eq!(
            stranger,
            Err(ApplyError::Unreadable(expected)),
            "a different event from the one on the envelope"
        );
        assert_eq!((seen(&database), inbox.offset()), (vec![], Ok(Offset(0))));
        assert_eq!(
            effect.script().tried,
            [],
            "There is no event, so there is nothing to try."
        );
        inbox
            .apply(&record(0, 5, 1), &mut effect)
            .expect("version 1 was not applied so far");
    });
}
