//! The effect once, and the offset after it.

use crate::world::{Machine, Seeing, inbox_on, record, seen};
use crashdisk::Loss;
use domain::Offset;
use outbox::inbox::{Applied, ApplyError, Inbox, Outcome};
use std::collections::BTreeSet;
use testbed::{live, note, scene};

fn offset(inbox: &Inbox) -> u64 {
    inbox.offset().expect("the inbox can be read").0
}

/// **W3** An event is applied, and its record is settled with it.
#[test]
fn an_event_is_applied_and_its_record_settled() {
    live(|| {
        let (database, inbox) = Machine::new().inbox();
        let mut effect = Seeing::default();
        assert_eq!(inbox.apply(&record(0, 5, 1), &mut effect), Ok(Applied::Now));
        assert_eq!(inbox.apply(&record(1, 6, 1), &mut effect), Ok(Applied::Now));
        assert_eq!(inbox.apply(&record(2, 5, 2), &mut effect), Ok(Applied::Now));
        assert_eq!(seen(&database), [(5, 1), (6, 1), (5, 2)]);
        assert_eq!(
            offset(&inbox),
            3,
            "The next record is the one after the last."
        );
        assert_eq!(inbox.count(Outcome::Done), Ok(3));
    });
}

/// **W3** An event that comes again is not applied again: not at another offset, not many events later,
/// not after a restart.
#[test]
fn an_event_that_comes_again_is_not_applied_again() {
    live(|| {
        let machine = Machine::new();
        let (database, inbox) = machine.inbox();
        let mut effect = Seeing::default();
        inbox.apply(&record(0, 5, 1), &mut effect).unwrap();
        inbox.apply(&record(1, 5, 2), &mut effect).unwrap();
        for (offset, version) in [(2, 2), (3, 1), (1, 2)] {
            note(format!(
                "version {version} of lesson 5 comes again, at offset {offset}"
            ));
            let again = inbox.apply(&record(offset, 5, version), &mut effect);
            assert_eq!(again, Ok(Applied::Before));
        }
        for other in 0..300 {
            inbox
                .apply(&record(4 + other, 100 + other, 1), &mut effect)
                .unwrap();
        }
        note("300 other events were applied");
        drop((database, inbox));
        let (database, inbox) = machine.inbox();
        note("the worker was restarted, and the relay sends an old batch again");
        let again = inbox.apply(&record(304, 5, 1), &mut effect);
        assert_eq!(again, Ok(Applied::Before));
        let times = seen(&database)
            .iter()
            .filter(|(lesson, _)| *lesson == 5)
            .count();
        assert_eq!(
            times, 2,
            "Two events of lesson 5, and {times} effects. If an event is remembered only for a while, \
             or only in memory, a later repetition is applied again."
        );
        assert_eq!(
            offset(&inbox),
            305,
            "A repetition is settled like any other record."
        );
    });
}

/// **W8** At whatever moment the power fails, the offset and the effects agree, and what is delivered again is
/// applied once.
#[test]
fn at_no_point_of_a_crash_do_offset_and_effect_differ() {
    live(|| {
        let machine = Machine::new();
        let records: Vec<_> = (0..4)
            .map(|at| record(at, 1 + at % 2, 1 + at / 2))
            .collect();
        let (_, inbox) = machine.inbox();
        let begun = machine.worker.position();
        for record in &records {
            inbox.apply(record, &mut Seeing::default()).unwrap();
        }
        drop(inbox);
        for at in begun..=machine.worker.position() {
            for loss in Loss::ALL {
                scene(format!(
                    "the power fails before operation {at} of the worker's disk: {loss:?}"
                ));
                let found = machine.worker.crash(at, loss);
                let (database, inbox) = inbox_on(&found);
                let effects = seen(&database).len() as u64;
                let at = offset(&inbox);
                assert!(
                    at <= effects,
                    "The offset is {at}, and {effects} effects have happened. The records between the \
                     two are never delivered again."
                );
                note(format!("offset {at}: the rest is delivered again"));
                for record in records.iter().filter(|record| record.offset.0 >= at) {
                    inbox.apply(record, &mut Seeing::default()).unwrap();
                }
                assert_eq!(
                    seen(&database),
                    [(1, 1), (2, 1), (1, 2), (2, 2)],
                    "Each effect once. One that is there twice was committed separately from the memory of it."
                );
                assert_eq!(inbox.count(Outcome::Done), Ok(4));
            }
        }
    });
}

/// **W3** An effect that fails half-way leaves nothing behind, and can be tried again.
#[test]
fn an_effect_that_fails_leaves_nothing_behind() {
    live(|| {
        let (database, inbox) = Machine::new().inbox();
        let mut effect = Seeing::failing(5, 1, 1);
        let why = "told to fail".to_owned();
        let failed = inbox.apply(&record(0, 5, 1), &mut effect);
        assert_eq!(failed, Err(ApplyError::Failed { why }));
        assert_eq!(
            (seen(&database), offset(&inbox)),
            (vec![], 0),
            "The effect had written a row before it failed, and nothing of that may stay. The record \
             is not settled either."
        );
        let again = inbox.apply(&record(0, 5, 1), &mut effect);
        assert_eq!(again, Ok(Applied::Now), "The event was never applied.");
        assert_eq!((seen(&database), offset(&inbox)), (vec![(5, 1)], 1));
    });
}

/// **W8** The offset is the first record that is not settled, and moves only over what is.
#[test]
fn the_offset_moves_only_over_what_is_settled() {
    live(|| {
        let machine = Machine::new();
        let (database, inbox) = machine.inbox();
        let mut effect = Seeing::default();
        for ahead in [2, 3, 1] {
            note(format!("record {ahead} is applied"));
            inbox.apply(&record(ahead, ahead, 1), &mut effect).unwrap();
        }
        assert_eq!(
            offset(&inbox),
            0,
            "Record 0 is not settled. A restart continues from the offset, and would never see it."
        );
        drop((database, inbox));
        let (database, inbox) = machine.inbox();
        let ahead = BTreeSet::from([1, 2, 3].map(Offset));
        assert_eq!(inbox.settled_ahead(), Ok(ahead), "after a restart");
        inbox.apply(&record(2, 2, 1), &mut effect).unwrap();
        assert_eq!(
            inbox.count(Outcome::Done),
            Ok(3),
            "A record that is settled is not counted again."
        );
        inbox.apply(&record(0, 9, 1), &mut effect).unwrap();
        note("record 0 is applied");
        assert_eq!(offset(&inbox), 4, "All four are settled.");
        assert_eq!(
            inbox.settled_ahead(),
            Ok(BTreeSet::new()),
            "None of them is ahead of the offset any more."
        );
        assert_eq!(seen(&database).len(), 4);
    });
}
