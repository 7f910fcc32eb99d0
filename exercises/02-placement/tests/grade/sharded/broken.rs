//! A shard that is gone, or answers something else, leaves an error and no part of a result.

use crate::world::histories::{history, regular};
use crate::world::shards::{Counting, swell};
use domain::LearnerId;
use placement::fabric::Broken;
use placement::history::History;
use placement::sharded::{Unscored, recommend, split};
use std::cell::RefCell;
use std::rc::Rc;
use testbed::{live, scene};

/// **P1** A shard that does not answer leaves an error, and never the rest of the result.
#[test]
fn a_lost_shard_leaves_no_part_of_a_result() {
    live(|| {
        let history = history(&regular(30, 4));
        for (lost_in, lost) in [(0, 0), (0, 2), (1, 0), (1, 1)] {
            scene(format!("shard {lost} is lost in round {}", lost_in + 1));
            let mut shards = Counting::with(3, move |round, shard, answer| {
                if (round, shard) == (lost_in, lost) {
                    Err(Broken::Gone(shard))
                } else {
                    Ok(answer)
                }
            });
            let result = recommend(&history, 3, &mut shards);
            assert_eq!(
                shards.struck, 1,
                "The shard was to be lost in a round that never came."
            );
            assert_eq!(
                result.map(|all| all.len()),
                Err(Unscored::Broken(Broken::Gone(lost))),
                "A third of the learners is missing, and whoever reads this result can't see it."
            );
        }
    });
}

/// **P1** An answer that is cut short, or no answer at all, is an error that names the shard.
#[test]
fn a_torn_answer_is_an_error() {
    live(|| {
        let history = history(&regular(30, 4));
        let mut whole = Counting::new(2);
        recommend(&history, 3, &mut whole).expect("nothing is torn yet");
        for torn_in in [0, 1] {
            for keep in [0, 1, 2, 7, 20] {
                scene(format!(
                    "shard 1's answer in round {} ends after {keep} bytes",
                    torn_in + 1
                ));
                let mut shards = Counting::with(2, move |round, shard, mut answer| {
                    if (round, shard) == (torn_in, 1) {
                        assert!(answer.len() > keep, "an answer about 15 learners is longer");
                        answer.truncate(keep);
                    }
                    Ok(answer)
                });
                let result = recommend(&history, 3, &mut shards);
                assert_eq!(
                    shards.struck, 1,
                    "The answer was to be torn in a round that never came."
                );
                assert_eq!(
                    result.map(|all| all.len()),
                    Err(Unscored::NoAnswer(1)),
                    "What is left of an answer is not one."
                );
            }
        }
    });
}

/// **P1** An honest answer about other learners is no answer to this question.
#[test]
fn an_answer_about_fewer_learners_is_none() {
    live(|| {
        let kept = Rc::new(RefCell::new([Vec::new(), Vec::new()]));
        let keep = Rc::clone(&kept);
        let mut few = Counting::with(2, move |round, shard, answer| {
            if shard == 1 {
                keep.borrow_mut()[round].clone_from(&answer);
            }
            Ok(answer)
        });
        recommend(&history(&regular(16, 4)), 3, &mut few).expect("every shard answers");
        let replay = kept.borrow()[1].clone();
        let mut shards = Counting::with(2, move |round, shard, answer| {
            Ok(if (round, shard) == (1, 1) {
                replay.clone()
            } else {
                answer
            })
        });
        let result = recommend(&history(&regular(32, 4)), 3, &mut shards);
        assert_eq!(
            result.map(|all| all.len()),
            Err(Unscored::NoAnswer(1)),
            "Shard 1 has 16 learners, and the answer is about 8: the others would be missing."
        );
    });
}

/// **P1** An answer with more rows than there are learners is no answer, and neither is one with fewer.
#[test]
fn an_answer_about_others_is_an_error() {
    live(|| {
        // One busy learner for the one shard, many for the other.
        let mut rows = vec![(0..12).collect::<Vec<u64>>()];
        rows.extend((0..6).map(|learner| vec![learner, learner + 1]));
        let history = history(&rows);
        let second_answers = |history: &History| {
            let kept = Rc::new(RefCell::new(vec![Vec::new(); 2]));
            let keep = Rc::clone(&kept);
            let mut shards = Counting::with(2, move |round, shard, answer| {
                if round == 1 {
                    keep.borrow_mut()[shard].clone_from(&answer);
                }
                Ok(answer)
            });
            recommend(history, 3, &mut shards).expect("every shard answers");
            kept.take()
        };
        let answers = second_answers(&history);
        let parts = split(&history, 2);
        assert_ne!(parts[0].len(), parts[1].len(), "{parts:?}");
        for wrong in [0, 1] {
            let other = answers[1 - wrong].clone();
            let mut shards = Counting::with(2, move |round, shard, answer| {
                let swapped = (round, shard) == (1, wrong);
                Ok(if swapped { other.clone() } else { answer })
            });
            assert_eq!(
                recommend(&history, 3, &mut shards),
                Err(Unscored::NoAnswer(wrong)),
                "Shard {wrong} answered what the other one was to answer: {} rows for {} learners.",
                parts[1 - wrong].len(),
                parts[wrong].len()
            );
        }
    });
}

