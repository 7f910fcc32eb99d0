//! Recorders that are merged, full, or asked for what no sample has; and schedules of odd steps.

use crate::world::samples::{MS, SECOND, about, of};
use measure::samples::{Samples, paced};
use std::cell::Cell;
use std::time::Duration;
use testbed::{note, story};
use tokio::time::sleep;

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
