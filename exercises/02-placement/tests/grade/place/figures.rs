//! Figures that are vague, missing, or of the wrong kind, and requirements that contradict each other.

use super::{MS, placed};
use crate::world::situations::{KINDS, costs, needs, pressure, rate, time_ms};
use placement::place::{Choice, Figure, Unplaced, place};
use placement::requirements::{Costs, Failure, Kind, Scope};
use testbed::{live, scene};

/// **P5** A pressure without metric, value or limit moves nothing and is given back by name.
#[test]
fn a_vague_pressure_is_heard_and_not_counted() {
    live(|| {
        let mut spaces = pressure(Kind::Load, 9_000, 0);
        "  ".clone_into(&mut spaces.metric);
        let mut valueless = pressure(Kind::Geography, 140, 50);
        valueless.value = None;
        let mut limitless = pressure(Kind::Isolation(Failure::Process), 9, 1);
        limitless.limit = None;
        for vague in [spaces, valueless, limitless] {
            scene(format!("{vague:?}"));
            let placement = placed(&needs(std::slice::from_ref(&vague)));
            assert_eq!(
                placement.scope,
                Scope::Thread,
                "\"It has to scale\" can't be shown false, and so it can't be shown true either."
            );
            assert_eq!(
                placement.vague,
                [vague],
                "Somebody said it, and should be asked for a figure."
            );
        }
        let within = placed(&needs(&[pressure(Kind::Load, 10, 0)]));
        assert_eq!(
            within.vague,
            [],
            "A pressure within its limit has all that it takes, and isn't vague."
        );
    });
}

