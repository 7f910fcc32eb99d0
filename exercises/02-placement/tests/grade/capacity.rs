//! Little's law, and when shards beat a thread.

use placement::capacity::{Cost, Measured, NoCost, cost, in_flight, workers_for};
use placement::quantity::Rate;
use std::time::Duration;
use testbed::{for_all, live};

fn rate(each_second: f64) -> Rate {
    Rate::per_second(each_second).expect("a rate")
}

const MS: Duration = Duration::from_millis(1);

fn rounds(lowest: f64, median: f64, highest: f64) -> Measured {
    Measured {
        lowest,
        median,
        highest,
    }
}

/// **P9** What is there at once is what arrives, times how long it stays.
#[test]
fn what_is_there_is_what_arrives_times_its_stay() {
    live(|| {
        for (arrive, stay, there) in [
            (1_000.0, 20 * MS, 20.0),
            (0.5, 3_000 * MS, 1.5),
            (0.0, 9_000 * MS, 0.0),
            (7.0, Duration::ZERO, 0.0),
        ] {
            let found = in_flight(rate(arrive), stay);
            assert!(
                (found - there).abs() < 1e-9,
                "{arrive} a second, each for {stay:?}, are {there} at once, and not {found}."
            );
        }
    });
}

/// **P9** As many workers as keep up, none of them busier than it may be, and not one more.
#[test]
fn enough_workers_keep_up_and_none_is_idle_by_mistake() {
    live(|| {
        for (arrive, work, busy, workers) in [
            (100.0, 10 * MS, 1.0, 1),
            (100.0, 10 * MS, 0.5, 2),
            (100.0, 11 * MS, 1.0, 2),
            (250.0, 40 * MS, 0.7, 15),
            (0.0, 40 * MS, 0.7, 0),
            (100.0, Duration::ZERO, 0.7, 0),
        ] {
            assert_eq!(
                workers_for(rate(arrive), work, busy),
                Ok(workers),
                "{arrive} a second, each {work:?} of work, no worker busy for more than {busy} of its time."
            );
        }
        assert_eq!(
            workers_for(rate(100.0), 70 * MS, 1.0),
            Ok(7),
            "100 × 0.07 is 7, and a little more in binary fractions: that is no reason for an eighth."
        );
    });
}

/// **P9** Workers keep up: they can do what arrives, and one less could not.
#[test]
fn one_worker_less_would_fall_behind() {
    live(|| {
        for_all(
            &(1_u32..5_000, 1_u32..500, 1_u32..=100),
            |(arrive, work, busy)| {
                let busy = f64::from(busy) / 100.0;
                let workers =
                    workers_for(rate(f64::from(arrive)), work * MS, busy).expect("usable figures");
                #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
                let workers = workers as f64;
                let needed = f64::from(arrive) * f64::from(work) / 1_000.0 / busy;
                assert!(
                    workers >= needed * (1.0 - 1e-6) && workers - 1.0 < needed * (1.0 + 1e-6),
                    "{workers} workers, where {needed} are needed."
                );
            },
        );
    });
}

/// **P8** A share of time that cannot be is an error.
#[test]
fn nobody_is_busy_for_more_than_all_of_the_time() {
    live(|| {
        for busy in [0.0, -0.5, 1.01, f64::NAN, f64::INFINITY] {
            let found = workers_for(rate(10.0), MS, busy);
            assert!(
                found.is_err(),
                "Workers that are busy for {busy} of their time: {found:?}"
            );
        }
    });
}

/// **P9** The cost is the smallest number of shards that beats one thread, in whatever order they were
/// measured.
#[test]
fn the_cost_is_the_smallest_number_that_wins() {
    live(|| {
        let thread = rounds(95.0, 100.0, 104.0);
        let sharded = [
            (8, rounds(150.0, 155.0, 160.0)),
            (1, rounds(60.0, 61.0, 63.0)),
            (4, rounds(105.0, 109.0, 111.0)),
            (2, rounds(90.0, 93.0, 94.0)),
        ];
        assert_eq!(cost(thread, &sharded), Ok(Cost::Shards(4)));
        assert_eq!(
            cost(thread, &sharded[1..2]),
            Ok(Cost::NotWith { up_to: 1 }),
            "More of it may or may not have won: it was not measured."
        );
        let falling = [
            (2, rounds(80.0, 85.0, 90.0)),
            (8, rounds(10.0, 11.0, 12.0)),
            (4, rounds(40.0, 41.0, 42.0)),
        ];
        assert_eq!(
            cost(thread, &falling),
            Ok(Cost::NotWith { up_to: 8 }),
            "It scales, and never wins."
        );
    });
}

/// **P9** A lead that is within the noise is no lead.
#[test]
fn a_lead_within_the_noise_is_none() {
    live(|| {
        let thread = rounds(90.0, 100.0, 115.0);
        let sharded = [
            (2, rounds(99.0, 110.0, 120.0)),
            (3, rounds(115.0, 130.0, 140.0)),
            (4, rounds(115.1, 118.0, 119.0)),
        ];
        assert_eq!(
            cost(thread, &sharded),
            Ok(Cost::Shards(4)),
            "Two shards have the better median, but the thread's best round beats their worst; three only reach it. With four *every* round was above *every* round of the thread."
        );
    });
}

