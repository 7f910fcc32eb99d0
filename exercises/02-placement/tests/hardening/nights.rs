//! The same shards, night after night: whatever fails in one night, the next has its own, whole result.

use crate::world::histories::{by_definition, history, plain, regular};
use crate::world::shards::{Counting, answers, on_shards, swell};
use domain::LearnerId;
use placement::fabric::Broken;
use placement::history::History;
use placement::scoring::Recommended;
use placement::sharded::Unscored;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use story::{Picks, live, note, scene, search};

/// What goes wrong with one shard in one round.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// No answer comes.
    Lost,
    /// The answer ends after so many hundredths of it.
    Torn(usize),
    /// The shard started anew before the round, and has forgotten its rows.
    Restarted,
    /// What this or another shard answered in the same round of an earlier night, to other learners.
    Old(usize),
    /// One byte is changed.
    Changed(usize, u8),
    /// A number became a large one.
    Swollen(usize, bool),
}

/// One night: a history, how many lessons are asked for, and which fault strikes which shard.
#[derive(Clone, Debug)]
struct Night {
    rows: Vec<Vec<u64>>,
    top: usize,
    fault: Option<(usize, usize, Fault)>,
}

fn night(picks: &mut Picks) -> Night {
    let below = |picks: &mut Picks, end| usize::try_from(picks.below(end)).expect("small");
    // Often fewer learners than shards.
    let learners = picks.one_of(&[0, 1, 1, 2, 3, 5, 9]);
    let widest = picks.one_of(&[1, 4, 7]);
    let lessons = picks.one_of(&[3, 12]);
    let row = |picks: &mut Picks| {
        let width = picks.below(widest + 1);
        (0..width).map(|_| picks.below(lessons)).collect()
    };
    let rows = (0..learners).map(|_| row(picks)).collect();
    let fault = match picks.below(9) {
        0 | 1 => Some(Fault::Lost),
        2 => Some(Fault::Torn(below(picks, 100))),
        3 => Some(Fault::Restarted),
        4 => Some(Fault::Old(below(picks, 4))),
        5 => Some(Fault::Changed(
            below(picks, 30),
            picks.one_of(&[1, 0x40, 0x80, 0xff]),
        )),
        6 => Some(Fault::Swollen(below(picks, 30), picks.once_in(2))),
        _ => None,
    };
    Night {
        rows,
        top: picks.one_of(&[0, 1, 3, 12]),
        fault: fault.map(|fault| (below(picks, 2), below(picks, 4), fault)),
    }
}

/// What was seen, so that a search that never struck an answer fails.
#[derive(Default)]
struct Seen {
    by_fault: BTreeMap<&'static str, usize>,
    /// Faults in a night with fewer learners than shards.
    idle: usize,
    /// Results in a night that came after one with a fault.
    after: usize,
}

fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::Lost => "lost",
        Fault::Torn(_) => "torn",
        Fault::Restarted => "started anew",
        Fault::Old(_) => "an old answer",
        Fault::Changed(..) => "a changed byte",
        Fault::Swollen(..) => "a swollen number",
    }
}

/// Every answer of the nights so far, by round, with how many learners the night had.
type Answers = Rc<RefCell<Vec<(usize, usize, Vec<u8>)>>>;

/// How a night ended.
struct Outcome {
    history: History,
    found: Result<Vec<Recommended>, Unscored>,
    /// Round, shard and fault, if an answer was struck.
    struck: Option<(usize, usize, Fault)>,
    /// How many learners an old answer was about, if one came in place of another.
    old: Option<usize>,
}

