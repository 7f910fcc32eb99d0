//! The same work over shards.

use crate::world::histories::{history, regular, rows};
use crate::world::shards::{Counting, swell};
use domain::{LearnerId, LessonId};
use placement::fabric::{Broken, Threads};
use placement::history::{History, MAX_LESSONS};
use placement::scoring;
use placement::sharded::{Unscored, recommend, split};
use std::cell::RefCell;
use std::rc::Rc;
use testbed::{for_all, live, note, scene};

/// **P1** At every number of shards the output is that of one thread.
#[test]
fn every_number_of_shards_gives_what_one_thread_gives() {
    live(|| {
        for_all(&(rows(), 0_usize..6, 1_usize..9), |(rows, top, shards)| {
            let history = history(&rows);
            let one = scoring::recommend(&history, top);
            let many = recommend(&history, top, &mut Counting::new(shards));
            assert_eq!(
                many.as_ref(),
                Ok(&one),
                "{shards} shards disagree with one thread. What depends on how the work was split can't \
                 be told from what is wrong."
            );
        });
    });
}

/// **P1** The same over threads, where answers come in any order of time.
#[test]
fn threads_give_what_one_thread_gives() {
    live(|| {
        let history = history(&regular(300, 5));
        let one = scoring::recommend(&history, 4);
        for shards in [1, 2, 5] {
            scene(format!("{shards} threads"));
            let many = recommend(&history, 4, &mut Threads::start(shards, |_| {}));
            assert_eq!(
                many.as_ref(),
                Ok(&one),
                "{shards} threads disagree with one."
            );
        }
    });
}

/// **P1** Shards that stay are asked again, about another history, and answer about that one.
#[test]
fn shards_forget_the_last_history() {
    live(|| {
        let mut shards = Counting::new(3);
        for learners in [40, 12, 33] {
            let history = history(&regular(learners, learners % 5 + 1));
            assert_eq!(
                recommend(&history, 4, &mut shards),
                Ok(scoring::recommend(&history, 4)),
                "The shards were asked before, about other learners, and that shows in this answer."
            );
        }
    });
}

/// **P1** More shards than learners, no learners, no shards: each has its answer.
#[test]
fn idle_shards_do_no_harm_and_none_at_all_is_an_error() {
    live(|| {
        let two = history(&[vec![1, 2], vec![2, 3]]);
        let one = scoring::recommend(&two, 3);
        assert_eq!(
            recommend(&two, 3, &mut Counting::new(7)),
            Ok(one),
            "Five shards have nothing to do."
        );
        let none = history(&[]);
        assert_eq!(
            recommend(&none, 3, &mut Counting::new(2)),
            Ok(Vec::new()),
            "Nobody is there to score."
        );
        let refused = recommend(&two, 3, &mut Counting::new(0));
        assert_eq!(
            refused,
            Err(Unscored::NoShards),
            "Without shards nobody does the work."
        );
        let refused = recommend(&none, 3, &mut Counting::new(0));
        assert_eq!(
            refused,
            Err(Unscored::NoShards),
            "Without shards nobody does the work."
        );
    });
}

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

/// **P2** Two rounds are enough, for any number of learners.
#[test]
fn a_result_takes_two_rounds() {
    live(|| {
        for learners in [1, 30, 500] {
            let history = history(&regular(learners, 4));
            let mut shards = Counting::new(3);
            recommend(&history, 3, &mut shards).expect("every shard answers");
            note(format!("{learners} learners: {} rounds", shards.sent.len()));
            assert!(
                shards.sent.len() <= 2,
                "{} rounds for {learners} learners. Each round waits for the slowest shard, and a round \
                 for each learner makes the network the program.",
                shards.sent.len()
            );
        }
    });
}

/// **P2** Each row is sent to one shard: what is sent grows with the shards by what is common to them,
/// not by the history.
#[test]
fn each_row_is_sent_once() {
    live(|| {
        let history = history(&regular(3_000, 6));
        let bytes = |shards| {
            let mut shards = Counting::new(shards);
            recommend(&history, 3, &mut shards).expect("every shard answers");
            shards.bytes()
        };
        let (one, eight) = (bytes(1), bytes(8));
        note(format!("1 shard: {one} bytes sent; 8 shards: {eight}"));
        // The counts of 16 lessons, in the most generous form, and some words around them.
        let common = 7 * (16 * 16 * 24 + 1_024);
        assert!(
            eight <= one + common,
            "To one shard {one} bytes were sent, to eight {eight}. Rows go to one shard each; if every \
             shard gets them all, the eighth shard brings more sending than scoring."
        );
    });
}

