//! Over shards the result is that of one thread, whatever the history.

use crate::world::histories::{history, regular, rows};
use crate::world::shards::Counting;
use domain::{LearnerId, LessonId};
use placement::fabric::Threads;
use placement::history::{History, MAX_LESSONS};
use placement::scoring;
use placement::sharded::{Unscored, recommend};
use testbed::{for_all, live, scene};

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
