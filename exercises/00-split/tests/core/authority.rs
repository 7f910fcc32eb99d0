//! Stage 1: the authority alone makes versions.

use crate::world::{BEGIN, COMPLETE, LESSON, OTHER, expecting, fact, happens, story};
use domain::{LessonKey, Offset, Version};
use evening::{Fault, NoAnswer, Refused, Store, name};
use split::authority::Authority;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use story::{note, scene};

fn over(store: &Store) -> Authority {
    Authority::over(store.clone())
}

/// **S1** What is read is what is stored, in the order in which it was asked for.
#[test]
fn what_is_read_is_what_is_stored() {
    story(|| {
        let store = Store::default();
        let one = happens(&store, LESSON, BEGIN);
        let two = happens(&store, LessonKey::new(2, 1), COMPLETE);
        let read = over(&store).read(&[two.key, OTHER, OTHER, LESSON, two.key]);
        assert_eq!(
            read,
            Ok(vec![Some(two), None, None, Some(one), Some(two)]),
            "Five facts were asked for: one that another learner completed, one that was not begun, \
             twice, one that was begun, and the first once more. Each answer is at the place of its \
             key."
        );
        assert_eq!(over(&store).read(&[]), Ok(Vec::new()));
    });
}

/// **S1** When the store gives no answer, there is none: it is not taken for "not begun".
#[test]
fn no_answer_is_not_taken_for_not_begun() {
    story(|| {
        let store = Store::default();
        happens(&store, LESSON, COMPLETE);
        store.fail_reads(true);
        assert_eq!(
            over(&store).read(&[LESSON]),
            Err(NoAnswer),
            "The store gave no answer about a lesson that is completed. \"Not begun\" would be a wrong \
             answer, which the learner sees and a cache keeps."
        );
    });
}

/// **S1** What is acknowledged is what was stored. Versions begin at 1 and rise by one, separately for
/// each lesson of each learner, and each is one write and one event.
#[test]
fn versions_rise_by_one_and_each_is_stored() {
    story(|| {
        let store = Store::default();
        let authority = over(&store);
        let learners = [LESSON, OTHER, LessonKey::new(2, 1)];
        for before in 0..3 {
            for key in learners {
                let change = if before == 0 { BEGIN } else { COMPLETE };
                let answer = authority.compare_and_set(key, expecting(before), change);
                assert_eq!(
                    answer.map(|fact| fact.version.0),
                    Ok(before + 1),
                    "The version that change {} of {} makes. The first one makes version 1.",
                    before + 1,
                    name(key)
                );
                assert_eq!(
                    answer,
                    Ok(fact(key, before + 1, change)),
                    "The fact that is returned has the key, the steps and the state of the change."
                );
                assert_eq!(
                    store.get(key),
                    Ok(answer.ok()),
                    "It was acknowledged, so the store has it."
                );
            }
        }
        assert_eq!(store.writes(), 9, "Nine changes are nine writes.");
        let events: Vec<_> = store.events().iter().map(|event| event.progress).collect();
        let last = fact(learners[2], 3, COMPLETE);
        assert_eq!(events.len(), 9, "Nine changes are nine events.");
        assert_eq!(events.last(), Some(&last));
    });
}

/// **S7** A compare-and-set that expects any version but the current one is refused, writes nothing, and
/// says what the fact is.
#[test]
fn a_stale_compare_and_set_changes_nothing() {
    story(|| {
        let store = Store::default();
        happens(&store, LESSON, BEGIN);
        let current = happens(&store, LESSON, COMPLETE);
        let authority = over(&store);
        let before = store.writes();
        for expected in [0, 1, 3, u64::MAX] {
            note(format!(
                "a change expects version {expected} of a lesson that is at version 2"
            ));
            assert_eq!(
                authority.compare_and_set(LESSON, expecting(expected), BEGIN),
                Err(Refused::Stale {
                    current: Some(current)
                }),
                "A caller that expects another version has decided on something other than what is \
                 there. Storing the change would undo somebody's without anyone noticing."
            );
        }
        assert_eq!(store.get(LESSON), Ok(Some(current)));
        assert_eq!(store.writes(), before, "What is refused writes nothing.");
        assert_eq!(
            store.event(Offset(2)),
            None,
            "What is refused makes no event."
        );
    });
}

