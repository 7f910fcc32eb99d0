//! How the work is divided, and what crosses for it.

use crate::world::histories::{history, regular, rows};
use crate::world::shards::Counting;
use placement::history::History;
use placement::sharded::{recommend, split};
use testbed::{for_all, live, note};

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
