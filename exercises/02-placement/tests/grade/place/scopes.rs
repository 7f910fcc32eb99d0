//! Which scope is the narrowest that will do, and what rules out those before it.

use super::{MS, kinds, placed};
use crate::world::situations::{KINDS, costs, measured, needs, pressure, rate, time_ms};
use placement::place::{Choice, Objection, Unplaced, place};
use placement::quantity::Quantity;
use placement::requirements::{Costs, Failure, Kind, Scope};
use std::time::Duration;
use testbed::{live, scene};

/// **P3** What nothing presses stays where it is: a call, on the caller's thread.
#[test]
fn without_a_pressure_work_stays_on_the_thread() {
    live(|| {
        let placement = placed(&needs(&[]));
        assert_eq!(
            (placement.scope, placement.module, placement.later),
            (Scope::Thread, false, false)
        );
        assert_eq!(
            placement.reasons,
            [],
            "Nothing was given up, so that there is nothing to explain."
        );
        let unmeasured = place(&needs(&[]), &Costs::new()).map(|placement| placement.scope);
        assert_eq!(
            unmeasured,
            Ok(Scope::Thread),
            "No figure decides this, and so none has to be there."
        );
    });
}

/// **P6** Each of the five pressures decides a case, and is named in its reasons.
#[test]
fn each_pressure_decides_a_case() {
    live(|| {
        let cases = [
            (pressure(Kind::Load, 150, 0), Scope::Process),
            (pressure(Kind::Load, 1_500, 0), Scope::Cluster),
            (
                pressure(Kind::Isolation(Failure::Process), 4, 1),
                Scope::Machine,
            ),
            (
                pressure(Kind::Isolation(Failure::Machine), 4, 1),
                Scope::Cluster,
            ),
            (pressure(Kind::Geography, 140, 50), Scope::Edge),
            (pressure(Kind::Decoupling, 3_000, 100), Scope::Process),
        ];
        for (pressure, scope) in cases {
            scene(format!("the only pressure is {pressure:?}"));
            let placement = placed(&needs(std::slice::from_ref(&pressure)));
            assert_eq!(placement.scope, scope, "{placement}");
            for narrower in Scope::ALL.into_iter().filter(|&narrower| narrower < scope) {
                assert_eq!(
                    kinds(&placement, Choice::Scope(narrower)),
                    [pressure.kind],
                    "Why not the {narrower}? The reasons are:\n{placement}"
                );
            }
        }
        let placement = placed(&needs(&[pressure(Kind::Decoupling, 3_000, 100)]));
        assert!(
            placement.later,
            "The caller need not wait for three seconds of work."
        );
        assert_eq!(
            kinds(&placement, Choice::Now),
            [Kind::Decoupling],
            "{placement}"
        );
    });
}

/// **P3** A value that just reaches its limit is within it.
#[test]
fn at_its_limit_a_pressure_does_not_press() {
    live(|| {
        for kind in KINDS {
            let (at, beyond) = if kind == Kind::Load {
                (100, 101)
            } else {
                (30, 31)
            };
            let at = placed(&needs(&[pressure(kind, at, 30)]));
            assert_eq!(
                (at.scope, at.module, at.later, at.reasons.len()),
                (Scope::Thread, false, false, 0),
                "{kind} is at its limit, and not above it."
            );
            let beyond = placed(&needs(&[pressure(kind, beyond, 30)]));
            assert!(!beyond.reasons.is_empty(), "{kind} is above its limit.");
        }
    });
}

/// **P3** A wider scope is not taken to carry more: what it carries was measured.
#[test]
fn wider_is_not_taken_for_larger() {
    live(|| {
        let costs = measured([1_000.0, 800.0, 700.0, 5_000.0, 5_000.0], [MS; 5]);
        let scope = |demand| {
            let placed = place(&needs(&[pressure(Kind::Load, demand, 0)]), &costs);
            placed.map(|placement| placement.scope)
        };
        assert_eq!(scope(900), Ok(Scope::Thread));
        assert_eq!(
            scope(1_100),
            Ok(Scope::Cluster),
            "The process's threads were measured at 800 a second, where one thread does 1,000: sharding \
             does not pay here, whatever it is said to do in general."
        );
        let crash = pressure(Kind::Isolation(Failure::Process), 4, 1);
        let both = place(&needs(&[pressure(Kind::Load, 900, 0), crash]), &costs);
        assert_eq!(
            both.map(|placement| placement.scope),
            Ok(Scope::Cluster),
            "The thread could carry it, and may not; the machine may, and can't carry it."
        );
    });
}

/// **P3** The caller's time for the answer rules out what is further away than that.
#[test]
fn a_far_scope_is_no_answer_in_time() {
    live(|| {
        let mut requirements = needs(&[pressure(Kind::Isolation(Failure::Process), 4, 1)]);
        requirements.answer_within = Some(2 * MS);
        assert_eq!(
            placed(&requirements).scope,
            Scope::Machine,
            "It is there and back in 2 ms, just in time."
        );
        requirements.answer_within = Some(MS);
        let nothing = place(&requirements, &costs());
        assert!(
            matches!(nothing, Err(Unplaced::NothingSuffices(_))),
            "What is isolated takes 2 ms, and there is one: {nothing:?}"
        );
    });
}

