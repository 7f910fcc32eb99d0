//! The same over shards: the result of one thread, or an error.

use crate::world::histories::{any_history, history, one_thread, regular};
use crate::world::shards::{Counting, answers, on_shards};
use crate::world::unharmed;
use placement::fabric::Broken;
use placement::sharded::{Refused, Unscored, Worker, split};
use placement::{fabric::Threads, history::History};
use story::{live, note, scene};

/// Where no fault was put in, an error is between the reader's two halves.
const AGREE: &str = "No shard is lost here and each answer is what `handle` returned, so `recommend` and `handle` \
                     disagree about a message, or about which learners a shard has, if any";

/// **Given** The parts are neighbours, in order, all together the whole, and none much heavier.
#[test]
fn parts_are_the_whole_and_none_is_heavy() {
    live(|| {
        any_history(|history| {
            for parts in [1, 2, 3, 8, 50] {
                fair(history, parts);
            }
        });
        let busy = history(&[vec![1], (0..40).collect(), vec![2], vec![3], vec![]]);
        let alike = [15, 7, 29, 99].map(|learners| history(&vec![vec![1]; learners]));
        for history in alike.iter().chain([&busy]) {
            for parts in [2, 4, 8, 10, 50] {
                scene(format!(
                    "{} learners on {parts} shards",
                    history.learners().len()
                ));
                fair(history, parts);
            }
        }
    });
}

fn fair(history: &History, parts: usize) {
    let learners = history.learners().len();
    let widths: Vec<usize> = (0..learners).map(|at| history.width(at)).collect();
    let ranges = unharmed("`split`", || split(history, parts));
    assert_eq!(
        ranges.len(),
        parts,
        "There is a range for each part, even if it is empty."
    );
    let mut next = 0;
    for range in &ranges {
        assert!(
            range.start == next && range.start <= range.end,
            "{range:?} does not begin at {next}, where the one before it ends: {ranges:?}"
        );
        next = range.end;
    }
    assert_eq!(next, learners, "Some learners are in no part: {ranges:?}");
    let heaviest = widths.iter().max().copied().unwrap_or_default();
    let bound = history.completions().div_ceil(parts) + heaviest;
    for range in &ranges {
        let heavy: usize = widths[range.clone()].iter().sum();
        assert!(
            heavy <= bound,
            "{learners} learners completed so many lessons each: {widths:?}. Of {parts} parts {range:?} has \
             {heavy} completions of {}: more than a fair share plus one learner's, {bound}. Either learners \
             were counted, and the work is in the completions; or each part took its share rounded down, and \
             the last one has what all the others left over.",
            history.completions()
        );
    }
}

/// **P2** No shard gets much more than its share, though some learners completed far more than others.
#[test]
fn a_few_busy_learners_do_not_share_a_shard() {
    live(|| {
        let mut rows = vec![(0..80).collect::<Vec<u64>>(); 12];
        rows.extend((0..240).map(|learner| vec![learner % 80, (learner + 7) % 80]));
        let mut shards = Counting::new(4);
        on_shards(&history(&rows), 3, &mut shards).expect(AGREE);
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
             the work is in the completions, and some learners have far more of them."
        );
    });
}

/// **P1** At every number of shards the output is that of one thread.
#[test]
fn every_number_of_shards_gives_what_one_thread_gives() {
    live(|| {
        let yesterday = history(&[vec![0, 1], vec![1, 2], vec![2, 0, 1]]);
        any_history(|history| {
            for (shards, top) in [(1, 3), (2, 3), (3, 1), (8, 12)] {
                let mut fabric = Counting::new(shards);
                on_shards(&yesterday, top, &mut fabric).expect(AGREE);
                let many = on_shards(history, top, &mut fabric);
                assert_eq!(
                    many,
                    Ok(one_thread(history, top)),
                    "The best {top} on {shards} shard(s) are not those of one thread. A result that depends on how the \
                     work was split cannot be told from a wrong one. An error is wrong, too: no shard is lost here. (The \
                     same shards have scored three other learners before: each night has its own rows and counts.)"
                );
            }
        });
        let history = regular(300, 5);
        scene("two real threads, 300 learners");
        assert!(
            on_shards(&history, 4, &mut Threads::start(2, |_| {})) == Ok(one_thread(&history, 4)),
            "Two threads return another result than one."
        );
    });
}

/// **P1** More shards than learners, no learners, no shards: each has its answer.
#[test]
fn idle_shards_do_no_harm_and_none_at_all_is_an_error() {
    live(|| {
        let two = history(&[vec![1, 2], vec![2, 3]]);
        assert_eq!(
            on_shards(&two, 3, &mut Counting::new(7)),
            Ok(one_thread(&two, 3)),
            "Five shards of seven have nothing to do, and the result is the same. A shard that was sent \
             no rows has been asked all the same: that isn't one that never had the first request."
        );
        let none = history(&[]);
        assert_eq!(
            on_shards(&none, 3, &mut Counting::new(2)),
            Ok(Vec::new()),
            "There are no learners, and so there is nothing to recommend."
        );
        for history in [two, none] {
            assert_eq!(
                on_shards(&history, 3, &mut Counting::new(0)),
                Err(Unscored::NoShards),
                "Without shards nobody does the work of {} learners.",
                history.learners().len()
            );
        }
    });
}

