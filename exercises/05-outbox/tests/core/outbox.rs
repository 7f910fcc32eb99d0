//! Rows that commit with the fact that they announce.

use crate::world::{Machine, ROOMY, authority, commands, database, event, key, short, waiting};
use crashdisk::Loss;
use outbox::outbox::{Outbox, OutboxError, Rows};
use outbox::store::{CommandError, Store};
use std::sync::Arc;
use testbed::{live, note, scene};

/// **W1** A fact that is committed has its news in the outbox, in the order of the commits.
#[test]
fn a_fact_is_committed_with_its_news() {
    live(|| {
        let (store, outbox) = Machine::new().authority();
        let facts = commands(&store, &[5, 3, 5]);
        note("lessons 5, 3 and 5 were completed");
        let rows = outbox.unsent(10).expect("the outbox can be read");
        assert_eq!(
            waiting(&outbox),
            [(5, 1), (3, 1), (5, 2)],
            "Each fact has one row, and rows come in the order of the commits. (Lesson and version.)"
        );
        let events = rows
            .iter()
            .map(|row| row.message.event().expect("an event"));
        let told: Vec<_> = events.map(|event| event.progress).collect();
        assert_eq!(told, facts, "What is announced is what was decided.");
        assert_eq!(rows, outbox.unsent(10).unwrap(), "Reading changes nothing.");
        assert_eq!(
            outbox.unsent(2).unwrap(),
            rows[..2],
            "At most as many as asked for, the first."
        );
    });
}

/// **W1** At whatever moment the power fails, there is never a fact without its news, nor news without its
/// fact.
#[test]
fn at_no_point_of_a_crash_is_there_one_without_the_other() {
    live(|| {
        let machine = Machine::new();
        let (store, _) = machine.authority();
        let begun = machine.store.position();
        commands(&store, &[1, 2, 1, 3]);
        let mut seen = 0;
        for at in begun..=machine.store.position() {
            for loss in Loss::ALL {
                scene(format!(
                    "the power fails before operation {at} of the disk: {loss:?}"
                ));
                let (store, outbox) = authority(&machine.store.crash(at, loss), ROOMY);
                let mut facts = Vec::new();
                for fact in store.facts().expect("the facts can be read") {
                    facts.extend((1..=fact.version.0).map(|v| (fact.key.lesson.0, v)));
                }
                let mut news = waiting(&outbox);
                news.sort_unstable();
                assert_eq!(
                    news, facts,
                    "On the left the news that is there, on the right the facts. Two transactions have \
                     a moment in between, and a crash finds it."
                );
                seen = seen.max(news.len());
            }
        }
        assert_eq!(seen, 4, "At the last point everything is there.");
    });
}

/// **W1** What is not committed is never announced.
#[test]
fn a_transaction_that_is_dropped_announces_nothing() {
    live(|| {
        let machine = Machine::new();
        let database = database(&machine.store);
        let outbox = Outbox::open(Arc::clone(&database), ROOMY).unwrap();
        let transaction = database.begin_write().unwrap();
        outbox
            .stage(&transaction, &[event(1, 1), event(2, 1)])
            .unwrap();
        note("two events were staged, and their transaction is dropped");
        transaction.abort().unwrap();
        assert_eq!(waiting(&outbox), [], "News of facts that never existed.");
        let transaction = database.begin_write().unwrap();
        outbox
            .stage(&transaction, &[event(3, 1), event(4, 1)])
            .unwrap();
        transaction.commit().unwrap();
        assert_eq!(waiting(&outbox), [(3, 1), (4, 1)]);
    });
}

/// **W2** Exactly the rows that are marked are gone, and they stay gone.
#[test]
fn what_is_marked_is_gone_and_nothing_else() {
    live(|| {
        let machine = Machine::new();
        let (store, outbox) = machine.authority();
        commands(&store, &[1, 2, 3, 4]);
        let rows = outbox.unsent(4).unwrap();
        let numbers = [rows[0].number, rows[2].number];
        outbox.mark_sent(&numbers).unwrap();
        note("the first and the third row were marked");
        assert_eq!(
            waiting(&outbox),
            [(2, 1), (4, 1)],
            "Marking is for the rows that were sent. \"All up to here\" includes rows that were never sent."
        );
        outbox.mark_sent(&numbers).expect("marking again is fine");
        outbox.mark_sent(&[]).expect("marking nothing is fine");
        let found = machine.store.crash(machine.store.position(), Loss::Lost);
        note("the machine crashed, and the outbox is opened again");
        let (store, outbox) = authority(&found, ROOMY);
        assert_eq!(
            waiting(&outbox),
            [(2, 1), (4, 1)],
            "What was marked is gone permanently, and what wasn't is still there."
        );
        commands(&store, &[5]);
        assert_eq!(
            waiting(&outbox),
            [(2, 1), (4, 1), (5, 1)],
            "A new row after a restart does not replace another one."
        );
    });
}

/// **W2** A number belongs to one row for ever. A relay that is late marks by the number that it has.
#[test]
fn a_number_is_never_given_to_two_rows() {
    live(|| {
        let (store, outbox) = Machine::new().authority();
        commands(&store, &[1]);
        let first = outbox.unsent(1).unwrap()[0].number;
        outbox.mark_sent(&[first]).unwrap();
        note(format!(
            "row {first} was sent and marked; the outbox is empty"
        ));
        commands(&store, &[2]);
        outbox.mark_sent(&[first]).unwrap();
        note(format!(
            "a second relay, which is late, marks row {first} as well"
        ));
        assert_eq!(
            waiting(&outbox),
            [(2, 1)],
            "The new event got the old number, and was marked without having been sent. Nobody will hear \
             of it."
        );
    });
}

/// **W7** The outbox is bounded: at its bound a command is refused, and changes nothing.
#[test]
fn a_full_outbox_refuses_the_command_and_changes_nothing() {
    live(|| {
        let machine = Machine::new();
        let database = database(&machine.store);
        let outbox = Outbox::open(Arc::clone(&database), 3).unwrap();
        let store = Store::new(Arc::clone(&database), outbox.clone());
        commands(&store, &[1, 2, 3]);
        let refused = store.record(key(4), 7, true, 0);
        assert_eq!(
            refused,
            Err(CommandError::Busy),
            "3 rows are the bound; this is the fourth."
        );
        assert_eq!(
            store.facts().unwrap().len(),
            3,
            "A command that was refused has changed nothing."
        );
        assert_eq!(outbox.waiting(), Ok(3));
        let first = outbox.unsent(1).unwrap();
        outbox.mark_sent(&[first[0].number]).unwrap();
        note("one row was sent");
        let transaction = database.begin_write().unwrap();
        let both = outbox.stage(&transaction, &[event(8, 1), event(9, 1)]);
        assert_eq!(
            both,
            Err(OutboxError::Full { max_rows: 3 }),
            "There is room for one row."
        );
        drop(transaction);
        commands(&store, &[4]);
        let last = outbox.unsent(9).unwrap();
        assert_eq!(
            short(last[2].message.id),
            (4, 1),
            "With room, a command is accepted again."
        );
    });
}
