//! The recorder and the schedule. Time is virtual: what a call takes is what the test says.

use measure::samples::{Samples, paced};
use proptest::collection::vec;
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use testbed::{for_all, note, story};
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Whether `measured` is `exact` to within 0.1%, or to the nanosecond where that is less.
fn about(measured: Duration, exact: Duration) -> bool {
    measured.abs_diff(exact) <= exact.div_f64(1000.0) + Duration::from_nanos(1)
}

fn of(durations: &[Duration]) -> Samples {
    let mut samples = Samples::new();
    for took in durations {
        samples.record(*took);
    }
    samples
}

/// **M8** No duration is too short or too long to count, and the longest is reported as long as it was.
#[test]
fn no_duration_is_out_of_range() {
    story(|| async {
        let mut samples = Samples::new();
        assert!(samples.is_empty(), "A new recorder has no samples.");
        assert_eq!((samples.quantile(0.5), samples.max()), (None, None));
        let hour = 3600 * SECOND;
        let rising = [
            Duration::ZERO,
            Duration::from_nanos(1),
            MS,
            hour,
            24 * hour,
            90_000 * hour,
        ];
        for (count, took) in (1..).zip(rising) {
            samples.record(took);
            assert_eq!(
                samples.len(),
                count,
                "A sample of {took:?} was dropped. A recorder that has no room for the slow ones \
                 reports a fast service."
            );
            let max = samples.max().expect("there are samples");
            assert!(
                about(max, took),
                "The longest sample is {took:?}, reported as {max:?}."
            );
        }
        let years = |years: u32| years * 365 * 24 * hour;
        for (count, took) in (7..).zip([years(600), Duration::MAX]) {
            samples.record(took);
            assert_eq!(samples.len(), count, "A sample of {took:?} was dropped.");
            let max = samples.max().expect("there are samples");
            assert!(
                max >= years(584),
                "A sample of {took:?} does not fit in 64 bits of nanoseconds, and the longest is \
                 reported as {max:?}: it may count as 584 years, and not as what is left after \
                 wrapping round."
            );
        }
    });
}

/// **M8** Quantiles are those of all samples, to within 0.1%.
#[test]
fn quantiles_are_those_of_all_samples() {
    story(|| async {
        let nanos = prop_oneof![0_u64..100, 0_u64..1_000_000, 0_u64..10_000_000_000_000];
        // Sixty-fourths, since those are exact in binary: no rank hangs on a rounding.
        for_all(&(vec(nanos, 1..50), 0_u8..=64), |(nanos, share)| {
            let mut sorted: Vec<_> = nanos.iter().copied().map(Duration::from_nanos).collect();
            let samples = of(&sorted);
            sorted.sort_unstable();
            let q = f64::from(share) / 64.0;
            let rank = (sorted.len() * usize::from(share)).div_ceil(64).max(1);
            let exact = sorted[rank - 1];
            let measured = samples.quantile(q).expect("there are samples");
            assert!(
                about(measured, exact),
                "A share of {q} of {} samples did not exceed {exact:?}; reported {measured:?}.",
                sorted.len()
            );
        });
    });
}

/// **M8** A hundred thousand samples are as many as were recorded, and none is made up.
#[test]
fn a_hundred_thousand_samples_all_count() {
    story(|| async {
        let mut samples = Samples::new();
        for micros in 1..=100_000 {
            samples.record(Duration::from_micros(micros));
        }
        assert_eq!(samples.len(), 100_000);
        let p99 = samples.quantile(0.99).expect("there are samples");
        assert!(
            p99.abs_diff(99 * MS) <= MS / 10,
            "Of 1 µs to 100 ms, each once, p99 is 99 ms; reported {p99:?}."
        );
    });
}

/// **M8** A quantile beyond all or nothing is held to the longest and the shortest sample.
#[test]
fn a_quantile_out_of_range_is_held_to_it() {
    story(|| async {
        let samples = of(&[MS, 5 * MS, 9 * MS]);
        for (q, exact) in [
            (-1.0, MS),
            (0.0, MS),
            (0.5, 5 * MS),
            (1.0, 9 * MS),
            (7.0, 9 * MS),
        ] {
            let measured = samples.quantile(q).expect("there are samples");
            assert!(
                about(measured, exact),
                "quantile({q}) is {exact:?}; reported {measured:?}."
            );
        }
    });
}

