//! The narrowest sufficient scope, and the reasons.

mod decisions;

use crate::world::situations::{
    KINDS, answer, costs, decide, kinds, measured, needs, placed, pressure, rate, said,
};
use placement::place::{Choice, Figure, Unplaced};
use placement::requirements::{Costs, Failure, Kind, Pressure, Requirements, Scope};
use std::time::Duration;
use story::{live, note, scene};

const MS: Duration = Duration::from_millis(1);

fn scope(requirements: &Requirements, costs: &Costs) -> Result<Scope, Unplaced> {
    let found = decide(requirements, costs);
    note(format!("the answer: {}", answer(&found)));
    match found {
        Ok(placement) => Ok(placement.scope),
        // The reasons stand in the answer.
        Err(Unplaced::NothingSuffices(_)) => Err(Unplaced::NothingSuffices(Vec::new())),
        Err(other) => Err(other),
    }
}

/// **P3** Without a pressure, work stays where it is: a call, on the caller's thread.
#[test]
fn without_a_pressure_work_stays_on_the_thread() {
    live(|| {
        let placement = placed(&needs(&[]));
        assert_eq!(
            (placement.scope, placement.module, placement.later),
            (Scope::Thread, false, false),
            "Nothing asks for more than a function call: no wider scope, no module, no later."
        );
        assert_eq!(
            placement.reasons,
            [],
            "Nothing was given up, so there is nothing to explain."
        );
        assert_eq!(
            scope(&needs(&[]), &Costs::new()),
            Ok(Scope::Thread),
            "No figure decides this, so none is needed."
        );
    });
}

/// **P6** Each of the five pressures decides a case, and is named in its reasons; of two that rule out the
/// same scope, both are.
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
            scene(format!("the only pressure is {}", said(&pressure)));
            let placement = placed(&needs(std::slice::from_ref(&pressure)));
            assert_eq!(
                placement.scope, scope,
                "One pressure is above its limit, and the answer is:\n{placement}"
            );
            for narrower in Scope::ALL.into_iter().filter(|&narrower| narrower < scope) {
                assert_eq!(
                    kinds(&placement, Choice::Scope(narrower)),
                    [pressure.kind],
                    "Why not the {narrower}? The answer is:\n{placement}"
                );
            }
        }
        scene("a load that only the machine carries, and crashes above their limit");
        let crashes = pressure(Kind::Isolation(Failure::Process), 4, 1);
        let both = placed(&needs(&[pressure(Kind::Load, 250, 0), crashes]));
        for narrower in [Scope::Thread, Scope::Process] {
            let mut against = kinds(&both, Choice::Scope(narrower));
            against.sort_unstable();
            assert_eq!(
                against,
                [Kind::Load, Kind::Isolation(Failure::Process)],
                "Load and isolation both rule out the {narrower}. With only one of the two reasons, somebody \
                 removes it, and expects the {narrower} to do. The answer is:\n{both}"
            );
        }
        scene("the only pressure is decoupling: 3 s of work, for a caller who can wait for 100 ms");
        let placement = placed(&needs(&[pressure(Kind::Decoupling, 3_000, 100)]));
        assert!(
            placement.later,
            "The caller need not wait for three seconds of work."
        );
        assert_eq!(
            kinds(&placement, Choice::Now),
            [Kind::Decoupling],
            "Why later? The answer is:\n{placement}"
        );
    });
}

/// **P3** A value that just reaches its limit is within it.
#[test]
fn at_its_limit_a_pressure_does_not_press() {
    live(|| {
        for kind in KINDS {
            // A load's limit is what the thread carries: 100 a second.
            let (at, beyond) = if kind == Kind::Load {
                (100, 101)
            } else {
                (30, 31)
            };
            for answer_within in [None, Some(50 * MS)] {
                scene(format!(
                    "{kind} at its limit; the caller needs the result within {answer_within:?}"
                ));
                let within = placed(&Requirements {
                    answer_within,
                    ..needs(&[pressure(kind, at, 30)])
                });
                assert_eq!(
                    (
                        within.scope,
                        within.module,
                        within.later,
                        within.reasons.len()
                    ),
                    (Scope::Thread, false, false, 0),
                    "{kind} is at its limit, and not above it. The answer is:\n{within}"
                );
            }
            let above = placed(&needs(&[pressure(kind, beyond, 30)]));
            assert!(
                !above.reasons.is_empty(),
                "{kind} is above its limit, and no reason names it. A scope that was passed over has a reason, \
                 and so have a module and later. The answer is:\n{above}"
            );
        }
    });
}