/// **S7** For a lesson that was not begun the right expectation is `None`, and nothing else.
#[test]
fn what_was_not_begun_is_at_no_version() {
    story(|| {
        let store = Store::default();
        let authority = over(&store);
        for expected in [0, 1, 7] {
            assert_eq!(
                authority.compare_and_set(LESSON, Some(Version(expected)), BEGIN),
                Err(Refused::Stale { current: None }),
                "The caller expects version {expected} of a lesson that was not begun."
            );
        }
        assert_eq!(store.writes(), 0, "What is refused writes nothing.");
    });
}

/// **S1** Without an answer from the store there is no acknowledgement, whether it has stored the change
/// or not; and the authority does not ask it again.
#[test]
fn without_the_stores_answer_nothing_is_acknowledged() {
    story(|| {
        for (fault, next) in [(Fault::NotStored, 1), (Fault::StoredWithoutAnswer, 2)] {
            scene(format!("the next write is {fault:?}"));
            let store = Store::default();
            let authority = over(&store);
            store.fail_next_write(fault);
            assert_eq!(
                authority.compare_and_set(LESSON, None, BEGIN),
                Err(Refused::NoAnswer),
                "The store gave no answer. \"Saved\" would be a guess, and so would \"not saved\"."
            );
            assert!(!store.fault_is_pending(), "No write was tried.");
            assert_eq!(
                store.writes(),
                1,
                "One change is one write, even when there is no answer: if it was stored after all, a \
                 second one changes the fact twice."
            );
            // Only the store knows what the fact is now: ask it.
            let expected = expecting(next - 1);
            assert_eq!(
                authority.compare_and_set(LESSON, expected, COMPLETE),
                Ok(fact(LESSON, next, COMPLETE)),
                "After the silence, a change that expects what the store really has."
            );
        }
    });
}

/// **S7** Nothing comes between the look at a fact and the decision about it.
#[test]
fn nobody_comes_between_the_look_and_the_decision() {
    story(|| {
        for moment in 0..3 {
            scene(format!(
                "somebody else completes the lesson just before transaction {moment} of a change"
            ));
            let store = Store::default();
            let authority = over(&store);
            let came = Arc::new(AtomicUsize::new(0));
            let (door, counter) = (store.clone(), Arc::clone(&came));
            store.intrude(move |transaction| {
                if transaction == moment {
                    counter.fetch_add(1, Ordering::Relaxed);
                    happens(&door, LESSON, COMPLETE);
                }
            });
            let answer = authority.compare_and_set(LESSON, None, BEGIN);
            let intruded = came.load(Ordering::Relaxed) == 1;
            assert!(
                intruded || moment > 0,
                "A change was answered without any transaction of the store."
            );
            let theirs = fact(LESSON, 1, COMPLETE);
            let lesson = "Two learners' devices decided on the same version, and both were told \"saved\": \
                          one of the two changes is gone. The look at the version and the decision belong \
                          in *one* transaction.";
            if intruded {
                let current = Some(theirs);
                assert_eq!(answer, Err(Refused::Stale { current }), "{lesson}");
                assert_eq!(store.events().len(), 1, "{lesson}");
                assert_eq!(store.get(LESSON), Ok(current), "{lesson}");
            } else {
                assert_eq!(answer, Ok(fact(LESSON, 1, BEGIN)));
            }
        }
    });
}

/// **S7** The versions are in the store and not in the authority's memory: two authorities over one
/// store, as in two processes, make one sequence of versions.
#[test]
fn two_authorities_over_one_store_make_one_row_of_versions() {
    story(|| {
        let store = Store::default();
        let (one, two) = (over(&store), over(&store));
        for round in 0..3 {
            let first = one.compare_and_set(LESSON, expecting(2 * round), BEGIN);
            assert_eq!(
                first,
                Ok(fact(LESSON, 2 * round + 1, BEGIN)),
                "One of two authorities changes what the other one has just changed."
            );
            let second = two.compare_and_set(LESSON, expecting(2 * round + 1), COMPLETE);
            assert_eq!(
                second,
                Ok(fact(LESSON, 2 * round + 2, COMPLETE)),
                "The other authority over the same store made the previous version. What one of them \
                 remembers is not what the fact is."
            );
            assert_eq!(one.read(&[LESSON]), Ok(vec![second.ok()]));
        }
    });
}