/// **P8** Contradictory requirements get an explanation, which has something against every scope.
#[test]
fn a_contradiction_is_explained_scope_by_scope() {
    live(|| {
        let mut decides = needs(&[pressure(Kind::Geography, 140, 50)]);
        decides.decides = true;
        let mut waits = needs(&[pressure(Kind::Decoupling, 3_000, 100)]);
        waits.answer_within = Some(100 * MS);
        let cases = [
            ("work that decides, and has to be near everybody", decides),
            (
                "a caller that needs the result of what it can't wait for",
                waits,
            ),
            (
                "more load than anything carries",
                needs(&[pressure(Kind::Load, 60_000, 0)]),
            ),
            (
                "nearer than the edge is",
                needs(&[pressure(Kind::Geography, 140, 10)]),
            ),
        ];
        for (what, requirements) in cases {
            scene(what);
            let Err(Unplaced::NothingSuffices(reasons)) = place(&requirements, &costs()) else {
                panic!("{what}: there is no such scope, and one was given.");
            };
            for scope in Scope::ALL {
                assert!(
                    reasons
                        .iter()
                        .any(|reason| reason.rules_out == Choice::Scope(scope)),
                    "{what}: nothing is said against the {scope}, and whoever reads this will try it next."
                );
            }
            let metric = &requirements.pressures[0].metric;
            let told = Unplaced::NothingSuffices(reasons).to_string();
            assert!(
                told.contains(metric),
                "The explanation does not name the pressure:\n{told}"
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
        assert_eq!(
            place(&load, &Costs::new()),
            missing(Scope::Thread, Figure::Capacity),
            "Whether one thread carries it is not known. To take it for granted is a guess; to go wider to be safe is another, and how systems grow."
        );
        let thread = Costs::new()
            .with_capacity(Scope::Thread, 100.0)
            .expect("a capacity");
        assert_eq!(
            place(&load, &thread),
            missing(Scope::Process, Figure::Capacity),
            "One thread is too little, and what the process carries is not known: it may be enough."
        );
        let mut waits = needs(&[]);
        waits.answer_within = Some(MS);
        assert_eq!(
            place(&waits, &Costs::new()),
            missing(Scope::Thread, Figure::Call)
        );
        let far = needs(&[pressure(Kind::Geography, 140, 50)]);
        assert_eq!(
            place(&far, &Costs::new()),
            missing(Scope::Edge, Figure::Call),
            "The edge is nearer than the region, it is said. How near?"
        );
    });
}

/// **P8** A figure on which nothing depends is not asked for.
#[test]
fn a_figure_that_decides_nothing_is_not_asked_for() {
    live(|| {
        let cluster = Costs::new()
            .with_capacity(Scope::Cluster, 4_000.0)
            .expect("a capacity");
        let machine = pressure(Kind::Isolation(Failure::Machine), 4, 1);
        let apart = needs(&[pressure(Kind::Load, 150, 0), machine]);
        assert_eq!(
            place(&apart, &cluster).map(|placement| placement.scope),
            Ok(Scope::Cluster),
            "What is narrower than the cluster is ruled out whatever it carries."
        );
        let thread = Costs::new()
            .with_capacity(Scope::Thread, 200.0)
            .expect("a capacity");
        assert_eq!(
            place(&needs(&[pressure(Kind::Load, 150, 0)]), &thread)
                .map(|placement| placement.scope),
            Ok(Scope::Thread),
            "One thread is enough, and so nobody has to know what a cluster carries."
        );
    });
}

/// **P8** What was not measured is not passed over for something wider that was.
#[test]
fn a_gap_in_the_figures_is_not_passed_over() {
    live(|| {
        let costs = Costs::new()
            .with_capacity(Scope::Thread, 100.0)
            .and_then(|costs| costs.with_capacity(Scope::Cluster, 4_000.0))
            .expect("capacities");
        assert_eq!(
            place(&needs(&[pressure(Kind::Load, 150, 0)]), &costs),
            Err(Unplaced::NotMeasured {
                scope: Scope::Process,
                figure: Figure::Capacity
            }),
            "A cluster would do. So may the process, and nobody has looked."
        );
        let mut waits = needs(&[]);
        waits.answer_within = Some(MS);
        let costs = Costs::new().with_call(Scope::Process, MS);
        assert_eq!(
            place(&waits, &costs),
            Err(Unplaced::NotMeasured {
                scope: Scope::Thread,
                figure: Figure::Call
            })
        );
    });
}

/// **P8** What is ruled out already needs no further figure, whatever it is that rules it out.
#[test]
fn what_is_ruled_out_needs_no_figure() {
    live(|| {
        let mut waits = needs(&[pressure(Kind::Decoupling, 3_000, 100)]);
        waits.answer_within = Some(100 * MS);
        let mut decides = needs(&[pressure(Kind::Geography, 140, 50)]);
        decides.decides = true;
        for contradiction in [waits, decides] {
            let found = place(&contradiction, &Costs::new());
            assert!(
                matches!(found, Err(Unplaced::NothingSuffices(_))),
                "No figure settles what contradicts itself: {found:?}"
            );
        }
        let mut far = needs(&[pressure(Kind::Load, 150, 0)]);
        far.answer_within = Some(MS);
        let far_all = Scope::ALL
            .into_iter()
            .fold(Costs::new(), |costs, scope| costs.with_call(scope, 2 * MS));
        let found = place(&far, &far_all);
        assert!(
            matches!(found, Err(Unplaced::NothingSuffices(_))),
            "Everything is too far, whatever it carries: {found:?}"
        );
        let full = Scope::ALL.into_iter().fold(Costs::new(), |costs, scope| {
            costs.with_capacity(scope, 100.0).expect("a capacity")
        });
        let found = place(&far, &full);
        assert!(
            matches!(found, Err(Unplaced::NothingSuffices(_))),
            "Nothing carries it, however near it is: {found:?}"
        );
        let near = needs(&[pressure(Kind::Geography, 50, 50)]);
        assert_eq!(
            place(&near, &Costs::new()).map(|placement| placement.scope),
            Ok(Scope::Thread),
            "The region is near enough, and so nobody has to know how far anything is."
        );
    });
}

/// **P8** A rate where a time belongs is an error, and so is a time where a rate belongs.
#[test]
fn a_figure_of_the_wrong_kind_is_refused() {
    live(|| {
        for kind in KINDS {
            let time = matches!(kind, Kind::Geography | Kind::Decoupling);
            let wrong = if time { rate(5.0) } else { time_ms(5) };
            let mut value = pressure(kind, 7, 8);
            value.value = Some(wrong);
            let mut limit = pressure(kind, 7, 8);
            limit.limit = Some(wrong);
            let spoilt = if kind == Kind::Load {
                vec![value]
            } else {
                vec![value, limit]
            };
            for pressure in spoilt {
                let refused = place(&needs(&[pressure]), &costs());
                assert!(
                    matches!(&refused, Err(Unplaced::WrongUnit { kind: named, .. }) if *named == kind),
                    "{kind} with {wrong}: {refused:?}. A figure that can't be compared is a pressure that \
                     is never felt."
                );
            }
        }
    });
}

/// **P8** A figure of the wrong kind is refused whatever the rest says, and named as it stood there.
#[test]
fn a_wrong_kind_is_refused_whatever_the_rest_says() {
    live(|| {
        let mut wrong = pressure(Kind::Ownership, 7, 8);
        wrong.limit = Some(time_ms(5));
        let refused = Err(Unplaced::WrongUnit {
            kind: Kind::Ownership,
            metric: wrong.metric.clone(),
            expected: "rate",
            found: time_ms(5),
        });
        assert_eq!(
            place(&needs(std::slice::from_ref(&wrong)), &costs()),
            refused
        );
        let beyond = pressure(Kind::Load, 60_000, 0);
        for others in [
            vec![wrong.clone(), beyond.clone()],
            vec![beyond, wrong.clone()],
        ] {
            assert_eq!(
                place(&needs(&others), &costs()),
                refused,
                "Nothing suffices besides, and who reads that only learns of the unit next time."
            );
        }
        let load = pressure(Kind::Load, 150, 0);
        assert_eq!(
            place(&needs(&[load, wrong.clone()]), &Costs::new()),
            refused
        );
        wrong.value = None;
        assert_eq!(
            place(&needs(std::slice::from_ref(&wrong)), &costs()),
            refused,
            "It is vague, and what it has is of the wrong kind."
        );
        let mut unnamed = pressure(Kind::Geography, 7, 8);
        unnamed.metric.clear();
        unnamed.value = Some(rate(5.0));
        let found = place(&needs(&[unnamed]), &costs());
        assert!(
            matches!(&found, Err(Unplaced::WrongUnit { expected: "time", found, .. }) if *found == rate(5.0)),
            "{found:?}"
        );
    });
}

/// **P5** A vague pressure asks for no figure either: nothing hangs on it.
#[test]
fn a_vague_pressure_asks_for_no_figure() {
    live(|| {
        for kind in KINDS {
            let (mut unnamed, mut valueless, mut limitless) = (
                pressure(kind, 140, 50),
                pressure(kind, 140, 50),
                pressure(kind, 140, 50),
            );
            " ".clone_into(&mut unnamed.metric);
            valueless.value = None;
            limitless.limit = None;
            let mut all = vec![unnamed, valueless];
            if kind != Kind::Load {
                all.push(limitless);
            }
            for vague in all {
                let found = place(&needs(std::slice::from_ref(&vague)), &Costs::new());
                assert_eq!(
                    found.map(|placement| placement.scope),
                    Ok(Scope::Thread),
                    "{vague:?} moves nothing, whatever was measured: so no measurement is missing."
                );
            }
        }
    });
}

/// **P8** Whichever scope it is that hangs on a figure which was not measured, it is asked for.
#[test]
fn a_missing_figure_is_asked_for_of_each_scope() {
    live(|| {
        for scope in Scope::ALL {
            let narrower = Scope::ALL.into_iter().filter(|&narrower| narrower < scope);
            let (mut small, mut far) = (Costs::new(), Costs::new());
            for narrower in narrower {
                small = small.with_capacity(narrower, 100.0).expect("a capacity");
                far = far.with_call(narrower, 2 * MS);
            }
            let load = needs(&[pressure(Kind::Load, 150, 0)]);
            assert_eq!(
                place(&load, &small),
                Err(Unplaced::NotMeasured {
                    scope,
                    figure: Figure::Capacity
                }),
                "All that is narrower than the {scope} is known to be too small, and nobody has measured what the \
                 {scope} carries."
            );
            let mut waits = needs(&[]);
            waits.answer_within = Some(MS);
            assert_eq!(
                place(&waits, &far),
                Err(Unplaced::NotMeasured {
                    scope,
                    figure: Figure::Call
                }),
                "All that is narrower than the {scope} is known to be too far, and nobody has measured how far the \
                 {scope} is."
            );
        }
    });
}