/// **P3** A wider scope is not taken to carry more: what it carries was measured.
#[test]
fn wider_is_not_taken_for_larger() {
    live(|| {
        let costs = measured([1_000.0, 800.0, 700.0, 5_000.0, 5_000.0], [MS; 5]);
        let load = |demand| pressure(Kind::Load, demand, 0);
        assert_eq!(
            scope(&needs(&[load(900)]), &costs),
            Ok(Scope::Thread),
            "One thread was measured at 1,000 a second, and 900 are needed."
        );
        assert_eq!(
            scope(&needs(&[load(1_100)]), &costs),
            Ok(Scope::Cluster),
            "The process's threads were measured at 800 a second, where one thread does 1,000: sharding \
             does not pay here."
        );
        let crash = pressure(Kind::Isolation(Failure::Process), 4, 1);
        assert_eq!(
            scope(&needs(&[load(900), crash]), &costs),
            Ok(Scope::Cluster),
            "The thread can carry it, and is not allowed; the machine is allowed, and cannot carry it."
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
            scope(&requirements, &costs()),
            Ok(Scope::Machine),
            "A call to the machine and back takes 2 ms: just in time."
        );
        requirements.answer_within = Some(MS);
        let nothing = decide(&requirements, &costs());
        assert!(
            matches!(nothing, Err(Unplaced::NothingSuffices(_))),
            "What is isolated from the process takes at least 2 ms, and the caller has one. The answer \
             is:\n{}",
            answer(&nothing)
        );
    });
}

/// **P4** One more pressure never narrows the answer, and one less never widens it.
#[test]
fn one_more_pressure_never_narrows() {
    live(|| {
        let mut all: Vec<Pressure> = Vec::new();
        for kind in KINDS {
            let unit = if kind == Kind::Load { 120 } else { 1 };
            all.extend([1, 3, 40].map(|value| pressure(kind, value * unit, 2)));
        }
        // The edge is far, and the machine carries less than the process.
        let costs = measured(
            [100.0, 900.0, 300.0, 4_000.0, 50_000.0],
            [0, 1, 2, 5, 20].map(Duration::from_millis),
        );
        // No scope at all is wider than every scope.
        let width = |pressures: &[Pressure]| match decide(&needs(pressures), &costs) {
            Ok(placement) => Some((placement.scope, placement.module, placement.later)),
            Err(Unplaced::NothingSuffices(_)) => None,
            Err(other) => {
                panic!("Everything is measured and has the right units, and yet: {other}")
            }
        };
        for one in &all {
            let before = width(std::slice::from_ref(one));
            for more in &all {
                for both in [[one.clone(), more.clone()], [more.clone(), one.clone()]] {
                    scene(format!("first: {}", said(one)));
                    note(format!("besides: {}", said(more)));
                    let after = width(&both);
                    let narrowed = match (before, after) {
                        (Some(before), Some(after)) => {
                            after.0 < before.0 || (before.1 && !after.1) || (before.2 && !after.2)
                        }
                        (None, Some(_)) => true,
                        (_, None) => false,
                    };
                    assert!(
                        !narrowed,
                        "With the first alone the answer was {before:?} (scope, module, later), with both \
                         it is {after:?}. A pressure can only rule out; it never makes something possible."
                    );
                }
            }
        }
    });
}