/// One night with these shards and its fault.
fn pass(night: &Night, shards: &mut Counting, count: usize, past: &Answers) -> Outcome {
    let history = history(&night.rows);
    let learners = night.rows.len();
    note(format!(
        "a night with {count} shards and {learners} learners, who completed {:?}; the best {} were asked for",
        night.rows, night.top
    ));
    let fault = night
        .fault
        .map(|(round, shard, fault)| (round, shard % count, fault));
    if let Some((round, shard, fault)) = fault {
        note(format!("    round {}, shard {shard}: {fault:?}", round + 1));
    }
    let before = Rc::clone(past);
    let old = Rc::new(Cell::new(None));
    let taken = Rc::clone(&old);
    let fresh = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&fresh);
    shards.disturb(move |now, here, mut answer| {
        kept.borrow_mut().push((now, learners, answer.clone()));
        let here_now = fault.filter(|(round, shard, _)| (*round, *shard) == (now, here));
        let Some((_, _, fault)) = here_now else {
            return Ok(answer);
        };
        match fault {
            Fault::Lost => return Err(Broken::Gone(here)),
            Fault::Torn(hundredths) => answer.truncate(answer.len() * hundredths / 100),
            Fault::Old(which) => {
                let before = before.borrow();
                let mut of_round = before.iter().rev().filter(|(at, ..)| *at == now);
                if let Some((_, learners, other)) = of_round.nth(which) {
                    taken.set(Some(*learners));
                    answer.clone_from(other);
                }
            }
            Fault::Changed(at, by) => {
                if let Some(byte) = answer.get_mut(at) {
                    *byte ^= by;
                }
            }
            Fault::Swollen(at, fixed) => swell(&mut answer, at, fixed),
            Fault::Restarted => {}
        }
        Ok(answer)
    });
    if let Some((round, shard, Fault::Restarted)) = fault {
        shards.restart(round, shard);
    }
    let found = on_shards(&history, night.top, shards);
    past.borrow_mut().append(&mut fresh.borrow_mut());
    Outcome {
        history,
        found,
        struck: fault.filter(|_| shards.struck > 0),
        old: old.get(),
    }
}

/// Compares how a night ended with the contract.
fn judge(outcome: &Outcome, top: usize, count: usize) {
    let Outcome { history, found, .. } = outcome;
    let learners = history.learners().len();
    let whole = by_definition(history, top);
    let is_whole = found.as_ref().is_ok_and(|all| plain(all) == whole);
    let Some((round, shard, fault)) = outcome.struck else {
        assert!(
            is_whole,
            "No answer was changed in the last night, and its result was {found:?}. One thread recommends \
             {whole:?}."
        );
        return;
    };
    let idle = if learners < count {
        " There are more shards than learners: a fault of a shard without learners is an error too."
    } else {
        ""
    };
    match fault {
        Fault::Lost => assert_eq!(
            found,
            &Err(Unscored::Broken(Broken::Gone(shard))),
            "Shard {shard} did not answer, so there is no result.{idle}"
        ),
        Fault::Torn(_) => assert_eq!(
            found,
            &Err(Unscored::NoAnswer(shard)),
            "What is left of shard {shard}'s answer is not an answer.{idle}"
        ),
        Fault::Restarted if round == 0 => assert!(
            is_whole,
            "Shard {shard} started anew before it was asked for the first time, which changes nothing. The \
             result is {found:?}, and one thread recommends {whole:?}."
        ),
        Fault::Restarted => assert!(
            matches!(found, Err(Unscored::Broken(Broken::Refused { shard: at, .. })) if *at == shard),
            "Shard {shard} has forgotten its rows between the rounds, and has to refuse: {found:?}.{idle}"
        ),
        // A whole answer: only the number of its learners shows that it does not fit.
        Fault::Old(_) if round == 1 && count == 1 && outcome.old != Some(learners) => {
            assert_eq!(
                found,
                &Err(Unscored::NoAnswer(shard)),
                "The answer is about other learners than the {learners} that were asked about."
            );
        }
        Fault::Old(_) | Fault::Changed(..) | Fault::Swollen(..) => {
            may_go_unnoticed(history, found, round, shard);
        }
    }
}

/// A change may go unnoticed, but leaves no learner without a row, and invents no lesson.
fn may_go_unnoticed(
    history: &History,
    found: &Result<Vec<Recommended>, Unscored>,
    round: usize,
    shard: usize,
) {
    let lessons = history.lessons();
    match found {
        Ok(all) => {
            let rows: Vec<LearnerId> = all.iter().map(|one| one.learner).collect();
            assert_eq!(
                rows,
                history.learners(),
                "There is a result, and it does not have one row for each learner."
            );
            let known =
                |one: &Recommended| one.lessons.iter().all(|to| lessons.contains(&to.lesson));
            assert!(
                all.iter().all(known),
                "A lesson is recommended that the history does not have: {all:?}"
            );
        }
        // A first answer goes on to all shards, and its fault may show at any of them.
        Err(Unscored::NoAnswer(_) | Unscored::Broken(Broken::Refused { .. })) if round == 0 => {}
        Err(error) => assert_eq!(
            error,
            &Unscored::NoAnswer(shard),
            "It was shard {shard} whose answer was changed."
        ),
    }
}

