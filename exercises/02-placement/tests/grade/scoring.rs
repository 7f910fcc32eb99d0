//! One competent thread.

use crate::world::histories::{by_definition, history, regular, rows};
use domain::{LearnerId, LessonId};
use placement::history::History;
use placement::scoring::{Recommended, recommend};
use testbed::memory::Watch;
use testbed::{for_all, live, note, scene};

fn plain(recommended: &[Recommended]) -> Vec<Vec<(LessonId, u64)>> {
    let row = |one: &Recommended| one.lessons.iter().map(|to| (to.lesson, to.score)).collect();
    recommended.iter().map(row).collect()
}

/// **P1** A score is the sum of the shares of those who completed each of the learner's lessons and the
/// candidate too.
#[test]
fn a_score_is_a_sum_of_shares() {
    live(|| {
        // Of three who completed lesson 1, two completed 2; of three who completed 3, two did.
        let history = history(&[vec![1, 3], vec![1, 2, 3], vec![1, 2], vec![3, 2]]);
        let recommended = recommend(&history, 5);
        assert_eq!(
            recommended.len(),
            4,
            "There is one row for each learner, in the history's order."
        );
        assert_eq!(recommended[0].learner, LearnerId(100));
        assert_eq!(
            plain(&recommended)[0],
            [(LessonId(2), 666_666 + 666_666)],
            "Learner 100 completed 1 and 3. Two of three who completed 1 also completed 2, and two of \
             three who completed 3: each share is 666,666 millionths, rounded down *before* adding. A \
             sum of rounded shares is the same in every order."
        );
    });
}

/// **P1** Higher scores come first, and of equal ones the smaller lesson; `top` is a bound.
#[test]
fn the_best_come_first_and_equals_by_lesson() {
    live(|| {
        let rows = [
            vec![1],
            vec![1, 9, 5, 7],
            vec![1, 9, 5],
            vec![1, 7],
            vec![9, 2],
        ];
        let history = history(&rows);
        let all = [(5, 500_000), (7, 500_000), (9, 500_000)].map(|(l, s)| (LessonId(l), s));
        assert_eq!(
            plain(&recommend(&history, 9))[0],
            all,
            "Lessons 5, 7 and 9 score the same for learner 100. Equal scores come by lesson, or else the \
             order hangs on how the work was split."
        );
        assert_eq!(plain(&recommend(&history, 2))[0], all[..2], "`top` is 2.");
        assert!(
            plain(&recommend(&history, 0)).iter().all(Vec::is_empty),
            "`top` is 0."
        );
    });
}

/// **P1** Nothing is recommended that was completed, or that scores nothing.
#[test]
fn what_was_completed_or_scores_nothing_is_left_out() {
    live(|| {
        let history = history(&[vec![1, 2], vec![1, 2], vec![], vec![8]]);
        let recommended = plain(&recommend(&history, 9));
        assert_eq!(
            recommended.len(),
            4,
            "A learner to whom nothing is recommended has an empty row."
        );
        for (learner, lessons) in recommended.iter().enumerate() {
            assert!(
                lessons.is_empty(),
                "Learner {} is recommended {lessons:?}: each is completed already, or has no learner in \
                 common with what was completed, and so scores 0.",
                100 + learner
            );
        }
        assert!(
            recommend(&super::world::histories::history(&[]), 3).is_empty(),
            "Of no learners there is no row."
        );
    });
}

/// **P1** What one thread computes is what the definition says, for any history.
#[test]
fn one_thread_computes_what_the_definition_says() {
    live(|| {
        for_all(&(rows(), 0_usize..6), |(rows, top)| {
            let history = history(&rows);
            let expected = by_definition(&history, top);
            let recommended = recommend(&history, top);
            assert_eq!(
                plain(&recommended),
                expected,
                "The scores differ from the definition's."
            );
            let learners: Vec<LearnerId> = recommended.iter().map(|one| one.learner).collect();
            assert_eq!(
                learners,
                history.learners(),
                "The learners come in the history's order."
            );
        });
    });
}

/// **P2** Each row is read a fixed number of times, however many learners there are.
#[test]
fn each_row_is_read_a_fixed_number_of_times() {
    live(|| {
        for learners in [10, 100, 1_000] {
            let history = history(&regular(learners, 4));
            let _ = recommend(&history, 3);
            note(format!(
                "{learners} learners: {} rows read",
                history.reads()
            ));
            assert!(
                history.reads() >= learners,
                "Only {} rows were read of {learners}.",
                history.reads()
            );
            assert!(
                history.reads() <= 4 * learners,
                "{} rows were read to score {learners} learners, more than four for each. A program that \
                 compares learners with learners does ten times the work a learner for ten times the \
                 learners: any number of shards will beat it, and none of them is to be praised for that.",
                history.reads()
            );
        }
    });
}

