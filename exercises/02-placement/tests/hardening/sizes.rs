//! Numbers that are large, and memory that is not.

use crate::world::histories::{history, one_thread, plain, regular};
use crate::world::shards::{Counting, on_shards};
use domain::LessonId;
use placement::history::MAX_LESSONS;
use testbed::memory::Watch;
use testbed::{live, note, scene};

/// **P1** Shares are exact for a town of learners, too: a millionth of seventy thousand is no small number.
#[test]
fn shares_are_exact_for_many_learners() {
    live(|| {
        // Of 70,001 who completed lesson 1, 70,000 completed 2.
        let mut rows = vec![vec![1, 2]; 70_000];
        rows.push(vec![1]);
        let history = history(&rows);
        note("70,001 learners completed lesson 1, which is more than a `u16` counts");
        note("a count of them times 1,000,000 is more than a `u32` holds");
        let recommended = one_thread(&history, 3);
        assert_eq!(
            plain(&recommended)[70_000],
            [(LessonId(2), 999_985)],
            "70,000 × 1,000,000 / 70,001 is 999,985, rounded down: the product is beyond a `u32`, and the \
             counts are beyond a `u16`."
        );
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
            let recommended = one_thread(&history(&rows), 3);
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

/// **P1** The shares of hundreds of lessons add up.
#[test]
fn a_score_of_many_lessons_is_their_sum() {
    live(|| {
        // Of three who completed each of 300 lessons, two completed lesson 300 too.
        let all = || (0..300).collect::<Vec<u64>>();
        let more = || (0..=300).collect::<Vec<u64>>();
        let recommended = one_thread(&history(&[all(), more(), more()]), 3);
        assert_eq!(
            plain(&recommended)[0],
            [(LessonId(300), 300 * 666_666)],
            "Each of 300 lessons adds 666,666 millionths."
        );
    });
}

/// **P1** `top` is a bound, however large: all that score are fewer.
#[test]
fn a_huge_top_is_everything() {
    live(|| {
        let history = regular(20, 4);
        let all = one_thread(&history, 16);
        for top in [256, 1 << 16, 1 << 32, usize::MAX] {
            assert_eq!(
                one_thread(&history, top),
                all,
                "There are 16 lessons, and the best {top} of them are all that score."
            );
        }
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
        let recommended = one_thread(&history, 2);
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
            let recommended = one_thread(&history, top);
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

/// **P1** The ids in the result are lessons' ids, however large they are.
#[test]
fn lessons_keep_their_ids() {
    live(|| {
        let far = u64::MAX - 3;
        let history = history(&[vec![5], vec![5, far], vec![far]]);
        let all = on_shards(&history, 3, &mut Counting::new(2)).expect("every shard answers");
        let lessons: Vec<LessonId> = all[0].lessons.iter().map(|to| to.lesson).collect();
        assert_eq!(lessons, [LessonId(far)]);
    });
}

/// **P1** `top` is a bound over shards, too, however large.
#[test]
fn a_huge_top_is_everything_over_shards() {
    live(|| {
        let history = regular(20, 4);
        for top in [256, 1 << 16, 1 << 32, usize::MAX] {
            assert_eq!(
                on_shards(&history, top, &mut Counting::new(3)),
                Ok(one_thread(&history, top)),
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
        let all = on_shards(&history, 2, &mut Counting::new(1));
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
        let one = one_thread(&history, usize::MAX);
        assert_eq!(
            one[2].lessons.len(),
            699,
            "One lesson is completed, and 699 are recommended."
        );
        let shards = 3;
        let many = on_shards(&history, usize::MAX, &mut Counting::new(shards));
        assert!(
            many.as_ref() == Ok(&one),
            "{shards} shards disagree with one thread about a learner who completed 700 lessons, or one \
             who is recommended 699: more than a byte counts."
        );
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
        note("70,001 learners completed lesson 1, which is more than a `u16` counts");
        let shards = 1;
        let many = on_shards(&history, 3, &mut Counting::new(shards)).expect("every shard answers");
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
    });
}

/// **P2** Reading each row for the shards is reading it once, or so.
#[test]
fn rows_are_read_to_be_sent_and_not_to_be_scored() {
    live(|| {
        let history = regular(400, 4);
        on_shards(&history, 3, &mut Counting::new(4)).expect("every shard answers");
        assert!(
            history.reads() <= 4 * 400,
            "{} reads of 400 rows, more than four for each: the shards do the scoring, and here rows are only \
             sent.",
            history.reads()
        );
    });
}
