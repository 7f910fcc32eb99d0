//! Figures that can be calculated with, what follows from them, and which pressures count.

use crate::world::situations::{KINDS, pressure, rate, said, speaks_of_time, time_ms};
use crate::world::unharmed;
use placement::capacity::{Cost, Measured, NoCost, cost, in_flight, workers_for};
use placement::place::{Unplaced, judge};
use placement::quantity::{Rate, Unusable};
use placement::requirements::{Clear, Failure, Kind, Pressure};
use std::time::Duration;
use story::{live, scene};

const MS: Duration = Duration::from_millis(1);

/// **P8** `NaN`, infinities and negative numbers never become a rate, and zero no capacity.
#[test]
fn an_unusable_number_never_becomes_a_rate() {
    live(|| {
        for count in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for made in [Rate::per_second(count), Rate::capacity(count)] {
                assert!(
                    matches!(made, Err(Unusable::NotFinite(_))),
                    "{count} became {made:?}. A `NaN` is neither above a limit nor below one: a pressure made of it is \
                     never felt, and never refused. Infinity is above every limit, and nobody measured it."
                );
            }
        }
        for made in [Rate::per_second(-1.0), Rate::capacity(-1e-9)] {
            assert!(
                matches!(made, Err(Unusable::Negative(_))),
                "A number below zero became {made:?}. Nothing arrives less often than never."
            );
        }
        assert_eq!(
            Rate::per_second(0.0).map(Rate::each_second),
            Ok(0.0),
            "Zero is a rate: nothing arrives."
        );
        for zero in [0.0, -0.0] {
            assert_eq!(
                Rate::capacity(zero),
                Err(Unusable::Zero),
                "A capacity of zero is a measurement that failed, and would rule out its scope for ever."
            );
        }
        let tiny = f64::MIN_POSITIVE;
        assert_eq!(
            Rate::capacity(tiny).map(Rate::each_second),
            Ok(tiny),
            "What is tiny is not zero."
        );
    });
}

/// **P9** What is inside at once is what arrives, times how long it stays.
#[test]
fn what_is_there_is_what_arrives_times_its_stay() {
    live(|| {
        for (arrive, stay, there) in [
            (1_000.0, 20 * MS, 20.0),
            (0.5, 3_000 * MS, 1.5),
            (0.0, 9_000 * MS, 0.0),
            (7.0, Duration::ZERO, 0.0),
            (4_000.0, Duration::from_micros(250), 1.0),
            (3_000_000.0, Duration::from_nanos(500), 1.5),
        ] {
            let found = in_flight(per_second(arrive), stay);
            assert!(
                (found - there).abs() < 1e-9,
                "{arrive} a second, each for {stay:?}, make {there} at once, not {found}."
            );
        }
    });
}

/// **P9** As many workers as keep up, none of them busier than it may be, and not one more.
#[test]
fn enough_workers_keep_up_and_none_is_idle_by_mistake() {
    live(|| {
        for (arrive, work, busy, expected) in [
            (100.0, 10 * MS, 1.0, 1),
            (100.0, 10 * MS, 0.5, 2),
            (100.0, 11 * MS, 1.0, 2),
            (110.0, 10 * MS, 0.8, 2),
            (200.0, 20 * MS, 0.8, 5),
            (250.0, 40 * MS, 0.7, 15),
            (0.0, 40 * MS, 0.7, 0),
            (100.0, Duration::ZERO, 0.7, 0),
        ] {
            assert_eq!(
                workers(arrive, work, busy),
                Ok(expected),
                "{arrive} a second, each {work:?} of work, no worker busy for more than {busy} of its time. Work in \
                 flight, divided by that share, is how many it takes: a part of a worker is one more, and workers \
                 who are busy for just their share keep up."
            );
        }
        for busy in [0.0, -0.5, 1.01, f64::NAN, f64::INFINITY] {
            for (arrive, work) in [(10.0, MS), (0.0, MS), (10.0, Duration::ZERO)] {
                let found = workers(arrive, work, busy);
                assert!(
                    found.is_err(),
                    "Workers that are busy for {busy} of their time, when {arrive} arrive each second, \
                     {work:?} of work each: {found:?}. There is no such share. (`NaN <= 0.0` is false, and `NaN > 1.0` is too: ask \
                     whether the share is allowed, not whether it is forbidden.)"
                );
            }
        }
    });
}

fn per_second(count: f64) -> Rate {
    Rate::per_second(count).expect("a rate")
}

fn workers(arrive: f64, work: Duration, busy: f64) -> Result<u64, Unusable> {
    let arrive = per_second(arrive);
    unharmed("`workers_for`", || workers_for(arrive, work, busy))
}

