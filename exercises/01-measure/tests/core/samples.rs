//! Stage 5. The recorder and the schedule. Time is virtual: what a call takes is what the test says.

use crate::world::samples::{MS, SECOND, about, of};
use measure::samples::{Samples, paced};
use proptest::collection::vec;
use proptest::prelude::*;
use std::cell::RefCell;
use std::time::Duration;
use testbed::{for_all, note, story};
use tokio::time::{Instant, sleep};

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
                 reported as {max:?}: it may count as 584 years, and not as what an overflow \
                 leaves of it."
            );
        }
    });
}

/// **M8** Quantiles are those of all samples, to within 0.1%: also of those that two recorders gathered
/// apart.
#[test]
fn quantiles_are_those_of_all_samples() {
    story(|| async {
        let nanos = prop_oneof![0_u64..100, 0_u64..1_000_000, 0_u64..10_000_000_000_000];
        // Sixty-fourths, since those are exact in binary: no rank hangs on a rounding.
        let cases = (vec(nanos, 1..50), 0_u8..=64, 0_usize..50);
        for_all(&cases, |(nanos, share, here)| {
            let mut sorted: Vec<_> = nanos.into_iter().map(Duration::from_nanos).collect();
            let (here, there) = sorted.split_at(here.min(sorted.len()));
            let mut samples = of(here);
            samples.merge(&of(there));
            sorted.sort_unstable();
            assert_eq!(
                samples.len(),
                sorted.len() as u64,
                "Some samples were recorded here and others merged in, and not all of them count."
            );
            let q = f64::from(share) / 64.0;
            let rank = (sorted.len() * usize::from(share)).div_ceil(64).max(1);
            let exact = sorted[rank - 1];
            let measured = samples.quantile(q).expect("there are samples");
            assert!(
                about(measured, exact),
                "Of the samples {sorted:?}, some recorded and the others merged in, a share of {q} \
                 did not exceed {exact:?}; reported {measured:?}. It may be 0.1% off, or a nanosecond \
                 where that is more. And it can't be computed from two quantiles: only from all samples."
            );
        });
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
            "Half of the calls took 50 ms of Tokio's paused clock (`std`'s doesn't see them); p90 is \
             reported as {p90:?}."
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