/// **P6** Two pressures of a kind are two pressures, and each is named with its own metric and figures.
#[test]
fn each_of_a_kind_is_named() {
    live(|| {
        for (kind, one, two, limit) in [
            (Kind::Load, 150, 160, 0),
            (Kind::Isolation(Failure::Machine), 4, 5, 1),
            (Kind::Geography, 140, 150, 50),
            (Kind::Decoupling, 3_000, 4_000, 100),
        ] {
            let mut both = [pressure(kind, one, limit), pressure(kind, two, limit)];
            both[0].metric = format!("{kind} by day");
            both[1].metric = format!("{kind} by night");
            let placement = placed(&needs(&both));
            for pressure in &both {
                assert!(
                    placement.reasons.iter().any(|reason| {
                        reason.rules_out == Choice::Scope(Scope::Thread)
                            && matches!(&reason.because, Objection::Pressure { metric, value, .. }
                                if *metric == pressure.metric && Some(*value) == pressure.value)
                    }),
                    "\"{}\" is against the thread, and is not named:\n{placement}",
                    pressure.metric
                );
            }
        }
    });
}

/// **P6** A load brings no limit: if somebody wrote one, the capacities decide all the same.
#[test]
fn a_load_is_limited_by_capacities_only() {
    live(|| {
        for limit in [1.0, 1e6] {
            let mut load = pressure(Kind::Load, 150, 0);
            load.limit = Some(rate(limit));
            let placement = placed(&needs(&[load]));
            assert_eq!(
                (placement.scope, placement.vague.len()),
                (Scope::Process, 0),
                "150 a second are more than the thread's 100, and less than the process's 200."
            );
        }
    });
}

/// **P3** What is a little above its limit is above it: by a nanosecond, by a thousandth, by little a month.
#[test]
fn a_little_above_is_above() {
    live(|| {
        let ns = Duration::from_nanos;
        for kind in [Kind::Geography, Kind::Decoupling] {
            for (limit, more) in [(50 * MS, ns(1)), (50 * MS, ns(600_000)), (ns(300), ns(200))] {
                let mut above = pressure(kind, 0, 0);
                (above.value, above.limit) = (
                    Some(Quantity::Time(limit + more)),
                    Some(Quantity::Time(limit)),
                );
                let costs = costs().with_call(Scope::Edge, Duration::ZERO);
                let placement =
                    place(&needs(&[above]), &costs).unwrap_or_else(|why| panic!("{why}"));
                assert!(
                    placement.scope > Scope::Thread,
                    "{kind}: {:?} is above {limit:?}, and did not count.",
                    limit + more
                );
            }
        }
        let a_month = 1.0 / 2_592_000.0;
        for kind in [Kind::Isolation(Failure::Process), Kind::Ownership] {
            for (value, limit) in [(1.001, 1.0), (1.1 * a_month, a_month), (a_month, 0.0)] {
                let mut above = pressure(kind, 0, 0);
                (above.value, above.limit) = (Some(rate(value)), Some(rate(limit)));
                let placement = placed(&needs(&[above]));
                assert!(
                    !placement.reasons.is_empty(),
                    "{kind}: {} is above {}, and did not count.",
                    rate(value),
                    rate(limit)
                );
            }
        }
        let mut load = pressure(Kind::Load, 0, 0);
        load.value = Some(rate(100.1));
        assert_eq!(
            placed(&needs(&[load])).scope,
            Scope::Process,
            "100.1 a second are more than 100."
        );
        let mut near = needs(&[]);
        near.answer_within = Some(ns(1_200));
        let far = costs()
            .with_call(Scope::Thread, ns(1_201))
            .with_call(Scope::Process, ns(1_200));
        assert_eq!(
            place(&near, &far).map(|placement| placement.scope),
            Ok(Scope::Process),
            "1,201 ns are more than 1,200."
        );
    });
}

/// **P6** A reason names the metric as the requirements say it.
#[test]
fn a_metric_is_named_as_it_was_said() {
    live(|| {
        for kind in KINDS {
            let mut said = pressure(kind, 150, 30);
            " p99, as measured\u{a0}".clone_into(&mut said.metric);
            let placement = placed(&needs(&[said.clone()]));
            assert!(!placement.reasons.is_empty());
            for reason in &placement.reasons {
                assert!(
                    matches!(&reason.because, Objection::Pressure { metric, .. } if *metric == said.metric),
                    "{reason:?}: the metric was said as {:?}, and whoever looks for it finds it so.",
                    said.metric
                );
            }
        }
    });
}

/// **P6** A limit that a load brings is not looked at, whatever its kind.
#[test]
fn a_loads_limit_is_not_looked_at() {
    live(|| {
        for limit in [time_ms(5), rate(1.0)] {
            let mut load = pressure(Kind::Load, 150, 0);
            load.limit = Some(limit);
            let found = place(&needs(&[load]), &costs());
            assert_eq!(
                found.map(|placement| placement.scope),
                Ok(Scope::Process),
                "A load with {limit} for a limit: its limits are the capacities, and the pressure brings none."
            );
        }
    });
}