/// **P1** An answer that recommends a lesson which the history does not have is no answer.
#[test]
fn an_answer_about_other_lessons_is_an_error() {
    live(|| {
        let few = history(&[vec![0], vec![0, 1]]);
        let many = history(&[vec![0, 1, 2, 3, 4, 5], (0..13).collect()]);
        let kept = Rc::new(RefCell::new(Vec::new()));
        let keep = Rc::clone(&kept);
        let mut shards = Counting::with(1, move |_, _, answer: Vec<u8>| {
            keep.borrow_mut().clone_from(&answer);
            Ok(answer)
        });
        recommend(&many, 3, &mut shards).expect("the shard answers");
        let other = kept.take();
        let mut shards = Counting::with(1, move |round, _, answer| {
            Ok(if round == 1 { other.clone() } else { answer })
        });
        assert_eq!(
            recommend(&few, 3, &mut shards),
            Err(Unscored::NoAnswer(0)),
            "It has as many rows as there are learners, and lessons that nobody here has heard of."
        );
    });
}

/// **P1** Counts of lessons that the history does not have are no answer either.
#[test]
fn counts_of_other_lessons_are_an_error() {
    live(|| {
        let few = history(&[vec![0], vec![0, 1], vec![1, 2], vec![2]]);
        let many = history(&[
            (0..13).collect(),
            (0..13).collect(),
            (2..15).collect(),
            (0..9).collect(),
        ]);
        let kept = Rc::new(RefCell::new(vec![Vec::new(); 2]));
        let keep = Rc::clone(&kept);
        let mut shards = Counting::with(2, move |round, shard, answer: Vec<u8>| {
            if round == 0 {
                keep.borrow_mut()[shard].clone_from(&answer);
            }
            Ok(answer)
        });
        recommend(&many, 3, &mut shards).expect("every shard answers");
        let others = kept.take();
        for wrong in [0, 1] {
            let other = others[wrong].clone();
            let mut shards = Counting::with(2, move |round, shard, answer| {
                let swapped = (round, shard) == (0, wrong);
                Ok(if swapped { other.clone() } else { answer })
            });
            assert_eq!(
                recommend(&few, 3, &mut shards),
                Err(Unscored::NoAnswer(wrong)),
                "Shard {wrong} counted 15 lessons where there are three. To add up what fits is to recommend \
                 by somebody else's history."
            );
        }
    });
}

/// **P1** Bytes that were changed on the way may go unnoticed, but never stop the program, and never
/// leave a learner without a row.
#[test]
fn a_changed_answer_never_stops_the_program() {
    live(|| {
        let history = history(&regular(12, 4));
        for (round, at, flip) in (0..2).flat_map(|r| {
            (0..60).flat_map(move |at| [1, 0x40, 0x80, 0xff].map(|flip| (r, at, flip)))
        }) {
            let mut shards = Counting::with(2, move |now, shard, mut answer| {
                if (now, shard) == (round, 0)
                    && let Some(byte) = answer.get_mut(at)
                {
                    *byte ^= flip;
                }
                Ok(answer)
            });
            if let Ok(all) = recommend(&history, 3, &mut shards) {
                let learners: Vec<LearnerId> = all.iter().map(|one| one.learner).collect();
                assert_eq!(
                    learners,
                    history.learners(),
                    "Somebody's row is missing, or twice there."
                );
            }
        }
    });
}

/// **P1** Counts that grew on the way never stop the program.
#[test]
fn a_swollen_answer_never_stops_the_program() {
    live(|| {
        let history = history(&regular(12, 4));
        for (round, at, fixed) in (0..2)
            .flat_map(|r| (0..60).flat_map(move |at| [false, true].map(|fixed| (r, at, fixed))))
        {
            let mut shards = Counting::with(2, move |now, shard, mut answer| {
                if (now, shard) == (round, 1) {
                    swell(&mut answer, at, fixed);
                }
                Ok(answer)
            });
            if let Ok(all) = recommend(&history, 3, &mut shards) {
                assert_eq!(all.len(), 12, "Somebody's row is missing, or twice there.");
            }
        }
    });
}
