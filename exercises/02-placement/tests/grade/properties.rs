//! The decision, for any requirements and any figures.

use crate::world::oracle::{narrowest, presses, ruled_out};
use crate::world::situations::{any_costs, clear_pressures, rate, requirements, vague_pressures};
use placement::place::{Choice, Figure, Objection, Placement, Reason, Unplaced, place};
use placement::requirements::{Costs, Kind, Requirements, Scope};
use proptest::collection::vec;
use proptest::prelude::any;
use testbed::{for_all, live, note};

fn placed(requirements: &Requirements, costs: &Costs) -> Result<Placement, Vec<Reason>> {
    match place(requirements, costs) {
        Ok(placement) => Ok(placement),
        Err(Unplaced::NothingSuffices(reasons)) => Err(reasons),
        Err(other) => panic!("All is measured and has the right units, and yet: {other}"),
    }
}

/// No scope at all is wider than every scope.
fn width(placed: &Result<Placement, Vec<Reason>>) -> Option<Scope> {
    placed.as_ref().map(|placement| placement.scope).ok()
}

fn narrower(one: Option<Scope>, other: Option<Scope>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one < other,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// **P3** The answer is the narrowest scope that meets every requirement, or that there is none.
#[test]
fn the_answer_is_the_narrowest_that_suffices() {
    live(|| {
        for_all(&(requirements(), any_costs()), |(requirements, costs)| {
            note(format!("costs: {costs:?}"));
            let found = width(&placed(&requirements, &costs));
            let expected = narrowest(&requirements, &costs);
            assert_eq!(
                found, expected,
                "Left: the answer. Right: the narrowest scope that meets all of {requirements:?}."
            );
        });
    });
}

/// **P4** One more pressure never narrows the answer, and one less never widens it.
#[test]
fn one_more_pressure_never_narrows() {
    live(|| {
        let case = (requirements(), clear_pressures(), any_costs());
        for_all(&case, |(mut requirements, more, costs)| {
            let before = placed(&requirements, &costs);
            requirements.pressures.insert(0, more.clone());
            let after = placed(&requirements, &costs);
            assert!(
                !narrower(width(&after), width(&before)),
                "Without {more:?} the answer was {:?}, with it {:?}.",
                width(&before),
                width(&after)
            );
            if let (Ok(before), Ok(after)) = (&before, &after) {
                assert!(
                    after.module || !before.module,
                    "One more pressure took the module away."
                );
                assert!(
                    after.later || !before.later,
                    "One more pressure made the caller wait again."
                );
            }
        });
    });
}

/// **P5** Vague pressures change nothing but the list of what is vague.
#[test]
fn vague_pressures_move_nothing() {
    live(|| {
        let case = (requirements(), vec(vague_pressures(), 1..4), any_costs());
        for_all(&case, |(mut requirements, vague, costs)| {
            let before = placed(&requirements, &costs);
            for (at, one) in vague.iter().enumerate() {
                let place = (at * 2).min(requirements.pressures.len());
                requirements.pressures.insert(place, one.clone());
            }
            let after = placed(&requirements, &costs);
            assert_eq!(
                width(&after),
                width(&before),
                "A wish has moved the work: {vague:?}"
            );
            if let (Ok(before), Ok(mut after)) = (before, after) {
                assert_eq!(
                    (after.module, after.later),
                    (before.module, before.later),
                    "{vague:?}"
                );
                assert_eq!(
                    after.reasons.len(),
                    before.reasons.len(),
                    "A wish became a reason: {vague:?}"
                );
                for one in &vague {
                    let at = after.vague.iter().position(|heard| heard == one);
                    let at = at
                        .unwrap_or_else(|| panic!("{one:?} was said, and is not among the vague."));
                    after.vague.remove(at);
                }
                assert_eq!(
                    after.vague,
                    [],
                    "These were not vague, or not said that often."
                );
            }
        });
    });
}

/// **P6** Every scope that was given up has a reason; every reason is true, and names its pressure with
/// its metric and figures; every pressure that moved something is named.
#[test]
fn reasons_are_true_and_there_is_one_for_all_that_was_given_up() {
    live(|| {
        for_all(&(requirements(), any_costs()), |(requirements, costs)| {
            let Ok(placement) = placed(&requirements, &costs) else {
                return;
            };
            note(format!("costs: {costs:?}"));
            for reason in &placement.reasons {
                assert!(
                    is_true(reason, &requirements, &costs),
                    "This reason is not true: {reason:?}"
                );
            }
            let gave_up = Scope::ALL
                .into_iter()
                .filter(|&scope| scope < placement.scope);
            for scope in gave_up {
                let choice = Choice::Scope(scope);
                assert!(
                    placement
                        .reasons
                        .iter()
                        .any(|reason| reason.rules_out == choice),
                    "It is the {}, and nothing says why not the {scope}:\n{placement}",
                    placement.scope
                );
                for pressure in &requirements.pressures {
                    let named = placement.reasons.iter().any(|reason| {
                        reason.rules_out == choice
                            && matches!(&reason.because, Objection::Pressure { kind, metric, .. }
                                if *kind == pressure.kind && *metric == pressure.metric)
                    });
                    assert!(
                        named || ruled_out(pressure, scope, &costs).is_none(),
                        "{} is against the {scope}, too, and is not named:\n{placement}",
                        pressure.kind
                    );
                }
            }
            let asks = |kind| {
                requirements
                    .pressures
                    .iter()
                    .any(|one| one.kind == kind && presses(one))
            };
            assert_eq!(
                placement.module,
                asks(Kind::Ownership),
                "A module is what ownership asks for."
            );
            assert_eq!(
                placement.later,
                asks(Kind::Decoupling),
                "Later is what decoupling asks for."
            );
            for (chosen, choice) in [
                (placement.module, Choice::NoModule),
                (placement.later, Choice::Now),
            ] {
                let said = placement
                    .reasons
                    .iter()
                    .any(|reason| reason.rules_out == choice);
                assert_eq!(
                    said, chosen,
                    "{choice:?}: a reason for what was decided, and for nothing else."
                );
            }
        });
    });
}

/// **P6** Whatever rules a scope out is said, of every scope that was given up and of no other, be it that
/// nothing suffices.
#[test]
fn all_that_rules_out_is_said() {
    live(|| {
        for_all(&(requirements(), any_costs()), |(requirements, costs)| {
            note(format!("costs: {costs:?}"));
            let (reasons, given_up) = match placed(&requirements, &costs) {
                Ok(placement) => (placement.reasons, Some(placement.scope)),
                Err(reasons) => (reasons, None),
            };
            let waits = requirements.answer_within;
            let later = requirements
                .pressures
                .iter()
                .any(|one| one.kind == Kind::Decoupling && presses(one));
            for reason in &reasons {
                assert!(
                    is_true(reason, &requirements, &costs),
                    "This reason is not true: {reason:?}"
                );
            }
            for scope in Scope::ALL {
                let said: Vec<&Objection> = reasons
                    .iter()
                    .filter(|reason| reason.rules_out == Choice::Scope(scope))
                    .map(|reason| &reason.because)
                    .collect();
                if given_up.is_some_and(|found| scope >= found) {
                    assert!(
                        said.is_empty(),
                        "The {scope} was not given up, and {said:?} is said against it."
                    );
                    continue;
                }
                for pressure in &requirements.pressures {
                    let figures = ruled_out(pressure, scope, &costs);
                    let named = said.iter().any(|because| {
                        matches!(because, Objection::Pressure { kind, metric, value, limit }
                            if *kind == pressure.kind
                                && *metric == pressure.metric
                                && figures == Some((*value, *limit)))
                    });
                    assert!(
                        named || figures.is_none(),
                        "{pressure:?} is against the {scope}, too, and only this is said: {said:?}"
                    );
                }
                let far = costs.call(scope).zip(waits);
                let too_far = far.filter(|(call, within)| call > within);
                let too_far = too_far.map(|(call, within)| Objection::TooFar { call, within });
                let decides = requirements.decides && scope == Scope::Edge;
                let needs_answer = later && waits.is_some();
                for expected in too_far
                    .into_iter()
                    .chain(decides.then_some(Objection::Decides))
                    .chain(needs_answer.then_some(Objection::NeedsAnswer))
                {
                    assert!(
                        said.contains(&&expected),
                        "{expected:?} is against the {scope}, too, and only this is said: {said:?}"
                    );
                }
            }
        });
    });
}

fn is_true(reason: &Reason, requirements: &Requirements, costs: &Costs) -> bool {
    let (scope, asked) = match reason.rules_out {
        Choice::Scope(scope) => (Some(scope), None),
        Choice::NoModule => (None, Some(Kind::Ownership)),
        Choice::Now => (None, Some(Kind::Decoupling)),
    };
    match &reason.because {
        Objection::Pressure {
            kind,
            metric,
            value,
            limit,
        } => requirements.pressures.iter().any(|pressure| {
            let figures = match scope {
                Some(scope) => ruled_out(pressure, scope, costs),
                None if asked == Some(*kind) && presses(pressure) => {
                    pressure.value.zip(pressure.limit)
                }
                None => None,
            };
            pressure.kind == *kind
                && pressure.metric == *metric
                && figures == Some((*value, *limit))
        }),
        Objection::TooFar { call, within } => {
            scope.and_then(|scope| costs.call(scope)) == Some(*call)
                && requirements.answer_within == Some(*within)
                && call > within
        }
        Objection::Decides => scope == Some(Scope::Edge) && requirements.decides,
        Objection::NeedsAnswer => requirements.answer_within.is_some(),
    }
}

/// **P8** With some figures missing, the answer is the narrowest scope that isn't ruled out by the others; or, if
/// it hangs on a missing one, that one is asked for.
#[test]
fn what_is_missing_is_asked_for_if_the_answer_hangs_on_it() {
    live(|| {
        let case = (requirements(), any_costs(), any::<u16>());
        for_all(&case, |(requirements, all, known)| {
            // Nothing arrives: whether that needs a capacity can be argued about.
            if requirements
                .pressures
                .iter()
                .any(|one| one.kind == Kind::Load && one.value == Some(rate(0.0)))
            {
                return;
            }
            let mut costs = Costs::new();
            for (at, scope) in Scope::ALL.into_iter().enumerate() {
                if let Some(capacity) = all.capacity(scope).filter(|_| known >> at & 1 == 0) {
                    costs = costs
                        .with_capacity(scope, capacity.each_second())
                        .expect("a capacity");
                }
                if let Some(call) = all.call(scope).filter(|_| known >> (8 + at) & 1 == 0) {
                    costs = costs.with_call(scope, call);
                }
            }
            note(format!("costs: {costs:?}"));
            let found = place(&requirements, &costs);
            let Some(scope) = narrowest(&requirements, &costs) else {
                assert!(
                    matches!(found, Err(Unplaced::NothingSuffices(_))),
                    "What is known rules out every scope, and the answer was {found:?}."
                );
                return;
            };
            let load = requirements
                .pressures
                .iter()
                .any(|one| one.kind == Kind::Load);
            let near = requirements
                .pressures
                .iter()
                .any(|one| one.kind == Kind::Geography && presses(one));
            let far = requirements.answer_within.is_some() || near;
            let capacity = load && costs.capacity(scope).is_none();
            let call = far && costs.call(scope).is_none();
            match found {
                Ok(placement) => assert!(
                    placement.scope == scope && !capacity && !call,
                    "The narrowest that isn't ruled out by what is known is the {scope} (missing, and needed: capacity \
                     {capacity}, call {call}), and the answer was the {}.",
                    placement.scope
                ),
                Err(Unplaced::NotMeasured { scope: of, figure }) => assert!(
                    of == scope
                        && if figure == Figure::Capacity {
                            capacity
                        } else {
                            call
                        },
                    "The narrowest that isn't ruled out by what is known is the {scope} (missing, and needed: capacity \
                     {capacity}, call {call}), and {figure:?} of the {of} was asked for."
                ),
                Err(other) => panic!("The {scope} isn't ruled out by what is known: {other}"),
            }
        });
    });
}