fn rounds(lowest: f64, median: f64, highest: f64) -> Measured {
    Measured {
        lowest,
        median,
        highest,
    }
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
        assert_eq!(
            cost(thread, &sharded),
            Ok(Cost::Shards(4)),
            "Four shards are the fewest whose worst round (105) is above the thread's best (104)."
        );
        assert_eq!(
            cost(thread, &sharded[1..2]),
            Ok(Cost::NotWith { up_to: 1 }),
            "One shard did not win. More of them may or may not: that was not measured."
        );
        let falling = [
            (2, rounds(80.0, 85.0, 90.0)),
            (8, rounds(10.0, 11.0, 12.0)),
            (4, rounds(40.0, 41.0, 42.0)),
        ];
        assert_eq!(
            cost(thread, &falling),
            Ok(Cost::NotWith { up_to: 8 }),
            "No number of shards won, and eight is the largest that was tried."
        );
        assert_eq!(
            cost(thread, &[]),
            Err(NoCost::NotMeasured),
            "Nothing was measured with shards, so there is nothing to compare with the thread."
        );
        // The figures of one thread, of two shards, which win, and of four.
        let fine = [95.0, 100.0, 104.0, 150.0, 155.0, 160.0, 90.0, 93.0, 94.0];
        for unusable in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            for at in 0..fine.len() {
                let mut figures = fine;
                figures[at] = unusable;
                let of = |n: usize| rounds(figures[n], figures[n + 1], figures[n + 2]);
                let (thread, sharded) = (of(0), [(2, of(3)), (4, of(6))]);
                scene(format!("one thread: {thread:?}; shards: {sharded:?}"));
                let found = cost(thread, &sharded);
                assert!(
                    matches!(found, Err(NoCost::Unusable(_))),
                    "A figure of {unusable} is a measurement that failed, and the others are of the same run: the cost is \
                     {found:?}. The thread's figures are checked too, and those of shards that have not won."
                );
            }
        }
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

/// The reader's judgement, which has to return.
fn judged(pressure: &Pressure) -> Result<Option<Clear<'_>>, Unplaced> {
    scene(said(pressure));
    unharmed("`judge`", || judge(pressure))
}

/// **P5** A pressure with a metric, a value and a limit counts, with the figures that it brings.
#[test]
fn a_pressure_with_all_its_figures_is_clear() {
    live(|| {
        for kind in KINDS {
            for (value, limit) in [(140, 50), (50, 50), (10, 50)] {
                let mut pressure = pressure(kind, value, limit);
                if kind == Kind::Load {
                    // Somebody wrote a limit, and not even a rate.
                    pressure.limit = Some(time_ms(5));
                }
                let expected = Clear {
                    kind,
                    metric: &pressure.metric,
                    value: pressure.value.expect("a value"),
                    limit: pressure.limit.filter(|_| kind != Kind::Load),
                };
                assert_eq!(
                    judged(&pressure),
                    Ok(Some(expected)),
                    "It has a metric, a value and a limit. Whether the value is above the limit is another question. \
                     A load's limits are the capacities: one that it brings is left out before anybody looks at its unit."
                );
            }
        }
    });
}

/// **P5** A pressure without a metric, a value or a limit is vague.
#[test]
fn a_pressure_that_lacks_something_is_vague() {
    live(|| {
        for kind in KINDS {
            let whole = pressure(kind, 140, 50);
            let mut vague = Vec::new();
            for blank in ["", "  ", "\t\n"] {
                let mut unnamed = whole.clone();
                blank.clone_into(&mut unnamed.metric);
                vague.push(unnamed);
            }
            let mut valueless = whole.clone();
            valueless.value = None;
            vague.push(valueless);
            if kind != Kind::Load {
                let mut limitless = whole;
                limitless.limit = None;
                vague.push(limitless);
            }
            for pressure in vague {
                assert_eq!(
                    judged(&pressure),
                    Ok(None),
                    "It lacks a metric (a blank one is none), a value or a limit, so it can't be shown false. \"It has \
                     to scale\" is a wish."
                );
            }
        }
    });
}

/// **P8** A rate where a time belongs is an error, and so is a time where a rate belongs.
#[test]
fn a_pressure_of_the_wrong_unit_is_refused() {
    live(|| {
        for kind in KINDS {
            let time = speaks_of_time(kind);
            let wrong = if time { rate(5.0) } else { time_ms(5) };
            let mut value = pressure(kind, 7, 8);
            value.value = Some(wrong);
            let mut unnamed = value.clone();
            unnamed.metric.clear();
            let mut spoilt = vec![value, unnamed];
            if kind != Kind::Load {
                let mut limit = pressure(kind, 7, 8);
                limit.limit = Some(wrong);
                let mut valueless = limit.clone();
                valueless.value = None;
                spoilt.extend([limit, valueless]);
            }
            for pressure in spoilt {
                assert_eq!(
                    judged(&pressure),
                    Err(Unplaced::WrongUnit {
                        kind,
                        metric: pressure.metric.clone(),
                        expected: if time { "time" } else { "rate" },
                        found: wrong,
                    }),
                    "A figure that cannot be compared makes a pressure that is never felt: it is an error, also \
                     where the pressure lacks something else."
                );
            }
        }
        let fine = pressure(Kind::Isolation(Failure::Process), 7, 8);
        assert!(judged(&fine).is_ok(), "Both of its figures are rates.");
    });
}