/// **P5** A vague pressure moves nothing and is handed back; one of the wrong unit is an error.
#[test]
fn a_vague_pressure_is_heard_and_not_counted() {
    live(|| {
        let mut unnamed = pressure(Kind::Load, 9_000, 0);
        "  ".clone_into(&mut unnamed.metric);
        let mut valueless = pressure(Kind::Geography, 140, 50);
        valueless.value = None;
        let mut limitless = pressure(Kind::Isolation(Failure::Process), 9, 1);
        limitless.limit = None;
        for vague in [unnamed, valueless, limitless] {
            scene(said(&vague));
            let requirements = needs(&[vague.clone(), vague.clone()]);
            let placement = placed(&requirements);
            assert_eq!(
                placement.scope,
                Scope::Thread,
                "\"It has to scale\" cannot be shown false, so it moves nothing, even when it is said twice."
            );
            assert_eq!(
                placement.vague,
                [vague.clone(), vague],
                "Somebody wrote it, and somebody else did, and both should be asked for a figure."
            );
            assert_eq!(
                scope(&requirements, &Costs::new()),
                Ok(Scope::Thread),
                "It moves nothing, whatever was measured: so no measurement is missing."
            );
        }
        let within = placed(&needs(&[pressure(Kind::Load, 10, 0)]));
        assert_eq!(
            within.vague,
            [],
            "A pressure within its limit has a metric, a value and a limit, and is not vague."
        );
        let mut wrong = pressure(Kind::Geography, 140, 50);
        wrong.limit = Some(rate(50.0));
        scene(format!("after one that presses: {}", said(&wrong)));
        let found = decide(&needs(&[pressure(Kind::Load, 150, 0), wrong]), &costs());
        assert!(
            matches!(found, Err(Unplaced::WrongUnit { .. })),
            "A rate in place of a time is neither vague nor within its limit: `judge` refuses it, and so does \
             `place`, whatever the other pressures are. The answer is:\n{}",
            answer(&found)
        );
    });
}

/// **P8** Contradictory requirements get an explanation, which has something against every scope.
#[test]
fn a_contradiction_is_explained_scope_by_scope() {
    live(|| {
        let mut decides = needs(&[pressure(Kind::Geography, 140, 50)]);
        decides.decides = true;
        let waits = |within| Requirements {
            answer_within: Some(within),
            ..needs(&[pressure(Kind::Decoupling, 3_000, 100)])
        };
        let cases = [
            (
                "work that decides, and has to be near everybody",
                "Geography rules out all but the edge, and what decides what is true can't be there.",
                decides,
            ),
            (
                "a caller that can wait for 100 ms, and needs the result of 3 s of work within them",
                "Whoever needs the result can't be told later, wherever the work is done.",
                waits(100 * MS),
            ),
            (
                "a caller that can wait for 100 ms, and needs the result of 3 s of work within an hour",
                "A decoupling above its limit contradicts any `answer_within`, however long it is.",
                waits(3_600_000 * MS),
            ),
            (
                "more load than anything carries",
                "60,000 a second are more than the edge was measured to carry, and it carries most.",
                needs(&[pressure(Kind::Load, 60_000, 0)]),
            ),
            (
                "nearer than the edge is",
                "A call to the edge takes 20 ms, and 10 are bearable: the edge is too far as well.",
                needs(&[pressure(Kind::Geography, 140, 10)]),
            ),
        ];
        for (what, why, requirements) in cases {
            scene(what);
            let found = decide(&requirements, &costs());
            let Err(Unplaced::NothingSuffices(reasons)) = &found else {
                panic!(
                    "{why} No scope suffices, and the answer is:\n{}",
                    answer(&found)
                );
            };
            for scope in Scope::ALL {
                assert!(
                    reasons
                        .iter()
                        .any(|reason| reason.rules_out == Choice::Scope(scope)),
                    "There is no reason against the {scope}, and whoever reads this will try it next."
                );
            }
            let metric = &requirements.pressures[0].metric;
            let text = answer(&found);
            assert!(
                text.contains(metric),
                "The explanation does not name the pressure:\n{text}"
            );
        }
        scene("a round trip of 140 ms to the region, of 20 ms to the edge, and 10 ms are promised");
        let near = decide(&needs(&[pressure(Kind::Geography, 140, 10)]), &costs());
        let text = answer(&near);
        for figures in [
            "not the cluster: geography, geography as measured: 140ms, above 10ms",
            "not the edge: geography, geography as measured: 20ms, above 10ms",
        ] {
            assert!(
                text.contains(figures),
                "Each reason has the figure that rules its scope out, and at the edge that is what a call to it takes. \
                 Expected: {figures}. The answer is:\n{text}"
            );
        }
    });
}