/// **P2** Reading each row for the shards is reading it once, or so.
#[test]
fn rows_are_read_to_be_sent_and_not_to_be_scored() {
    live(|| {
        let history = history(&regular(400, 4));
        recommend(&history, 3, &mut Counting::new(4)).expect("every shard answers");
        assert!(
            history.reads() <= 4 * 400,
            "{} reads of 400 rows, more than four for each: the shards do the scoring, and here rows are only \
             sent.",
            history.reads()
        );
    });
}

/// **P2** No shard gets much more than its share, though some learners completed far more than others.
#[test]
fn a_few_busy_learners_do_not_share_a_shard() {
    live(|| {
        let mut rows = vec![(0..200).collect::<Vec<u64>>(); 12];
        rows.extend((0..600).map(|learner| vec![learner % 200, (learner + 7) % 200]));
        let history = history(&rows);
        let mut shards = Counting::new(4);
        recommend(&history, 3, &mut shards).expect("every shard answers");
        let sent: Vec<usize> = shards.sent[0].iter().map(Vec::len).collect();
        let mean = sent.iter().sum::<usize>() / sent.len();
        // The busy twelve come first, whatever the form in which rows travel.
        let most = sent[0];
        note(format!(
            "bytes sent to each shard in the first round: {sent:?}"
        ));
        assert!(
            most <= 2 * mean,
            "The first shard gets {most} bytes of rows, and the mean is {mean}. Everybody waits for that one: \
             the work is in the completions, and the learners are not alike."
        );
    });
}

/// **P2** The parts are neighbours, in order, all together the whole, and none much heavier.
#[test]
fn parts_are_the_whole_and_none_is_heavy() {
    live(|| {
        for_all(&(rows(), 1_usize..9), |(rows, parts)| {
            let history: History = history(&rows);
            let ranges = split(&history, parts);
            assert_eq!(
                ranges.len(),
                parts,
                "There is a range for each part, be it empty."
            );
            let mut next = 0;
            for range in &ranges {
                assert!(
                    range.start == next && range.start <= range.end,
                    "{range:?} does not follow on {next}: {ranges:?}"
                );
                next = range.end;
            }
            assert_eq!(next, rows.len(), "Some learners are in no part: {ranges:?}");
            let weight = |at: usize| history.width(at);
            let heaviest = (0..rows.len()).map(weight).max().unwrap_or_default();
            let fair = history.completions().div_ceil(parts) + heaviest;
            for range in ranges.clone() {
                let heavy: usize = range.clone().map(weight).sum();
                assert!(
                    heavy <= fair,
                    "{range:?} of {ranges:?} has {heavy} completions of {}: more than a fair share and one \
                     more learner's, {fair}.",
                    history.completions()
                );
            }
        });
    });
}

/// **P1** The ids in the result are lessons' ids, however large they are.
#[test]
fn lessons_keep_their_ids() {
    live(|| {
        let far = u64::MAX - 3;
        let history = history(&[vec![5], vec![5, far], vec![far]]);
        let all = recommend(&history, 3, &mut Counting::new(2)).expect("every shard answers");
        let lessons: Vec<LessonId> = all[0].lessons.iter().map(|to| to.lesson).collect();
        assert_eq!(lessons, [LessonId(far)]);
    });
}

/// **P1** Rows come in the history's order over shards, too, whatever the learners' ids are.
#[test]
fn rows_come_in_order_from_the_shards() {
    live(|| {
        let ids = [7, 3, 9, 1, 8, 2].map(LearnerId);
        let rows = (0..).map(|at| vec![LessonId(at), LessonId(at + 1)]);
        let history = History::new(ids.into_iter().zip(rows)).expect("few lessons");
        let many = recommend(&history, 3, &mut Counting::new(3));
        assert_eq!(
            many,
            Ok(scoring::recommend(&history, 3)),
            "Three shards disagree with one thread about {ids:?}."
        );
    });
}

/// **P1** `top` is a bound over shards, too, however large.
#[test]
fn a_huge_top_is_everything_over_shards() {
    live(|| {
        let history = history(&regular(20, 4));
        for top in [256, 1 << 16, 1 << 32, usize::MAX] {
            assert_eq!(
                recommend(&history, top, &mut Counting::new(3)),
                Ok(scoring::recommend(&history, top)),
                "The best {top} of 16 lessons are all that score."
            );
        }
    });
}