/// **P1** Over the same shards, night after night, with answers that are lost, torn, old or changed and with
/// shards that start anew, each night's result is whole and its own, or an error that names the shard.
#[test]
fn each_night_has_its_own_result_or_an_error() {
    live(|| {
        let seen = RefCell::new(Seen::default());
        for count in [1, 2, 3, 4] {
            search(60, 6, night, |nights| {
                let mut shards = Counting::new(count);
                let past = Answers::default();
                let mut failed = false;
                for night in nights {
                    let outcome = pass(night, &mut shards, count, &past);
                    judge(&outcome, night.top, count);
                    let seen = &mut *seen.borrow_mut();
                    if let Some((_, _, fault)) = outcome.struck {
                        *seen.by_fault.entry(name(fault)).or_default() += 1;
                        seen.idle += usize::from(night.rows.len() < count);
                    }
                    seen.after += usize::from(failed && outcome.struck.is_none());
                    failed = outcome.struck.is_some();
                }
            });
        }
        let seen = seen.into_inner();
        for fault in [
            "lost",
            "torn",
            "started anew",
            "an old answer",
            "a changed byte",
            "a swollen number",
        ] {
            assert!(
                seen.by_fault.get(fault).is_some_and(|times| *times >= 10),
                "This test has struck too few answers: {fault}, {:?}.",
                seen.by_fault
            );
        }
        assert!(
            seen.idle >= 50 && seen.after >= 50,
            "Too few idle shards were struck, or too few nights came after a fault."
        );
    });
}

/// **P1** An honest answer to another night's question is no answer to this one: not about more learners, nor
/// fewer, nor none, and not about lessons that the history does not have, in either round.
#[test]
fn an_answer_about_another_history_is_an_error() {
    live(|| {
        // Two learners for three shards, one busy; so one shard has none, wherever it is.
        let few = history(&[vec![0, 1, 2], vec![2, 3]]);
        let many = regular(24, 4);
        // As many learners as the first has; to each, lessons are recommended that the first does not have.
        let wide = history(&[(0..4).chain(8..13).collect(), (0..8).collect()]);
        for (asked, about, round, what) in [
            (&few, &many, 1, "more learners"),
            (&many, &few, 1, "fewer learners, or none"),
            (&few, &many, 0, "more lessons"),
            (&few, &wide, 1, "other lessons"),
        ] {
            let own = answers(asked, 3, round);
            for (wrong, other) in answers(about, 3, round).into_iter().enumerate() {
                // A shard without learners answers the same in both.
                if other == own[wrong] {
                    continue;
                }
                scene(format!(
                    "{} learners on 3 shards; shard {wrong} answers in round {} about {what}",
                    asked.learners().len(),
                    round + 1
                ));
                let mut shards = Counting::swapped(3, round, wrong, other);
                assert_eq!(
                    on_shards(asked, 3, &mut shards).map(|all| all.len()),
                    Err(Unscored::NoAnswer(wrong)),
                    "The answer is about other learners, or other lessons, than those of the question. Who takes \
                     the rows that fit has a part of a result, and who adds up the counts that fit recommends by \
                     somebody else's history."
                );
            }
        }
    });
}

/// **P1** An answer in which a number became a large one stops nobody: there is an error, or a result with a row
/// for each learner.
#[test]
fn a_swollen_answer_stops_nobody() {
    live(|| {
        let history = history(&[vec![0, 1, 2], vec![0, 1], vec![1, 2, 3], vec![0, 1, 3]]);
        for round in [0, 1] {
            let own = answers(&history, 2, round);
            for (shard, answer) in own.iter().enumerate() {
                for (at, fixed) in
                    (0..answer.len().min(120)).flat_map(|at| [(at, false), (at, true)])
                {
                    scene(format!(
                        "4 learners on 2 shards; shard {shard} answers in round {} with a large number at byte {at}",
                        round + 1
                    ));
                    let mut other = answer.clone();
                    swell(&mut other, at, fixed);
                    let found =
                        on_shards(&history, 3, &mut Counting::swapped(2, round, shard, other));
                    may_go_unnoticed(&history, &found, round, shard);
                }
            }
        }
    });
}