/// **P8** A figure that decides and was not measured is asked for; nothing is guessed in its place.
#[test]
fn a_missing_measurement_is_asked_for() {
    live(|| {
        let load = needs(&[pressure(Kind::Load, 150, 0)]);
        let missing = |scope, figure| Err(Unplaced::NotMeasured { scope, figure });
        let carries = |costs: Costs, scope, capacity| {
            costs.with_capacity(scope, capacity).expect("a capacity")
        };
        assert_eq!(
            scope(&load, &Costs::new()),
            missing(Scope::Thread, Figure::Capacity),
            "Whether one thread carries it is not known. To assume it is a guess; to go wider to be safe is another."
        );
        let thread = carries(Costs::new(), Scope::Thread, 100.0);
        assert_eq!(
            scope(&load, &thread),
            missing(Scope::Process, Figure::Capacity),
            "One thread is too little, and what the process carries is not known: it may be enough."
        );
        assert_eq!(
            scope(&load, &carries(thread, Scope::Cluster, 4_000.0)),
            missing(Scope::Process, Figure::Capacity),
            "A cluster would do. So may the process, and nobody has looked."
        );
        let mut waits = needs(&[]);
        waits.answer_within = Some(MS);
        assert_eq!(
            scope(&waits, &Costs::new()),
            missing(Scope::Thread, Figure::Call),
            "The caller has 1 ms, and nobody has measured how long a call takes."
        );
        let far = needs(&[pressure(Kind::Geography, 140, 50)]);
        assert_eq!(
            scope(&far, &Costs::new()),
            missing(Scope::Edge, Figure::Call),
            "The edge is supposed to be nearer than the region. How near?"
        );
    });
}

/// **P8** A figure on which nothing depends is not asked for.
#[test]
fn a_figure_that_decides_nothing_is_not_asked_for() {
    live(|| {
        let load = pressure(Kind::Load, 150, 0);
        let carries = |scope, capacity| {
            let costs = Costs::new().with_capacity(scope, capacity);
            costs.expect("a capacity")
        };
        let machine = pressure(Kind::Isolation(Failure::Machine), 4, 1);
        assert_eq!(
            scope(
                &needs(&[load.clone(), machine]),
                &carries(Scope::Cluster, 4_000.0)
            ),
            Ok(Scope::Cluster),
            "What is narrower than the cluster is ruled out whatever it carries."
        );
        assert_eq!(
            scope(&needs(&[load]), &carries(Scope::Thread, 200.0)),
            Ok(Scope::Thread),
            "One thread is enough, so nobody has to know what a cluster carries."
        );
        let mut contradicts = needs(&[pressure(Kind::Decoupling, 3_000, 100)]);
        contradicts.answer_within = Some(100 * MS);
        let found = decide(&contradicts, &Costs::new());
        assert!(
            matches!(found, Err(Unplaced::NothingSuffices(_))),
            "No figure settles what contradicts itself. The answer is:\n{}",
            answer(&found)
        );
    });
}

/// **P7** Where ownership is the only pressure, the answer is a module on the caller's thread.
#[test]
fn ownership_alone_asks_for_a_module() {
    live(|| {
        let ownership = pressure(Kind::Ownership, 6, 1);
        let placement = placed(&needs(std::slice::from_ref(&ownership)));
        assert_eq!(
            (placement.scope, placement.module),
            (Scope::Thread, true),
            "Two teams need a line that neither crosses by accident. A module is one, and a call across it \
             cannot be lost. A service is one too, and a call to it can."
        );
        assert_eq!(
            kinds(&placement, Choice::NoModule),
            [Kind::Ownership],
            "Why a module? The answer is:\n{placement}"
        );
        let load = pressure(Kind::Load, 1_500, 0);
        let placement = placed(&needs(&[ownership, load.clone()]));
        assert_eq!(
            (placement.scope, placement.module),
            (Scope::Cluster, true),
            "With a load it is still a module, at the scope that the load asks for:\n{placement}"
        );
        assert!(
            !placed(&needs(&[load])).module,
            "Nobody asked for a module."
        );
    });
}