/// **P8** Without measurements there is no cost, and none with figures that are no throughputs.
#[test]
fn no_measurement_is_no_cost() {
    live(|| {
        let usable = rounds(9.0, 10.0, 11.0);
        assert_eq!(cost(usable, &[]), Err(NoCost::NotMeasured));
        for bad in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            for spoilt in [
                rounds(bad, 10.0, 11.0),
                rounds(9.0, bad, 11.0),
                rounds(9.0, 10.0, bad),
            ] {
                let found = [
                    cost(spoilt, &[(2, usable)]),
                    cost(usable, &[(2, usable), (4, spoilt)]),
                ];
                for found in found {
                    assert!(
                        matches!(found, Err(NoCost::Unusable(_))),
                        "{spoilt:?} led to {found:?}."
                    );
                }
            }
        }
    });
}

/// **P9** A stay that is shorter than a millisecond is a stay.
#[test]
fn a_short_stay_counts() {
    live(|| {
        for (arrive, ns, there) in [(4_000.0, 250_000, 1.0), (3_000_000.0, 500, 1.5)] {
            let found = in_flight(rate(arrive), Duration::from_nanos(ns));
            assert!(
                (found - there).abs() < 1e-9,
                "{arrive} a second, each for {ns} ns, are {there} at once, and not {found}."
            );
        }
    });
}

/// **P9** Work that is next to nothing still needs a worker, and a great deal of it its number of them.
#[test]
fn little_work_needs_a_worker_and_much_needs_many() {
    live(|| {
        assert_eq!(
            workers_for(rate(1e-7), MS, 0.7),
            Ok(1),
            "One request in four months is not none: without a worker it waits for ever."
        );
        assert_eq!(
            workers_for(rate(1_000_000.25), 1_000 * MS, 1.0),
            Ok(1_000_001),
            "A quarter of a worker's work is more than a rounding error, however many others there are."
        );
        assert_eq!(
            workers_for(rate(1e10), 1_000 * MS, 1.0),
            Ok(10_000_000_000),
            "That is more than a `u32` holds, and less than a `u64` does."
        );
    });
}

/// **P9** The cost is the smallest number that won, though a larger one lost again.
#[test]
fn what_wins_and_then_loses_has_won() {
    live(|| {
        let thread = rounds(95.0, 100.0, 104.0);
        let (won, lost) = (rounds(110.0, 120.0, 130.0), rounds(60.0, 70.0, 80.0));
        let sharded = [(1, lost), (2, won), (4, lost), (8, lost), (16, lost)];
        assert_eq!(
            cost(thread, &sharded),
            Ok(Cost::Shards(2)),
            "Past their peak more shards bring less. Two of them did beat the thread."
        );
        let again = [(1, lost), (2, won), (4, lost), (8, won)];
        assert_eq!(cost(thread, &again), Ok(Cost::Shards(2)));
    });
}

/// **P8** A share of time that cannot be is an error, though nothing arrives.
#[test]
fn nobody_is_too_busy_though_nothing_arrives() {
    live(|| {
        for busy in [0.0, -0.5, 1.01, f64::NAN, f64::INFINITY] {
            for (arrive, work) in [(0.0, MS), (10.0, Duration::ZERO)] {
                let found = workers_for(rate(arrive), work, busy);
                assert!(
                    found.is_err(),
                    "Workers that are busy for {busy} of their time, and have nothing to do: {found:?}. The \
                     figure is as wrong as it will be when something arrives."
                );
            }
        }
    });
}

/// **P9** A rounding error is small beside what was reckoned, and no share of a worker: not with many of
/// them, and not with few.
#[test]
fn a_rounding_error_is_no_worker_and_a_little_work_is() {
    live(|| {
        for (arrive, ms, workers) in [(1e6, 70, 70_000), (300.0, 70, 21), (700.0, 30, 21)] {
            assert_eq!(
                workers_for(rate(arrive), ms * MS, 1.0),
                Ok(workers),
                "{arrive} a second, {ms} ms each, are {workers}, and what binary fractions add is no reason for \
                 another."
            );
        }
        for (arrive, workers) in [(7.000_05, 8), (1.000_01, 2), (1_000.000_5, 1_001)] {
            assert_eq!(
                workers_for(rate(arrive), 1_000 * MS, 1.0),
                Ok(workers),
                "{arrive} a second, a second each, are more than {}: with one worker less the queue never ends.",
                workers - 1
            );
        }
    });
}

/// **P8** Every figure is looked at, also beyond the first number of shards that wins.
#[test]
fn a_win_does_not_excuse_the_other_figures() {
    live(|| {
        let (thread, won) = (rounds(9.0, 10.0, 11.0), rounds(20.0, 21.0, 22.0));
        for bad in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            for spoilt in [
                rounds(bad, 10.0, 11.0),
                rounds(9.0, bad, 11.0),
                rounds(9.0, 10.0, bad),
            ] {
                for sharded in [
                    [(2, won), (4, spoilt)],
                    [(4, spoilt), (2, won)],
                    [(1, spoilt), (2, won)],
                ] {
                    let found = cost(thread, &sharded);
                    assert!(
                        matches!(found, Err(NoCost::Unusable(_))),
                        "{spoilt:?} is no measurement, and led to {found:?}. Who measured that has measured \
                         the others as well."
                    );
                }
            }
        }
    });
}

/// **P9** If one shard beats the thread, then one is the cost; what that says of the thread is another matter.
#[test]
fn one_shard_can_win() {
    live(|| {
        let (thread, won) = (rounds(9.0, 10.0, 11.0), rounds(20.0, 21.0, 22.0));
        assert_eq!(
            cost(thread, &[(2, won), (1, won)]),
            Ok(Cost::Shards(1)),
            "One shard was faster in its worst round than the thread in its best. The thread isn't competent, \
             and the figures have to be able to say so."
        );
    });
}
