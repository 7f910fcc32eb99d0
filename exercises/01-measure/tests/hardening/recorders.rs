//! Recorders that are merged, full, or asked for what no sample has; and schedules of odd steps.

use crate::world::samples::{MS, about, of};
use measure::samples::{Samples, paced};
use proptest::collection::vec;
use proptest::prelude::*;
use std::cell::Cell;
use std::time::Duration;
use testbed::{for_all, note, story};
use tokio::time::sleep;

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
            for (samples, mut list) in recorders.iter().zip(lists) {
                list.sort_unstable();
                assert_eq!(
                    samples.len(),
                    list.len() as u64,
                    "So many samples were recorded and merged in."
                );
                assert_eq!(samples.is_empty(), list.is_empty());
                for share in quantiles.iter().copied().chain([0, 64]) {
                    let q = f64::from(share) / 64.0;
                    let rank = (list.len() * usize::try_from(share.clamp(0, 64)).expect("a share"))
                        .div_ceil(64);
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
        });
    });
}

/// **M8** One call is made at a time, as many as asked for.
#[test]
fn calls_are_made_one_at_a_time() {
    story(|| async {
        let (open, made) = (Cell::new(0), Cell::new(0));
        let seen = paced(20, MS, async |number| {
            assert_eq!(number, made.get(), "Calls are numbered from 0 in order.");
            open.set(open.get() + 1);
            made.set(made.get() + 1);
            assert_eq!(open.get(), 1, "Two calls were open at once.");
            sleep(3 * MS).await;
            open.set(open.get() - 1);
            Ok::<_, ()>(())
        })
        .await;
        assert_eq!((made.get(), seen.samples.len(), seen.failed), (20, 20, 0));

        let none = paced(0, MS, async |_| Ok::<_, ()>(())).await;
        assert!(none.samples.is_empty(), "No calls are no samples.");
        let all_fail = paced(50, MS, async |_| Err::<(), _>(())).await;
        assert_eq!(
            (all_fail.samples.len(), all_fail.failed),
            (50, 50),
            "All calls failed."
        );
        let at_once = paced(5, Duration::ZERO, async |_| Ok::<_, ()>(())).await;
        assert_eq!(at_once.samples.len(), 5, "Five calls, all due at once.");
    });
}

/// **M8** A call's sample is as exact as the clock: not rounded to the millisecond.
#[test]
fn a_short_call_is_as_long_as_it_was() {
    story(|| async {
        // Virtual time, moved on by what Tokio's timer could not sleep.
        let took = Duration::from_micros(1_600);
        let seen = paced(1, MS, async |_| {
            tokio::time::advance(took).await;
            Ok::<_, ()>(())
        })
        .await;
        let max = seen.samples.max().expect("there are samples");
        assert!(
            about(max, took),
            "One call took {took:?}, reported as {max:?}. Most calls on one machine are shorter than a \
             millisecond: rounded to it, they would take nothing."
        );
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

/// **M8** A schedule is kept to the fraction of a millisecond.
#[test]
fn a_schedule_is_kept_to_the_fraction() {
    story(|| async {
        note(
            "6 calls are due, one each 1.5 ms, and each takes 4 ms: the last, due at 7.5 ms, is done at 24 ms",
        );
        let seen = paced(6, Duration::from_micros(1_500), async |_| {
            sleep(4 * MS).await;
            Ok::<_, ()>(())
        })
        .await;
        let max = seen.samples.max().expect("there are samples");
        assert!(
            about(max, Duration::from_micros(16_500)),
            "The longest wait was 16.5 ms, reported as {max:?}: of 1.5 ms between calls, the half was lost."
        );
    });
}