/// **P2** Two rounds are enough, for any number of learners.
#[test]
fn a_result_takes_two_rounds() {
    live(|| {
        for learners in [1, 30, 500] {
            let mut shards = Counting::new(3);
            on_shards(&regular(learners, 4), 3, &mut shards).expect(AGREE);
            note(format!("{learners} learners: {} rounds", shards.sent.len()));
            assert!(
                shards.sent.len() <= 2,
                "{} rounds for {learners} learners. Each round waits for the slowest shard, and a round \
                 for each learner spends its time on the network.",
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
        let history = regular(12_000, 6);
        let bytes = |shards| {
            let mut shards = Counting::new(shards);
            on_shards(&history, 3, &mut shards).expect(AGREE);
            shards.bytes()
        };
        let (one, eight) = (bytes(1), bytes(8));
        assert!(
            history.reads() <= 2 * 4 * 12_000,
            "To score 12,000 learners twice over shards, {} rows were read, more than four for each learner. Here \
             rows are only sent: the shards do the scoring.",
            history.reads()
        );
        note(format!("1 shard: {one} bytes sent; 8 shards: {eight}"));
        // The counts of 16 lessons, in the largest form, and some bytes around them.
        let common = 7 * (16 * 16 * 24 + 1_024);
        assert!(
            eight <= one + common,
            "To one shard {one} bytes were sent, to eight {eight}. Rows go to one shard each; if a \
             second shard gets them too, sending grows with the shards, and scoring is all that is divided."
        );
    });
}

/// **P2** The second round carries what is common to all, and no rows again.
#[test]
fn rows_are_not_sent_again() {
    live(|| {
        let second = |learners| {
            let mut shards = Counting::new(2);
            on_shards(&regular(learners, 6), 3, &mut shards).expect(AGREE);
            let bytes = |round: usize| -> usize { shards.sent[round].iter().map(Vec::len).sum() };
            (bytes(0), bytes(1))
        };
        let ((_, small), (rows, large)) = (second(300), second(3_000));
        note(format!(
            "the second round sends {small} bytes about 300 learners, and {large} about 3,000, whose rows were {rows}"
        ));
        // The same 16 lessons in both; counts may have some more digits.
        assert!(
            large <= small + 2 * 16 * 16 * 16,
            "About 300 learners the second round sends {small} bytes, and about 3,000 learners {large}. A \
             shard remembers its rows between the rounds: each is sent once."
        );
    });
}

/// **P1** A shard that does not answer, answers with no bytes or about too few or too many learners, leaves an error, and
/// never the rest of the result.
#[test]
fn a_lost_shard_leaves_no_part_of_a_result() {
    live(|| {
        for (learners, lost_in, lost) in [(30, 0, 0), (30, 0, 2), (30, 1, 0), (30, 1, 1), (1, 1, 2)]
        {
            scene(format!(
                "{learners} learners on 3 shards; shard {lost} is lost in round {}",
                lost_in + 1
            ));
            let mut shards = Counting::with(3, move |round, shard, answer| {
                if (round, shard) == (lost_in, lost) {
                    Err(Broken::Gone(shard))
                } else {
                    Ok(answer)
                }
            });
            let result = on_shards(&regular(learners, 4), 3, &mut shards);
            assert_eq!(
                shards.struck,
                1,
                "The shard was to be lost in a round that never came: before it, `recommend` returned {:?}.",
                result.as_ref().map(Vec::len)
            );
            assert_eq!(
                result.map(|all| all.len()),
                Err(Unscored::Broken(Broken::Gone(lost))),
                "A shard was lost, and there was a result, with so many rows. Whoever reads it cannot see who is \
                 missing."
            );
        }
        // Of 30 learners each shard has ten; of 15 it has five.
        for (learners, other) in [(30, 15), (15, 30)] {
            scene(format!(
                "{other} learners on 3 shards, of which none is lost"
            ));
            for (shard, lists) in answers(&regular(other, 4), 3, 1).into_iter().enumerate() {
                scene(format!(
                    "{learners} learners on 3 shards; shard {shard} answers with lists for {} learners",
                    other / 3
                ));
                let mut shards = Counting::swapped(3, 1, shard, lists);
                assert_eq!(
                    on_shards(&regular(learners, 4), 3, &mut shards).map(|all| all.len()),
                    Err(Unscored::NoAnswer(shard)),
                    "Shard {shard} has {} learners, and returned {} lists. `zip` ends with the shorter of two and \
                     reports nothing: count the lists before you join them.",
                    learners / 3,
                    other / 3
                );
            }
        }
        // Of one learner, two of three shards have none.
        for (learners, shard) in [(30, 1), (1, 0), (1, 1), (1, 2)] {
            for round in 0..2 {
                scene(format!(
                    "{learners} learners on 3 shards; shard {shard} answers round {} with no bytes",
                    round + 1
                ));
                let mut shards = Counting::swapped(3, round, shard, Vec::new());
                assert_eq!(
                    on_shards(&regular(learners, 4), 3, &mut shards).map(|all| all.len()),
                    Err(Unscored::NoAnswer(shard)),
                    "No bytes are no answer. Whoever skips what cannot be decoded returns a result that lacks what this \
                     shard has counted, or its learners, and nobody can see it. Of a shard without learners nobody knows \
                     what else is wrong with it."
                );
            }
        }
    });
}

/// **P1** A shard that has started anew has no rows to score, and refuses.
#[test]
fn a_shard_without_rows_refuses_to_score() {
    live(|| {
        let mut shards = Counting::new(1);
        on_shards(&regular(12, 4), 3, &mut shards).expect("the shard answers");
        let Some(second) = shards.sent.get(1).map(|round| &round[0]) else {
            panic!(
                "There was no second round, in which a shard is asked for its learners' lessons."
            );
        };
        assert_eq!(
            Worker::new().handle(second),
            Err(Refused),
            "The second request came to a worker that never had the first. It knows no learner, and an \
             empty answer would be taken for one."
        );
    });
}
