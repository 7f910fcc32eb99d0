//! The decision, for any requirements and any figures, compared with a model of the contract.

use crate::world::situations::{
    KINDS, answer, costs as usual, decide, rate, said as in_words, speaks_of_time,
};
use placement::place::{Choice, Figure, Objection, Placement, Reason, Unplaced};
use placement::quantity::{Quantity, Rate};
use placement::requirements::{Costs, Failure, Kind, Pressure, Requirements, Scope};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use story::{Picks, live, note, search};

const MS: Duration = Duration::from_millis(1);

/// 1 a month, in each second.
const A_MONTH: f64 = 1.0 / 2_592_000.0;

/// One requirement of a piece of work, or one measurement.
#[derive(Clone, Debug)]
enum Said {
    Pressure(Pressure),
    Within(Duration),
    Decides,
    Capacity(Scope, Option<f64>),
    Call(Scope, Option<Duration>),
    NothingMeasured,
}

fn said(picks: &mut Picks) -> Said {
    match picks.below(12) {
        0..7 => Said::Pressure(pressure(picks)),
        7 => Said::Within(time(picks)),
        8 => Said::Decides,
        9 => Said::NothingMeasured,
        10 => {
            let capacities = [
                None,
                None,
                Some(0.5),
                Some(1.0),
                Some(40.0),
                Some(100.0),
                Some(100.1),
            ];
            Said::Capacity(picks.one_of(&Scope::ALL), picks.one_of(&capacities))
        }
        _ => {
            let known = !picks.once_in(2);
            Said::Call(picks.one_of(&Scope::ALL), known.then(|| time(picks)))
        }
    }
}

/// Times that are close to each other, or far apart.
fn time(picks: &mut Picks) -> Duration {
    let ns = Duration::from_nanos;
    picks.one_of(&[
        Duration::ZERO,
        ns(300),
        ns(1_200),
        ns(1_201),
        MS,
        2 * MS,
        50 * MS,
        50 * MS + ns(1),
        50 * MS + ns(600_000),
        140 * MS,
    ])
}

fn figure(picks: &mut Picks, time_wanted: bool) -> Quantity {
    if time_wanted {
        Quantity::Time(time(picks))
    } else {
        let rates = [
            0.0,
            A_MONTH,
            1.1 * A_MONTH,
            1.0,
            1.001,
            // These read as 1 and 100.1.
            1.000_1,
            100.100_1,
            40.0,
            100.0,
            100.1,
            150.0,
            1_500.0,
        ];
        rate(picks.one_of(&rates))
    }
}

fn pressure(picks: &mut Picks) -> Pressure {
    let kind = picks.one_of(&KINDS);
    let any = |picks: &mut Picks| {
        let wrong = picks.once_in(50);
        let found = figure(picks, speaks_of_time(kind) != wrong);
        (!picks.once_in(8)).then_some(found)
    };
    let metrics = [
        "calls",
        "calls",
        "failures",
        "rounds",
        " p99, as measured\u{a0}",
        " \t",
        "",
    ];
    let (value, mut limit) = (any(picks), any(picks));
    // A load usually brings no limit; if it does, of whatever kind, it is ignored.
    if kind == Kind::Load && !picks.once_in(4) {
        limit = None;
    }
    Pressure {
        kind,
        metric: picks.one_of(&metrics).to_owned(),
        value,
        limit,
    }
}

/// Requirements and costs made of these; the last one of a kind holds.
fn work(all: &[Said]) -> (Requirements, Costs) {
    let mut requirements = Requirements {
        work: "some work".to_owned(),
        ..Requirements::default()
    };
    let of = |scope| {
        (
            usual().capacity(scope).map(Rate::each_second),
            usual().call(scope),
        )
    };
    let mut figures: BTreeMap<Scope, _> = Scope::ALL
        .into_iter()
        .map(|scope| (scope, of(scope)))
        .collect();
    for said in all {
        note(match said {
            Said::Pressure(pressure) => in_words(pressure),
            Said::Within(within) => format!("the caller needs the result within {within:?}"),
            Said::Decides => "the work decides what is true".to_owned(),
            Said::Capacity(scope, Some(carries)) => {
                format!("the {scope} carries {carries} a second")
            }
            Said::Call(scope, Some(takes)) => format!("a call to the {scope} takes {takes:?}"),
            Said::Capacity(scope, None) => format!("nobody measured what the {scope} carries"),
            Said::Call(scope, None) => format!("nobody measured what a call to the {scope} takes"),
            Said::NothingMeasured => "nothing before this was measured".to_owned(),
        });
        match said {
            Said::Pressure(pressure) => requirements.pressures.push(pressure.clone()),
            Said::Within(within) => requirements.answer_within = Some(*within),
            Said::Decides => requirements.decides = true,
            Said::Capacity(scope, carries) => figures.entry(*scope).or_default().0 = *carries,
            Said::Call(scope, takes) => figures.entry(*scope).or_default().1 = *takes,
            Said::NothingMeasured => figures.clear(),
        }
    }
    let mut costs = Costs::new();
    for (scope, (carries, takes)) in figures {
        if let Some(carries) = carries {
            costs = costs.with_capacity(scope, carries).expect("a capacity");
        }
        if let Some(takes) = takes {
            costs = costs.with_call(scope, takes);
        }
    }
    (requirements, costs)
}

