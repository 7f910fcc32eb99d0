//! What the property cannot express: threads, and what happens inside a decision.

use crate::world::{BEGIN, COMPLETE, LESSON, expecting, fact, happens, story, version};
use evening::{Fault, Feed, Refused, Store};
use split::authority::Authority;
use split::worker::{View, Worker};
use std::sync::Barrier;
use std::thread;

/// **S7** The authority is shared by threads: of two changes that expect the same version one is
/// acknowledged, whatever their order.
#[test]
fn two_threads_make_one_row_of_versions() {
    story(|| {
        const EACH: u64 = 50;
        let store = Store::default();
        let authority = Authority::over(store.clone());
        authority.read(&[LESSON]).expect("an answer");
        let began = authority.compare_and_set(LESSON, None, BEGIN);
        assert_eq!(began, Ok(fact(LESSON, 1, BEGIN)));
        let barrier = Barrier::new(2);
        let add = || {
            barrier.wait();
            let mut done = 0;
            let mut expected = expecting(1);
            while done < EACH {
                match authority.compare_and_set(LESSON, expected, BEGIN) {
                    Ok(fact) => {
                        done += 1;
                        expected = Some(fact.version);
                    }
                    Err(Refused::Stale { current }) => {
                        expected = current.map(|fact| fact.version);
                    }
                    Err(Refused::NoAnswer) => {
                        panic!("The store answers, and the authority does not.")
                    }
                }
            }
        };
        thread::scope(|threads| {
            threads.spawn(add);
            threads.spawn(add);
        });
        let versions: Vec<u64> = store
            .events()
            .iter()
            .map(|event| event.progress.version.0)
            .collect();
        let expected: Vec<u64> = (1..=1 + 2 * EACH).collect();
        assert_eq!(
            versions, expected,
            "Two threads were told \"saved\" fifty times each, and each of those has its own version."
        );
    });
}

/// **S1** When the store does not answer, that concerns one change of one fact: it does not hold up the
/// next change of another fact by another authority, which finds what is really there.
#[test]
fn after_a_silence_the_store_is_asked_anew() {
    story(|| {
        let store = Store::default();
        let (one, two) = (
            Authority::over(store.clone()),
            Authority::over(store.clone()),
        );
        happens(&store, LESSON, BEGIN);
        store.fail_next_write(Fault::StoredWithoutAnswer);
        assert_eq!(
            one.compare_and_set(LESSON, expecting(1), COMPLETE),
            Err(Refused::NoAnswer)
        );
        let current = Some(fact(LESSON, 2, COMPLETE));
        for authority in [&one, &two] {
            assert_eq!(
                authority.compare_and_set(LESSON, expecting(1), COMPLETE),
                Err(Refused::Stale { current }),
                "The change was stored, and its answer got lost. A caller that tries again is told so."
            );
            let read = authority.read(&[LESSON]).expect("an answer");
            assert_eq!(version(read[0]), 2);
        }
        assert_eq!(
            store.writes(),
            2,
            "One change before, and one without an answer."
        );
    });
}

/// **S5** However long a worker was away, one run applies everything that has happened.
#[test]
fn one_run_works_off_a_long_backlog() {
    story(|| {
        const EVENTS: usize = 1_000;
        let store = Store::default();
        for _ in 0..EVENTS {
            happens(&store, LESSON, COMPLETE);
        }
        let mut worker = Worker::new(Feed::of(&store), View::default());
        assert_eq!(worker.run(), Ok(()));
        let row = worker.view().row(LESSON.lesson);
        assert_eq!(
            (row.completed, row.changes),
            (1, EVENTS),
            "What the view says after one run. If one run applies only so many events and no more, the \
             worker is never up to date once more than that happen between two runs."
        );
    });
}
