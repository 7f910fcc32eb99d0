//! Numbers that are large, and memory that is not.

use crate::world::histories::{history, one_thread, plain, regular};
use crate::world::shards::{Counting, on_shards};
use domain::LessonId;
use placement::history::MAX_LESSONS;
use testbed::memory::Watch;
use testbed::{live, note, scene};

/// **P1** A share is rounded down from its exact value, and not from the nearest binary fraction; and hundreds of
/// them add up.
#[test]
fn a_share_is_calculated_in_whole_numbers() {
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
                 has no end in binary: multiplied by a million afterwards, it can come out a little \
                 below the exact value, and is rounded down to the number before."
            );
        }
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

/// **P1** `top` is a bound, however large, on one thread and over shards.
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
            assert_eq!(
                on_shards(&history, top, &mut Counting::new(3)).as_ref(),
                Ok(&all),
                "There are 16 lessons, and the best {top} of them are all that score, over three shards too."
            );
        }
    });
}

/// **P2** The result takes memory in proportion to what is recommended, not to how many lessons there are, nor to
/// how many were asked for.
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
             every learner then keeps room for every lesson, and the thread waits for memory."
        );
        let pairs = 300;
        let mut rows: Vec<Vec<u64>> = (0..pairs).map(|at| vec![at, at + pairs]).collect();
        rows.extend((0..pairs).map(|at| vec![at]));
        let history = self::history(&rows);
        for top in [600, usize::MAX] {
            scene(format!("`top` is {top}"));
            let watch = Watch::start();
            let recommended = one_thread(&history, top);
            let held = watch.grown_bytes();
            let lessons: usize = recommended.iter().map(|one| one.lessons.len()).sum();
            assert_eq!(
                lessons, 300,
                "Each of 300 learners is recommended one lesson."
            );
            assert!(
                held <= 256 * 1_024,
                "{held} bytes are held by a result that recommends {lessons} lessons to {} learners. Room for \
                 `top` lessons is not needed.",
                rows.len()
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
        // In the slowest form this moves some megabytes, so one shard is enough.
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
        // Ids are large, and a shard has a small number for each.
        let far = u64::MAX - 700;
        let mut rows = vec![
            (far..far + 700).collect::<Vec<u64>>(),
            (far..far + 257).collect(),
        ];
        rows.extend([vec![far], vec![far + 3, far + 699]]);
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
            "{shards} shards return another result than one thread for a learner who completed 700 lessons, or \
             one who is recommended 699: more than a byte counts."
        );
    });
}

/// **P1** Shares are exact for a town of learners, too, and its counts cross to the shards and back without loss.
#[test]
fn a_town_is_counted() {
    live(|| {
        // Of 70,001 who completed lesson 1, 70,000 completed 2.
        let mut rows = vec![vec![1, 2]; 70_000];
        rows.push(vec![1]);
        let history = history(&rows);
        note("70,001 learners completed lesson 1, which is more than a `u16` counts");
        note("a count of them times 1,000,000 is more than a `u32` holds");
        let one = one_thread(&history, 3);
        assert_eq!(
            plain(&one)[70_000],
            [(LessonId(2), 999_985)],
            "70,000 × 1,000,000 / 70,001 is 999,985, rounded down: the product is beyond a `u32`, and the \
             counts are beyond a `u16`."
        );
        let many = on_shards(&history, 3, &mut Counting::new(1));
        assert!(
            many == Ok(one),
            "A shard returns another result than the thread: the counts are beyond a `u16` on the way, too."
        );
    });
}