fn above(value: Quantity, limit: Quantity) -> bool {
    match (value, limit) {
        (Quantity::Rate(value), Quantity::Rate(limit)) => value.each_second() > limit.each_second(),
        (Quantity::Time(value), Quantity::Time(limit)) => value > limit,
        _ => false,
    }
}

/// The figures by which a pressure is against a scope, if it is.
fn against(pressure: &Pressure, scope: Scope, costs: &Costs) -> Option<(Quantity, Quantity)> {
    let value = pressure.value?;
    let (narrowest, limit) = match pressure.kind {
        Kind::Load => {
            let capacity = Quantity::Rate(costs.capacity(scope)?);
            return above(value, capacity).then_some((value, capacity));
        }
        Kind::Ownership => (Scope::Thread, pressure.limit?),
        Kind::Decoupling => (Scope::Process, pressure.limit?),
        Kind::Isolation(Failure::Process) => (Scope::Machine, pressure.limit?),
        Kind::Isolation(Failure::Machine) => (Scope::Cluster, pressure.limit?),
        Kind::Geography => (Scope::Edge, pressure.limit?),
    };
    if !above(value, limit) {
        return None;
    }
    if scope < narrowest {
        return Some((value, limit));
    }
    let call = Quantity::Time(costs.call(scope)?);
    (pressure.kind == Kind::Geography && above(call, limit)).then_some((call, limit))
}

/// The contract's answer for these requirements.
struct Model<'a> {
    requirements: &'a Requirements,
    costs: &'a Costs,
    clear: Vec<&'a Pressure>,
    vague: Vec<&'a Pressure>,
    /// Each figure of the wrong unit, with its pressure.
    wrong: Vec<(&'a Pressure, Quantity)>,
}

impl<'a> Model<'a> {
    fn of(requirements: &'a Requirements, costs: &'a Costs) -> Self {
        let mut model = Self {
            requirements,
            costs,
            clear: Vec::new(),
            vague: Vec::new(),
            wrong: Vec::new(),
        };
        for pressure in &requirements.pressures {
            let load = pressure.kind == Kind::Load;
            let limit = if load { None } else { pressure.limit };
            for found in [pressure.value, limit].into_iter().flatten() {
                if matches!(found, Quantity::Time(_)) != speaks_of_time(pressure.kind) {
                    model.wrong.push((pressure, found));
                }
            }
            let blank = pressure.metric.chars().all(char::is_whitespace);
            if blank || pressure.value.is_none() || (!load && limit.is_none()) {
                model.vague.push(pressure);
            } else {
                model.clear.push(pressure);
            }
        }
        model
    }

    /// The pressures of a kind that are above their own limit, with their figures.
    fn asks(&self, kind: Kind) -> Vec<Objection> {
        let of_kind = self.clear.iter().filter(|one| one.kind == kind);
        of_kind
            .filter_map(|one| {
                let (value, limit) = (one.value?, one.limit?);
                above(value, limit).then(|| objection(one, value, limit))
            })
            .collect()
    }

    fn objections(&self, scope: Scope) -> Vec<Objection> {
        let mut all: Vec<Objection> = self
            .clear
            .iter()
            .filter_map(|one| {
                let (value, limit) = against(one, scope, self.costs)?;
                Some(objection(one, value, limit))
            })
            .collect();
        let within = self.requirements.answer_within;
        if let (Some(call), Some(within)) = (self.costs.call(scope), within)
            && call > within
        {
            all.push(Objection::TooFar { call, within });
        }
        if self.requirements.decides && scope == Scope::Edge {
            all.push(Objection::Decides);
        }
        if within.is_some() && !self.asks(Kind::Decoupling).is_empty() {
            all.push(Objection::NeedsAnswer);
        }
        all
    }