/// **P2** Work grows with what was completed, not with the square of the learners.
#[test]
fn a_city_of_learners_is_scored_in_one_go() {
    live(|| {
        let history = history(&regular(20_000, 4));
        note(
            "20,000 learners: compared with each other that is 400 million comparisons, and counted in pairs of lessons some hundred thousand",
        );
        let recommended = recommend(&history, 3);
        assert_eq!(recommended.len(), 20_000);
    });
}

/// **P2** What is returned takes memory by what is recommended, and not by how many lessons there are.
#[test]
fn an_answer_holds_on_to_no_more_than_it_says() {
    live(|| {
        let lessons = 600;
        let learners = 400;
        let mut rows = vec![(0..lessons).collect::<Vec<u64>>()];
        rows.extend((1..learners).map(|learner| vec![learner % lessons]));
        let history = history(&rows);
        let watch = Watch::start();
        let recommended = recommend(&history, 2);
        let held = watch.grown_bytes();
        note(format!(
            "{held} bytes are held for {learners} learners, two lessons each"
        ));
        assert_eq!(
            recommended.len(),
            rows.len(),
            "There is one row for each learner."
        );
        // Some 72 bytes are in each row; the rest is room for other designs.
        assert!(
            held <= 400 * 1_024,
            "{held} bytes are held by an answer with two lessons for each of {learners} learners. A vector \
             that is truncated keeps its capacity, and so does one that is collected from it in place: \
             every learner then holds on to a place for every lesson, and the thread waits for memory."
        );
    });
}

/// **P1** Rows come in the history's order, which need not be that of the learners' ids.
#[test]
fn rows_come_as_the_history_has_them() {
    live(|| {
        let ids = [7, 3, 9, 1].map(LearnerId);
        let lessons = [vec![1], vec![1, 2], vec![2, 3], vec![3]];
        let lessons = lessons.map(|row| row.into_iter().map(LessonId).collect());
        let history = History::new(ids.into_iter().zip(lessons)).expect("few lessons");
        let learners: Vec<LearnerId> = recommend(&history, 3)
            .iter()
            .map(|one| one.learner)
            .collect();
        assert_eq!(
            learners, ids,
            "Whoever asked for these learners has them in this order, and goes through both together."
        );
    });
}

/// **P1** Shares are exact for a town of learners, too: a millionth of seventy thousand is no small number.
#[test]
fn shares_are_exact_for_many_learners() {
    live(|| {
        // Of 70,001 who completed lesson 1, 70,000 completed 2.
        let mut rows = vec![vec![1, 2]; 70_000];
        rows.push(vec![1]);
        let history = history(&rows);
        let recommended = recommend(&history, 3);
        assert_eq!(
            plain(&recommended)[70_000],
            [(LessonId(2), 999_985)],
            "70,000 × 1,000,000 / 70,001 is 999,985, rounded down: the product is beyond a `u32`, and the \
             counts are beyond a `u16`."
        );
    });
}

/// **P1** `top` is a bound, however large: all that score are fewer.
#[test]
fn a_huge_top_is_everything() {
    live(|| {
        let history = history(&regular(20, 4));
        let all = recommend(&history, 16);
        for top in [256, 1 << 16, 1 << 32, usize::MAX] {
            assert_eq!(
                recommend(&history, top),
                all,
                "There are 16 lessons, and the best {top} of them are all that score."
            );
        }
    });
}

/// **P1** A share is rounded down from what it is, and not from the nearest binary fraction.
#[test]
fn a_share_is_reckoned_in_whole_numbers() {
    live(|| {
        for (together, learners, share) in
            [(41, 80, 512_500), (26, 27, 962_962), (203, 400, 507_500)]
        {
            let mut rows = vec![vec![1, 2]; together];
            rows.resize(learners, vec![1]);
            let recommended = recommend(&history(&rows), 3);
            assert_eq!(
                plain(&recommended)[learners - 1],
                [(LessonId(2), share)],
                "{together} × 1,000,000 / {learners} is {share}, rounded down. {together} / {learners} \
                 has no end in binary: multiplied by a million afterwards, it can come out a hair below \
                 the whole number that it is, and is rounded down to the one before."
            );
        }
    });
}

/// **P2** An answer takes memory by what is recommended, however much was asked for.
#[test]
fn a_huge_top_takes_no_room() {
    live(|| {
        let pairs = 300;
        let mut rows: Vec<Vec<u64>> = (0..pairs).map(|at| vec![at, at + pairs]).collect();
        rows.extend((0..pairs).map(|at| vec![at]));
        let history = history(&rows);
        for top in [600, usize::MAX] {
            scene(format!("`top` is {top}"));
            let watch = Watch::start();
            let recommended = recommend(&history, top);
            let held = watch.grown_bytes();
            let said: usize = recommended.iter().map(|one| one.lessons.len()).sum();
            assert_eq!(said, 300, "Each of 300 learners is recommended one lesson.");
            assert!(
                held <= 256 * 1_024,
                "{held} bytes are held by an answer that names {said} lessons to {} learners. Room for \
                 `top` lessons is room for what nobody recommended.",
                rows.len()
            );
        }
    });
}
