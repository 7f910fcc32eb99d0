//! Recorders that are merged, full, or asked for what no sample has; and schedules of odd steps.

use crate::world::samples::{MS, about, of};
use measure::samples::{Samples, paced};
use proptest::collection::vec;
use proptest::prelude::*;
use std::cell::Cell;
use std::time::Duration;
use testbed::{for_all, stories, story};

/// **M8** In any order of recording and merging, three recorders know what three lists of samples know.
#[test]
fn recorders_know_what_lists_of_samples_know() {
    story(|| async {
        let nanos = prop_oneof![
            Just(0),
            0_u64..3000,
            0_u64..10_000_000_000,
            0_u64..100_000_000_000_000_000
        ];
        let step = (0_usize..3, 0_usize..3, any::<bool>(), nanos);
        let quantiles = vec(-8_i8..=72, 1..6);
        for_all(&(vec(step, 1..40), quantiles), |(steps, quantiles)| {
            let mut recorders = [Samples::new(), Samples::default(), of(&[])];
            let mut lists: [Vec<Duration>; 3] = [Vec::new(), Vec::new(), Vec::new()];
            for (one, other, merges, nanos) in steps {
                // Asked in between: what a recorder keeps of that must not be kept too long.
                if nanos % 3 == 0 {
                    let _ = recorders[one].quantile(0.5);
                }
                if merges && one != other {
                    let (from, list) = (recorders[other].clone(), lists[other].clone());
                    if lists[one].len() < 300 {
                        recorders[one].merge(&from);
                        lists[one].extend(list);
                    }
                } else {
                    recorders[one].record(Duration::from_nanos(nanos));
                    lists[one].push(Duration::from_nanos(nanos));
                }
            }
            for (samples, list) in recorders.iter().zip(&lists) {
                knows(samples, list, &quantiles);
            }
        });
    });
}

/// Compares a recorder with the list of its samples.
fn knows(samples: &Samples, list: &[Duration], quantiles: &[i8]) {
    let mut list = list.to_vec();
    list.sort_unstable();
    assert_eq!(
        samples.len(),
        list.len() as u64,
        "So many samples were recorded and merged in."
    );
    assert_eq!(samples.is_empty(), list.is_empty());
    for share in quantiles.iter().copied().chain([0, 64]) {
        let q = f64::from(share) / 64.0;
        let rank =
            (list.len() * usize::try_from(share.clamp(0, 64)).expect("a share")).div_ceil(64);
        let exact = list.get(rank.max(1) - 1).copied();
        let measured = samples.quantile(q);
        assert!(
            match (measured, exact) {
                (Some(measured), Some(exact)) => about(measured, exact),
                (measured, exact) => measured == exact,
            },
            "Of {list:?}, quantile({q}) is {exact:?}; reported {measured:?}."
        );
    }
    let max = samples.max();
    assert!(
        max.zip(list.last().copied())
            .is_none_or(|(max, last)| about(max, last)),
        "The longest of {list:?} is reported as {max:?}."
    );
}

/// **M8** Whatever calls take and whichever fail, each is made once, alone and when it is due or as soon after
/// as it can be, and its sample is how long after that it was done.
#[test]
fn a_schedule_measures_what_a_user_would_have_waited() {
    // A step is a millisecond, or a fraction of one: what is due within one, Tokio's timer starts at its end.
    let step = prop_oneof![Just(1000_u64), Just(100), Just(700)];
    let calls = vec((0_u64..12, any::<bool>()), 0..30);
    stories((step, 0_u64..8, calls), |(step, every, calls)| async move {
        let every = Duration::from_micros(step * every);
        let took = |number: usize| Duration::from_micros(step * calls[number].0);
        let (open, made) = (Cell::new(false), Cell::new(0));
        let count = u32::try_from(calls.len()).expect("few calls");
        let seen = paced(count, every, async |number| {
            assert_eq!(number, made.get(), "Calls are numbered from 0 in order.");
            made.set(number + 1);
            assert!(!open.replace(true), "Two calls were open at once.");
            tokio::time::advance(took(number as usize)).await;
            open.set(false);
            if calls[number as usize].1 {
                Ok(())
            } else {
                Err(())
            }
        })
        .await;
        let failed = calls.iter().filter(|(_, succeeds)| !succeeds).count() as u64;
        assert_eq!(
            (made.get(), seen.samples.len(), seen.failed),
            (count, u64::from(count), failed),
            "(calls made, samples, failed)"
        );
        let slack = if step == 1000 { Duration::ZERO } else { 2 * MS };
        let [least, most] = [Duration::ZERO, slack].map(|slack| {
            let mut done = Duration::ZERO;
            let mut waits = Vec::new();
            for number in 0..count {
                let due = every * number;
                let starts = done.max(due + slack);
                done = starts + took(number as usize);
                waits.push(done.saturating_sub(due));
            }
            waits.sort_unstable();
            waits
        });
        for (at, (least, most)) in (1_u32..).zip(least.iter().zip(&most)) {
            // Between two ranks, so that none hangs on a rounding.
            let q = (f64::from(at) - 0.5) / f64::from(count);
            let measured = seen.samples.quantile(q).expect("there are samples");
            assert!(
                about(measured, measured.clamp(*least, *most)),
                "{count} calls, one each {every:?}, took {calls:?} (steps of {step} µs, and whether it succeeded). \
                 Of what their users waited since each was due, quantile({q}) is {least:?}; reported \
                 {measured:?}. A call that failed was waited for like any other."
            );
        }
    });
}

/// **M8** A million samples are a million, and so are as many of one kind.
#[test]
fn a_million_samples_all_count() {
    story(|| async {
        let mut samples = Samples::new();
        for number in 0_u32..1_000_000 {
            samples.record(if number % 10 == 0 { 9 * MS } else { 2 * MS });
        }
        assert_eq!(samples.len(), 1_000_000);
        for (q, exact) in [(0.89, 2 * MS), (0.91, 9 * MS)] {
            let measured = samples.quantile(q).expect("there are samples");
            assert!(
                about(measured, exact),
                "Nine of ten samples are 2 ms, and one is 9 ms: quantile({q}) is {exact:?}; reported {measured:?}. \
                 A counter that is full leaves out just what happens most."
            );
        }
        samples.record(7000 * MS);
        let max = samples.max().expect("there are samples");
        assert!(
            about(max, 7000 * MS),
            "One sample in a million took 7 s, and the longest is reported as {max:?}. The longest is no \
             percentile: somebody waited for it."
        );
    });
}