    /// The figures that the scope depends on and that were not measured; and whether only a load of zero depends
    /// on them, for which both answers are accepted.
    fn missing(&self, scope: Scope) -> (Vec<Figure>, bool) {
        let mut loads = self.clear.iter().filter(|one| one.kind == Kind::Load);
        let load = loads.clone().next().is_some();
        let idle = loads.all(|one| one.value == Some(rate(0.0)));
        let far =
            self.requirements.answer_within.is_some() || !self.asks(Kind::Geography).is_empty();
        let mut missing = Vec::new();
        if far && self.costs.call(scope).is_none() {
            missing.push(Figure::Call);
        }
        let arguable = missing.is_empty() && idle;
        if load && self.costs.capacity(scope).is_none() {
            missing.push(Figure::Capacity);
        }
        (missing, arguable)
    }

    /// Checks the reasons against each scope that was given up: all objections, and nothing else.
    fn agrees_on(&self, given_up: &[Scope], reasons: &[Reason]) {
        for scope in Scope::ALL {
            let of_scope = reasons
                .iter()
                .filter(|reason| reason.rules_out == Choice::Scope(scope));
            let told: Vec<&Objection> = of_scope.map(|reason| &reason.because).collect();
            let known = if given_up.contains(&scope) {
                self.objections(scope)
            } else {
                Vec::new()
            };
            for objection in &known {
                assert!(
                    told.contains(&objection),
                    "Something is against the {scope}, and is not among the reasons: {objection}"
                );
            }
            for objection in told {
                assert!(
                    known.contains(objection),
                    "This reason is against the {scope}, which was not given up, or it does not follow from \
                     what is required and measured: {objection}"
                );
            }
        }
    }

    /// Checks the reasons for a module and for later: at least one if it was chosen, and each of them true.
    fn agrees_on_asked(&self, placement: &Placement) {
        for (kind, choice, chosen, words) in [
            (
                Kind::Ownership,
                Choice::NoModule,
                placement.module,
                "a module",
            ),
            (Kind::Decoupling, Choice::Now, placement.later, "later"),
        ] {
            let asks = self.asks(kind);
            assert_eq!(
                chosen,
                !asks.is_empty(),
                "It is {words} if and only if {kind} is above its limit. The answer is:\n{placement}"
            );
            let mut told = placement
                .reasons
                .iter()
                .filter(|reason| reason.rules_out == choice);
            assert_eq!(
                told.clone().next().is_some(),
                chosen,
                "It is {words} and no reason names the cause, or there is a reason and it is not:\n{placement}"
            );
            assert!(
                told.all(|reason| asks.contains(&reason.because)),
                "It is {words} for a reason that does not follow from any requirement:\n{placement}"
            );
        }
    }
}

fn objection(pressure: &Pressure, value: Quantity, limit: Quantity) -> Objection {
    Objection::Pressure {
        kind: pressure.kind,
        metric: pressure.metric.clone(),
        value,
        limit,
    }
}

/// Checks an answer, and returns its kind.
fn agree(requirements: &Requirements, costs: &Costs) -> String {
    let model = Model::of(requirements, costs);
    let found = decide(requirements, costs);
    if !model.wrong.is_empty() {
        let Err(Unplaced::WrongUnit {
            kind,
            metric,
            expected,
            found,
        }) = &found
        else {
            panic!(
                "A figure is of the wrong unit, which is an error whatever the other requirements are. The answer is:\n{}",
                answer(&found)
            );
        };
        let times = if speaks_of_time(*kind) {
            "time"
        } else {
            "rate"
        };
        let whose = |(pressure, wrong): &(&Pressure, Quantity)| {
            pressure.kind == *kind && pressure.metric == *metric && wrong == found
        };
        assert!(
            *expected == times && model.wrong.iter().any(whose),
            "The error has to name the pressure and the figure of the wrong unit. It has: {kind}, {metric:?}, a \
             {expected} expected, found {found}."
        );
        return "a wrong unit".to_owned();
    }
    let sufficient = Scope::ALL
        .into_iter()
        .find(|scope| model.objections(*scope).is_empty());
    let Some(scope) = sufficient else {
        let Err(Unplaced::NothingSuffices(reasons)) = &found else {
            panic!(
                "Something is known against every scope, and the answer is:\n{}",
                answer(&found)
            );
        };
        model.agrees_on(&Scope::ALL, reasons);
        return "nothing suffices".to_owned();
    };
    let (missing, arguable) = model.missing(scope);
    match found {
        Ok(placement) => {
            assert_eq!(
                placement.scope, scope,
                "Of the scopes that nothing known is against, the narrowest is the {scope}. The answer \
                 is:\n{placement}"
            );
            assert!(
                missing.is_empty() || arguable,
                "Whether the {scope} suffices depends on a figure that nobody has measured, {missing:?}, \
                 and the answer assumes it."
            );
            let narrower: Vec<Scope> = Scope::ALL.into_iter().filter(|one| *one < scope).collect();
            model.agrees_on(&narrower, &placement.reasons);
            model.agrees_on_asked(&placement);
            let sorted = |all: Vec<&Pressure>| {
                let mut all: Vec<String> = all.iter().map(|one| format!("{one:?}")).collect();
                all.sort();
                all
            };
            assert_eq!(
                sorted(placement.vague.iter().collect()),
                sorted(model.vague.clone()),
                "The vague pressures are returned unchanged, and as often as they were given."
            );
            format!("the {scope}")
        }
        Err(Unplaced::NotMeasured { scope: of, figure }) => {
            assert!(
                of == scope && missing.contains(&figure),
                "Of the scopes that nothing known is against, the narrowest is the {scope}, and of it is \
                 missing: {missing:?}. What was asked for is the {figure:?} of the {of}."
            );
            format!("a figure of the {scope}")
        }
        Err(other) => panic!("Nothing that is known is against the {scope}, and yet: {other}"),
    }
}