/// **P1** A history of as many lessons as there may be is scored.
#[test]
fn the_largest_history_is_scored() {
    live(|| {
        let most = u64::try_from(MAX_LESSONS).expect("a small number");
        let rows: Vec<Vec<u64>> = (0..most / 4)
            .map(|learner| (0..5).map(|n| (learner * 4 + n) % most).collect())
            .collect();
        let history = history(&rows);
        assert_eq!(history.lessons().len(), MAX_LESSONS);
        // In this lab's slowest form this moves some megabytes; one shard is enough of them.
        let all = recommend(&history, 2, &mut Counting::new(1));
        let all = all.unwrap_or_else(|why| panic!("{MAX_LESSONS} lessons are allowed: {why}"));
        // The one before shares lesson 2040 with this learner, and the one after 2044.
        let best: Vec<_> = all[510].lessons.iter().map(|to| to.lesson).collect();
        assert_eq!(best, [LessonId(0), LessonId(2_036)]);
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

/// **P1** A row can be as wide as there are lessons, and so can an answer.
#[test]
fn wide_rows_and_long_answers_cross_whole() {
    live(|| {
        let mut rows = vec![(0..700).collect::<Vec<u64>>(), (0..257).collect()];
        rows.extend([vec![0], vec![3, 699]]);
        let history = history(&rows);
        let one = scoring::recommend(&history, usize::MAX);
        assert_eq!(
            one[2].lessons.len(),
            699,
            "One lesson is completed, and 699 are recommended."
        );
        for shards in [1, 3] {
            let many = recommend(&history, usize::MAX, &mut Counting::new(shards));
            assert!(
                many.as_ref() == Ok(&one),
                "{shards} shards disagree with one thread about a learner who completed 700 lessons, or one \
                 who is recommended 699: more than a byte counts."
            );
        }
    });
}

/// **P1** Counts of a town of learners cross to the shards and back without loss.
#[test]
fn a_town_is_counted_over_shards() {
    live(|| {
        // Of 70,001 who completed lesson 1, 70,000 completed 2.
        let mut rows = vec![vec![1, 2]; 70_000];
        rows.push(vec![1]);
        let history = history(&rows);
        for shards in [1, 2] {
            let many =
                recommend(&history, 3, &mut Counting::new(shards)).expect("every shard answers");
            let last: Vec<_> = many[70_000]
                .lessons
                .iter()
                .map(|to| (to.lesson, to.score))
                .collect();
            assert_eq!(
                last,
                [(LessonId(2), 999_985)],
                "70,000 × 1,000,000 / 70,001 is 999,985, rounded down, with {shards} shards as with one \
                 thread: the counts are beyond a `u16`."
            );
        }
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

/// **P2** The second round carries what is common to all, and no rows again.
#[test]
fn rows_are_not_sent_again() {
    live(|| {
        let second = |learners| {
            let history = history(&regular(learners, 6));
            let mut shards = Counting::new(2);
            recommend(&history, 3, &mut shards).expect("every shard answers");
            let bytes = |round: usize| -> usize { shards.sent[round].iter().map(Vec::len).sum() };
            (bytes(0), bytes(1))
        };
        let ((_, small), (rows, large)) = (second(300), second(6_000));
        note(format!(
            "the second round sends {small} bytes about 300 learners, and {large} about 6,000, whose rows were {rows}"
        ));
        // The same 16 lessons in both; counts may have some more digits.
        assert!(
            large <= small + 2 * 16 * 16 * 16,
            "About 300 learners the second round sends {small} bytes, and about 6,000 learners {large}. A \
             shard remembers its rows between the rounds: each is sent once."
        );
    });
}

/// **P2** What does not divide evenly is not all left to one part.
#[test]
fn what_is_left_over_is_shared_too() {
    live(|| {
        for (learners, parts) in [(15, 8), (7, 4), (29, 10), (99, 50)] {
            let history = history(&vec![vec![1]; learners]);
            let fair = learners.div_ceil(parts) + 1;
            for range in split(&history, parts) {
                assert!(
                    range.len() <= fair,
                    "{learners} learners with one completion each are split into {parts} parts, and {range:?} \
                     has {}: more than a fair share and one more learner's, {fair}.",
                    range.len()
                );
            }
        }
    });
}