/// **M8** Merging keeps every sample of both, also those beyond what one side had seen.
#[test]
fn merging_keeps_every_sample() {
    story(|| async {
        let mut all = of(&[MS, 2 * MS]);
        all.merge(&of(&[3 * MS, 7200 * SECOND]));
        all.merge(&Samples::new());
        assert_eq!(all.len(), 4, "Two recorders of two samples each make four.");
        let max = all.max().expect("there are samples");
        assert!(
            about(max, 7200 * SECOND),
            "The other recorder held a sample of two hours; after merging the longest is {max:?}."
        );
        let mut empty = Samples::new();
        empty.merge(&all);
        assert_eq!(empty.len(), 4);
        empty.merge(&of(&[MS; 10]));
        assert_eq!(empty.len(), 14, "Ten equal samples are ten.");
    });
}

/// **M8** A call that fails took its time like any other, and is in the figures.
#[test]
fn a_failed_call_is_a_sample() {
    story(|| async {
        let seen = paced(10, 100 * MS, async |number| {
            if number % 2 == 0 {
                return Ok(());
            }
            sleep(50 * MS).await;
            Err("no answer")
        })
        .await;
        assert_eq!(
            seen.samples.len(),
            10,
            "Ten calls were made, and five of them failed. Leaving the failures out makes a \
             service look faster the more often it fails."
        );
        assert_eq!(seen.failed, 5, "Five calls failed.");
        let p90 = seen.samples.quantile(0.9).expect("there are samples");
        assert!(
            about(p90, 50 * MS),
            "Half of the calls took 50 ms; p90 is reported as {p90:?}."
        );
    });
}

/// **M8** A stall is in the sample of every call that it kept waiting, not only of the one it hit.
#[test]
fn a_stall_is_charged_to_every_call_it_delayed() {
    story(|| async {
        note("100 calls are due, one each 10 ms; all are instant but call 20, which takes 1 s");
        let seen = paced(100, 10 * MS, async |number| {
            if number == 20 {
                sleep(SECOND).await;
            }
            Ok::<_, ()>(())
        })
        .await;
        note("calls 21 to 99 were due during that second, and had to wait for it");
        assert_eq!(seen.samples.len(), 100, "A hundred calls were due.");
        let median = seen.samples.quantile(0.5).expect("there are samples");
        // To within one user on either side.
        assert!(
            median.abs_diff(500 * MS) <= 11 * MS,
            "20 users were served at once, and 80 had to wait until 1.2 s: from 1 s down to 0.21 s. \
             Half of all waited 0.5 s or more, and the median is reported as {median:?}. A clock \
             that starts when the call is made, and not when it was due, cannot see who waited \
             (coordinated omission)."
        );
    });
}

/// **M8** The schedule is kept: each call starts when it is due, or as soon after as the one before is done.
#[test]
fn calls_start_when_they_are_due() {
    story(|| async {
        let begun = Instant::now();
        let starts = RefCell::new(Vec::new());
        let seen = paced(6, 10 * MS, async |number| {
            starts.borrow_mut().push(begun.elapsed());
            sleep(if number == 2 { 25 * MS } else { 4 * MS }).await;
            Ok::<_, ()>(())
        })
        .await;
        assert_eq!(
            *starts.borrow(),
            [0, 10, 20, 45, 49, 53].map(|ms| ms * MS),
            "Calls of 4 ms are due each 10 ms, and call 2 takes 25 ms: calls 3, 4 and 5 follow as \
             soon as they can, and no later."
        );
        let max = seen.samples.max().expect("there are samples");
        assert!(
            about(max, 25 * MS),
            "The longest wait was 25 ms, reported as {max:?}."
        );
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
    });
}

/// **M8** A schedule is kept to the fraction of a millisecond.
#[test]
fn a_schedule_is_kept_to_the_fraction() {
    story(|| async {
        note(
            "5 calls are due, one each 1.5 ms, and each takes 4 ms: the last, due at 6 ms, is done at 20 ms",
        );
        let seen = paced(5, Duration::from_micros(1_500), async |_| {
            sleep(4 * MS).await;
            Ok::<_, ()>(())
        })
        .await;
        let max = seen.samples.max().expect("there are samples");
        assert!(
            about(max, 14 * MS),
            "The longest wait was 14 ms, reported as {max:?}: of 1.5 ms between calls, the half was lost."
        );
    });
}