/// **P3** Whatever is required and measured, the answer is the contract's: the narrowest scope, every objection
/// to those before it, and what is vague; or which figure is missing or of the wrong unit; or that nothing
/// suffices.
#[test]
fn any_requirements_are_placed_as_the_contract_says() {
    live(|| {
        let seen = RefCell::new(BTreeMap::new());
        for length in [2, 4, 7, 12] {
            search(1_000, length, said, |all| {
                let (requirements, costs) = work(all);
                let what = agree(&requirements, &costs);
                *seen.borrow_mut().entry(what).or_insert(0) += 1;
            });
        }
        let seen = seen.into_inner();
        let scopes =
            Scope::ALL.map(|scope| [format!("the {scope}"), format!("a figure of the {scope}")]);
        let all = ["a wrong unit".to_owned(), "nothing suffices".to_owned()];
        for what in all.iter().chain(scopes.as_flattened()) {
            assert!(
                seen.get(what).is_some_and(|times| *times >= 10),
                "This test has seen too few answers of this kind: {what}, of {seen:?}."
            );
        }
    });
}

/// **Given** A decision reads like the minutes of a review: every reason with its figures, and what each vague
/// pressure lacks.
#[test]
fn a_decision_reads_like_a_review() {
    live(|| {
        let crashes = Pressure {
            kind: Kind::Isolation(Failure::Process),
            metric: "crashes".to_owned(),
            value: Some(Quantity::Time(2 * MS)),
            limit: None,
        };
        let load = |metric: &str, value| Pressure {
            kind: Kind::Load,
            metric: metric.to_owned(),
            value,
            limit: None,
        };
        let time = Quantity::Time;
        let reason = |rules_out, because| Reason { rules_out, because };
        let slow = objection(&crashes, time(2 * MS), time(MS));
        let far = Objection::TooFar {
            call: 2 * MS,
            within: MS,
        };
        let thread = Choice::Scope(Scope::Thread);
        let placement = Placement {
            scope: Scope::Machine,
            module: true,
            later: true,
            reasons: vec![
                reason(thread, slow.clone()),
                reason(thread, far),
                reason(thread, Objection::Decides),
                reason(Choice::NoModule, slow.clone()),
                reason(Choice::Now, slow),
            ],
            vague: vec![crashes, load(" ", Some(time(MS))), load("peak", None)],
        };
        assert_eq!(
            placement.to_string(),
            "machine, as a module, later\n\
             - not the thread: isolation from a process, crashes: 2ms, above 1ms\n\
             - not the thread: getting there takes 2ms, and the caller has 1ms\n\
             - not the thread: this work decides what is true, and has to be in one place\n\
             - not without a module: isolation from a process, crashes: 2ms, above 1ms\n\
             - not at once: isolation from a process, crashes: 2ms, above 1ms\n\
             - isolation from a process was not counted: it has no limit\n\
             - load was not counted: it has no metric\n\
             - load was not counted: it has no value"
        );
        let nothing = Unplaced::NothingSuffices(vec![reason(thread, Objection::NeedsAnswer)]);
        assert_eq!(
            nothing.to_string(),
            "nothing suffices:\n\
             - not the thread: the caller needs the result, and can't wait as long as the work takes"
        );
        let missing = Unplaced::NotMeasured {
            scope: Scope::Edge,
            figure: Figure::Call,
        };
        assert!(
            missing
                .to_string()
                .contains("edge is enough depends on what a call to it takes"),
            "{missing}"
        );
    });
}
