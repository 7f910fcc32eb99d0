//! One competent thread.

use crate::world::histories::{any_history, by_definition, history, one_thread, plain, regular};
use domain::{LearnerId, LessonId};
use std::time::Duration;
use story::{live, live_or, note};

/// **P1** A score is the sum of the shares of those who completed each of the learner's lessons and the
/// candidate too.
#[test]
fn a_score_is_a_sum_of_shares() {
    live(|| {
        // Of three who completed lesson 1, two completed 2; of three who completed 3, two did.
        let history = history(&[vec![1, 3], vec![1, 2, 3], vec![1, 2], vec![3, 2]]);
        let recommended = one_thread(&history, 5);
        assert_eq!(
            recommended.len(),
            4,
            "There is one row for each learner, in the history's order."
        );
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
        let few = history(&rows);
        let all = [(5, 500_000), (7, 500_000), (9, 500_000)].map(|(l, s)| (LessonId(l), s));
        assert_eq!(
            plain(&one_thread(&few, 9))[0],
            all,
            "Lessons 5, 7 and 9 score the same for learner 100. Equal scores are ordered by lesson, or else \
             the order depends on how the work was split."
        );
        assert_eq!(
            plain(&one_thread(&few, 2))[0],
            all[..2],
            "Two were asked for, so the best two are recommended."
        );
        assert!(
            plain(&one_thread(&few, 0)).iter().all(Vec::is_empty),
            "None were asked for, and some were recommended."
        );
        // A sort that is not stable may leave a few equals in order, and not sixty.
        let some = (0..=60).filter(|lesson| lesson * lesson % 7 < 2);
        let many = [vec![0], (0..=60).collect(), some.collect()];
        let best: Vec<u64> = plain(&one_thread(&history(&many), 60))[0]
            .iter()
            .map(|(lesson, _)| lesson.0)
            .collect();
        let (first, last): (Vec<u64>, Vec<u64>) =
            (1..=60).partition(|lesson| lesson * lesson % 7 < 2);
        assert_eq!(
            best,
            [first, last].concat(),
            "Two of three who completed lesson 0 completed some of the 60 others, and one of three the rest. Within \
             both groups the scores are equal, so the smaller lesson comes first."
        );
    });
}

/// **P1** Nothing is recommended that was completed, or that scores nothing.
#[test]
fn what_was_completed_or_scores_nothing_is_left_out() {
    live(|| {
        let history = history(&[vec![1, 2], vec![1, 2], vec![], vec![8]]);
        let recommended = plain(&one_thread(&history, 9));
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
    });
}

/// **P1** What one thread computes is what the definition says, for any history, in the history's order.
#[test]
fn one_thread_computes_what_the_definition_says() {
    live(|| {
        any_history(|history| {
            for top in [3, 1, 12] {
                let recommended = one_thread(history, top);
                let learners: Vec<LearnerId> = recommended.iter().map(|one| one.learner).collect();
                assert_eq!(
                    learners,
                    history.learners(),
                    "There is one row for each learner, in the history's order, which need not be that of \
                     their ids."
                );
                let expected = by_definition(history, top);
                for ((learner, row), expected) in
                    learners.iter().zip(plain(&recommended)).zip(expected)
                {
                    assert_eq!(
                        row, expected,
                        "The best {top} for learner {}, by the definition. Where do the two lists differ? Another \
                         score: each share is of the learners of the lesson that was *completed*. A score a few \
                         millionths off: multiply by `WHOLE`, then divide, which rounds down, and only then \
                         add. A lesson too many: it was completed, or scores 0. Another order: equals are \
                         ordered by lesson.",
                        learner.0
                    );
                }
            }
        });
    });
}

/// **P2** Each row is read a fixed number of times, however many learners there are.
#[test]
fn each_row_is_read_a_fixed_number_of_times() {
    live(|| {
        for learners in [10, 100, 1_000] {
            let history = regular(learners, 4);
            let _ = one_thread(&history, 3);
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
                 compares learners with learners does ten times the work for each when there are ten times \
                 as many: any number of shards will beat it, and that proves nothing.",
                history.reads()
            );
        }
    });
}

/// **P2** Work grows with what was completed, not with the square of the learners.
#[test]
fn a_city_of_learners_is_scored_in_one_go() {
    let quadratic = "Usual cause: each of 20,000 learners is compared with each other one, 400 million comparisons. To \
                     count pairs of lessons takes some hundred thousand steps.";
    live_or(Duration::from_secs(30), quadratic, || {
        // Who reads all rows for each learner need not wait for the city.
        let village = regular(1_000, 4);
        let _ = one_thread(&village, 3);
        assert!(
            village.reads() <= 4_000,
            "{} rows were read to score 1,000 learners. For 20,000 of them it would be 400 times as many.",
            village.reads()
        );
        let history = regular(20_000, 4);
        let recommended = one_thread(&history, 3);
        assert_eq!(recommended.len(), 20_000);
    });
}
