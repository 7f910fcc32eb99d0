//! What is read, and what follows from figures at their edges.

use placement::capacity::{Cost, Measured, NoCost, cost, workers_for};
use placement::quantity::{Quantity, Rate, Unusable};
use std::time::Duration;
use testbed::{for_all, live};

const MS: Duration = Duration::from_millis(1);

fn about(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * other.abs()
}

fn rate(each_second: f64) -> Rate {
    Rate::per_second(each_second).expect("a rate")
}

fn rounds(lowest: f64, median: f64, highest: f64) -> Measured {
    Measured {
        lowest,
        median,
        highest,
    }
}

/// **P8** Numbers with units are read, with or without spaces.
#[test]
fn figures_are_read_with_their_units() {
    live(|| {
        let rates = [
            ("12000 /s", 12_000.0),
            ("30/min", 0.5),
            (" 7.2 /h ", 0.002),
            ("86400/day", 1.0),
            ("604800 /week", 1.0),
            ("2592000 /month", 1.0),
            ("0 /s", 0.0),
        ];
        for (text, each_second) in rates {
            match text.parse() {
                Ok(Quantity::Rate(rate)) if about(rate.each_second(), each_second) => {}
                other => panic!("`{text}` is {each_second} a second, and was read as {other:?}."),
            }
        }
        let times = [
            ("250 ns", 250),
            ("1.5us", 1_500),
            ("17 µs", 17_000),
            ("2.5ms", 2_500_000),
            ("3 s", 3_000_000_000),
            ("2 min", 120_000_000_000),
            ("5 h", 18_000_000_000_000),
            ("1 day", 86_400_000_000_000),
        ];
        for (text, ns) in times {
            let time = Duration::from_nanos(ns);
            match text.parse() {
                Ok(Quantity::Time(read)) if read.abs_diff(time).as_nanos() <= 1 => {}
                other => panic!("`{text}` is {time:?}, and was read as {other:?}."),
            }
        }
    });
}

/// **P6** A figure in a reason reads as people write it: in the unit in which it is at least one.
#[test]
fn figures_read_as_people_write_them() {
    live(|| {
        for text in [
            "12000 /s",
            "1.5 /s",
            "7 /min",
            "2 /h",
            "3 /day",
            "2.5 /week",
            "0.5 /month",
            "0 /s",
        ] {
            let read = text.parse::<Quantity>().expect("a figure");
            assert_eq!(read.to_string(), text);
        }
    });
}

/// **Given** A unit that is not known is an error that names it, and so is none at all.
#[test]
fn an_unknown_unit_is_named() {
    live(|| {
        for (text, unit) in [
            ("5 furlongs", "furlongs"),
            ("5 m", "m"),
            ("5 MS", "MS"),
            ("5 s/s", "s/s"),
            ("5 /fortnight", "/fortnight"),
            ("5 %", "%"),
        ] {
            assert_eq!(
                text.parse::<Quantity>(),
                Err(Unusable::UnknownUnit(unit.to_owned())),
                "`{unit}` is no unit that is known here. To guess what `{text}` means is to decide it."
            );
        }
        for text in ["5", "12000 "] {
            let read = text.parse::<Quantity>();
            assert!(
                matches!(read, Err(Unusable::NoUnit(_))),
                "`{text}` has no unit, and was read as {read:?}: five what?"
            );
        }
    });
}

/// **P8** What is no number, or a negative one, is an error.
#[test]
fn what_is_no_figure_is_refused() {
    live(|| {
        for text in [
            "", " ", "/s", "ms", "fast", "NaN ms", "inf /s", "1,000 /s", "--3 /s", "1.2.3 s", "µ",
            "1e3 /s", "1 2 /s", "5 / s", "5 m s", "5 MS", "5 hours", "+", ".", "5 µ",
        ] {
            let read = text.parse::<Quantity>();
            assert!(read.is_err(), "`{text}` was read as {read:?}.");
        }
        for text in ["-3 /s", "-0.5 ms"] {
            let read = text.parse::<Quantity>();
            assert!(
                matches!(read, Err(Unusable::Negative(_))),
                "`{text}` is less than nothing, and was read as {read:?}."
            );
        }
        let long = format!("{} day", "9".repeat(400));
        for text in [long.as_str(), "99999999999999999999999 day"] {
            assert!(
                text.parse::<Quantity>().is_err(),
                "No duration is as long as that."
            );
        }
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

/// **P9** A rounding error is small beside what was reckoned, and no share of a worker: not with many of
/// them, and not with few.
#[test]
fn a_rounding_error_is_no_worker_and_a_little_work_is() {
    live(|| {
        for (arrive, ms, workers) in [
            (100.0, 70, 7),
            (1e6, 70, 70_000),
            (300.0, 70, 21),
            (700.0, 30, 21),
        ] {
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
                for (thread, sharded) in [
                    (thread, [(2, won), (4, spoilt)]),
                    (thread, [(4, spoilt), (2, won)]),
                    (thread, [(1, spoilt), (2, won)]),
                    (spoilt, [(2, won), (4, won)]),
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
