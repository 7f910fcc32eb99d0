//! Figures as text, and what follows from figures at their edges.

use placement::capacity::{Cost, Measured, NoCost, cost, workers_for};
use placement::quantity::{Quantity, Rate, Unusable};
use proptest::prelude::*;
use std::time::Duration;
use testbed::{for_all, live};

const MS: Duration = Duration::from_millis(1);

fn about(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * other.abs()
}

fn rate(each_second: f64) -> Rate {
    Rate::per_second(each_second).expect("a rate")
}

/// **P8** Numbers with units are read, with or without spaces; and a figure in a reason is written in the unit in
/// which it is at least one.
#[test]
fn figures_are_read_and_written_with_their_units() {
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
            assert_eq!(read.to_string(), text, "That is how people write it.");
        }
        for (text, rounded) in [("1234.5678 /s", "1235 /s"), ("12.345678 /s", "12.346 /s")] {
            let read = text.parse::<Quantity>().expect("a figure");
            assert_eq!(
                read.to_string(),
                rounded,
                "More digits than people read, or fewer than they need."
            );
        }
    });
}

/// **P8** What is no number, a negative one, or one without a known unit is an error, which names the unit.
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
                "`{text}` is below zero, and was read as {read:?}."
            );
        }
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
                "`{unit}` is not a known unit, and `{text}` must not be guessed at."
            );
        }
        for text in ["5", "12000 "] {
            let read = text.parse::<Quantity>();
            assert!(
                matches!(read, Err(Unusable::NoUnit(_))),
                "`{text}` has no unit, and was read as {read:?}: five what?"
            );
        }
        let long = format!("{} day", "9".repeat(400));
        for text in [long.as_str(), "99999999999999999999999 day"] {
            assert!(
                text.parse::<Quantity>().is_err(),
                "A duration cannot be that long."
            );
        }
    });
}

/// **P9** Workers keep up: they can do what arrives, and one less could not. A little work is more than none, and a
/// rounding error is small compared with the number of workers.
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
        for (arrive, ms, workers) in [
            // What binary fractions add is no reason for another worker.
            (100.0, 70, 7),
            (1e6, 70, 70_000),
            (300.0, 70, 21),
            (700.0, 30, 21),
            // With one worker less the queue never ends.
            (7.000_05, 1_000, 8),
            (1.000_01, 1_000, 2),
            (1_000.000_5, 1_000, 1_001),
            (1_000_000.25, 1_000, 1_000_001),
            // One request in four months, and more than a `u32` holds.
            (1e-7, 1, 1),
            (1e10, 1_000, 10_000_000_000),
        ] {
            assert_eq!(
                workers_for(rate(arrive), ms * MS, 1.0),
                Ok(workers),
                "{arrive} a second, {ms} ms each, need {workers}."
            );
        }
    });
}

/// **P9** Whatever was measured, the cost is by its definition: the smallest number of shards that won, though a
/// larger one lost again; or that none won; or which figure is not a throughput, though another number won.
#[test]
fn any_measurements_have_the_cost_of_the_definition() {
    live(|| {
        let bad = proptest::sample::select(vec![f64::NAN, f64::INFINITY, 0.0, -1.0]);
        let spoilt = prop_oneof![12 => Just(None), 1 => (0_usize..3, bad).prop_map(Some)];
        let figure = (1_u32..6).prop_map(f64::from);
        let rounds = proptest::array::uniform3(figure);
        let measured = (rounds, spoilt).prop_map(|(mut rounds, spoilt)| {
            rounds.sort_by(f64::total_cmp);
            if let Some((which, bad)) = spoilt {
                rounds[which] = bad;
            }
            let [lowest, median, highest] = rounds;
            Measured {
                lowest,
                median,
                highest,
            }
        });
        let sharded = proptest::collection::btree_map(1_u32..20, measured.clone(), 1..6);
        for_all(
            &(
                measured,
                sharded
                    .prop_map(|all| all.into_iter().collect::<Vec<_>>())
                    .prop_shuffle(),
            ),
            |(thread, sharded)| {
                let figures = sharded.iter().map(|(_, of)| of).chain([&thread]);
                let spoilt = figures
                    .flat_map(|of| [of.lowest, of.median, of.highest])
                    .any(|figure| !(figure > 0.0 && figure.is_finite()));
                let found = cost(thread, &sharded);
                if spoilt {
                    assert!(
                        matches!(found, Err(NoCost::Unusable(_))),
                        "The thread was {thread:?}, shards were {sharded:?}. A figure is not a throughput, and the \
                         cost is {found:?}. The other figures come from the same run."
                    );
                    return;
                }
                let won = |(_, of): &&(u32, Measured)| of.lowest > thread.highest;
                let least = sharded.iter().filter(won).map(|(shards, _)| *shards).min();
                let most = sharded.iter().map(|(shards, _)| *shards).max();
                let up_to = most.expect("some were measured");
                assert_eq!(
                    found,
                    Ok(least.map_or(Cost::NotWith { up_to }, Cost::Shards)),
                    "The thread was {thread:?}, shards were {sharded:?}. A number of shards has won if its lowest \
                     round is above the thread's highest; one shard can."
                );
            },
        );
    });
}
