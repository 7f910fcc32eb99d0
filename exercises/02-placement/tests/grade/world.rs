//! What the tests share: histories, shards that count, and an own idea of what suffices.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{LearnerId, LessonId};
use placement::fabric::{Broken, Fabric};
use placement::history::History;
use placement::quantity::{Quantity, Rate};
use placement::requirements::{Costs, Failure, Kind, Pressure, Requirements, Scope};
use placement::sharded::Worker;
use proptest::collection::vec;
use proptest::prelude::*;

/// Rows of lesson numbers; the learners are numbered from 100.
pub fn history(rows: &[Vec<u64>]) -> History {
    let rows = (100..).zip(rows).map(|(learner, row)| {
        (
            LearnerId(learner),
            row.iter().copied().map(LessonId).collect(),
        )
    });
    History::new(rows).expect("few lessons")
}

/// Histories of up to 30 learners and 12 lessons, some of whom completed nothing.
pub fn rows() -> impl Strategy<Value = Vec<Vec<u64>>> {
    vec(vec(0_u64..12, 0..8), 0..30)
}

/// A history of this many learners with some `each` of 16 lessons.
pub fn regular(learners: u64, each: u64) -> Vec<Vec<u64>> {
    let row = |learner: u64| {
        (0..each)
            .map(move |n| (learner * 7 + n * n + n) % 16)
            .collect()
    };
    (0..learners).map(row).collect()
}

/// What happens to an answer on its way back: told the round, from 0, and the shard.
type OnTheWay = Box<dyn FnMut(usize, usize, Vec<u8>) -> Result<Vec<u8>, Broken>>;

/// Shards in this thread, which count what crosses.
pub struct Counting {
    workers: Vec<Worker>,
    on_the_way: OnTheWay,
    /// Each round's requests.
    pub sent: Vec<Vec<Vec<u8>>>,
    /// How many answers were damaged or lost; a test of that fails if there were none.
    pub struck: usize,
}

impl Counting {
    pub fn new(shards: usize) -> Self {
        Self::with(shards, |_, _, answer| Ok(answer))
    }

    pub fn with(
        shards: usize,
        on_the_way: impl FnMut(usize, usize, Vec<u8>) -> Result<Vec<u8>, Broken> + 'static,
    ) -> Self {
        Self {
            workers: (0..shards).map(|_| Worker::new()).collect(),
            on_the_way: Box::new(on_the_way),
            sent: Vec::new(),
            struck: 0,
        }
    }

    /// All bytes that were sent to shards.
    pub fn bytes(&self) -> usize {
        self.sent.iter().flatten().map(Vec::len).sum()
    }
}

impl Fabric for Counting {
    fn shards(&self) -> usize {
        self.workers.len()
    }

    fn round(&mut self, requests: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Broken> {
        if requests.len() != self.workers.len() {
            return Err(Broken::Requests {
                requests: requests.len(),
                shards: self.workers.len(),
            });
        }
        let round = self.sent.len();
        self.sent.push(requests.clone());
        let mut answers = Vec::new();
        for (shard, (worker, request)) in self.workers.iter_mut().zip(&requests).enumerate() {
            let answer = worker.handle(request).map_err(|why| Broken::Refused {
                shard,
                why: why.to_string(),
            })?;
            let length = answer.len();
            let arrived = (self.on_the_way)(round, shard, answer);
            if arrived
                .as_ref()
                .map_or(true, |arrived| arrived.len() != length)
            {
                self.struck += 1;
            }
            answers.push(arrived?);
        }
        Ok(answers)
    }
}

/// Puts the largest `u32` where a small number was: in the four bytes from `at`, or with seven bits to the
/// byte in place of one.
pub fn swell(bytes: &mut Vec<u8>, at: usize, fixed: bool) {
    if fixed {
        let from = at.min(bytes.len());
        let to = bytes.len().min(from + 4);
        bytes[from..to].fill(0xff);
    } else if at < bytes.len() {
        bytes.splice(at..=at, [0xff, 0xff, 0xff, 0xff, 0x0f]);
    }
}

pub fn rate(each_second: f64) -> Quantity {
    Quantity::Rate(Rate::per_second(each_second).expect("a rate"))
}

pub fn time_ms(ms: u64) -> Quantity {
    Quantity::Time(Duration::from_millis(ms))
}

/// Whether times are what this pressure speaks of.
pub fn speaks_of_time(kind: Kind) -> bool {
    matches!(kind, Kind::Geography | Kind::Decoupling)
}

/// A pressure with its figures: rates each second, or milliseconds.
pub fn pressure(kind: Kind, value: u32, limit: u32) -> Pressure {
    let figure = |figure: u32| {
        if speaks_of_time(kind) {
            time_ms(u64::from(figure))
        } else {
            rate(f64::from(figure))
        }
    };
    Pressure {
        kind,
        metric: format!("{kind} as measured"),
        value: Some(figure(value)),
        limit: (kind != Kind::Load).then(|| figure(limit)),
    }
}

pub fn needs(pressures: &[Pressure]) -> Requirements {
    Requirements {
        work: "some work".to_owned(),
        pressures: pressures.to_vec(),
        ..Requirements::default()
    }
}

/// All is measured; each wider scope carries more, and is further away.
pub fn costs() -> Costs {
    let ms = Duration::from_millis;
    measured(
        [100.0, 200.0, 300.0, 4_000.0, 50_000.0],
        [0, 1, 2, 5, 20].map(ms),
    )
}

/// All is measured, and came to this.
pub fn measured(capacities: [f64; 5], calls: [Duration; 5]) -> Costs {
    let mut costs = Costs::new();
    for (scope, (capacity, call)) in Scope::ALL
        .into_iter()
        .zip(capacities.into_iter().zip(calls))
    {
        costs = costs
            .with_capacity(scope, capacity)
            .expect("a capacity")
            .with_call(scope, call);
    }
    costs
}

pub const KINDS: [Kind; 6] = [
    Kind::Load,
    Kind::Isolation(Failure::Process),
    Kind::Isolation(Failure::Machine),
    Kind::Ownership,
    Kind::Geography,
    Kind::Decoupling,
];

/// Any pressure with all that it takes to count; it may be within its limit.
pub fn clear_pressures() -> impl Strategy<Value = Pressure> {
    (0..KINDS.len(), 0_u32..8, 0_u32..8).prop_map(|(kind, value, limit)| {
        let kind = KINDS[kind];
        let unit = if kind == Kind::Load { 20 } else { 1 };
        pressure(kind, value * unit, limit)
    })
}

/// Any pressure that lacks something.
pub fn vague_pressures() -> impl Strategy<Value = Pressure> {
    (0..KINDS.len(), 0..3_usize, 90_u32..1_000).prop_map(|(kind, lacks, value)| {
        let mut vague = pressure(KINDS[kind], value, 1);
        match lacks {
            0 => " \t".clone_into(&mut vague.metric),
            1 => vague.value = None,
            _ if vague.kind == Kind::Load => vague.metric.clear(),
            _ => vague.limit = None,
        }
        vague
    })
}

/// Any requirements whose pressures are clear.
pub fn requirements() -> impl Strategy<Value = Requirements> {
    let within = prop_oneof![3 => Just(None), 1 => (0_u64..8).prop_map(Some)];
    (vec(clear_pressures(), 0..5), within, any::<bool>()).prop_map(
        |(pressures, within, decides)| Requirements {
            answer_within: within.map(Duration::from_millis),
            decides,
            ..needs(&pressures)
        },
    )
}

/// Costs in which a wider scope need not carry more, and need not be further away.
pub fn any_costs() -> impl Strategy<Value = Costs> {
    (
        [1_u32..8, 1..8, 1..8, 1..8, 1..8],
        [0_u64..8, 0..8, 0..8, 0..8, 0..8],
    )
        .prop_map(|(capacities, calls)| {
            let capacities = capacities.map(|capacity| f64::from(capacity) * 20.0);
            measured(capacities, calls.map(Duration::from_millis))
        })
}

fn above(value: Quantity, limit: Quantity) -> bool {
    match (value, limit) {
        (Quantity::Rate(value), Quantity::Rate(limit)) => value > limit,
        (Quantity::Time(value), Quantity::Time(limit)) => value > limit,
        _ => false,
    }
}

/// The pressure's figures where it rules this scope out, by the contract's table; all is measured.
pub fn ruled_out(pressure: &Pressure, scope: Scope, costs: &Costs) -> Option<(Quantity, Quantity)> {
    let value = pressure.value?;
    if pressure.kind == Kind::Load {
        let capacity = Quantity::Rate(costs.capacity(scope)?);
        return above(value, capacity).then_some((value, capacity));
    }
    let limit = pressure.limit?;
    let enough = match pressure.kind {
        Kind::Load | Kind::Ownership => Scope::Thread,
        Kind::Decoupling => Scope::Process,
        Kind::Isolation(Failure::Process) => Scope::Machine,
        Kind::Isolation(Failure::Machine) => Scope::Cluster,
        Kind::Geography => Scope::Edge,
    };
    if !above(value, limit) {
        return None;
    }
    if scope < enough {
        return Some((value, limit));
    }
    let call = Quantity::Time(costs.call(scope)?);
    (pressure.kind == Kind::Geography && above(call, limit)).then_some((call, limit))
}

/// Whether a pressure is above its limit, or above what some scope carries.
pub fn presses(pressure: &Pressure) -> bool {
    matches!((pressure.value, pressure.limit), (Some(value), Some(limit)) if above(value, limit))
}

/// Whether a scope meets all of these requirements, by the contract; all is measured.
pub fn suffices(requirements: &Requirements, scope: Scope, costs: &Costs) -> bool {
    let near = match (requirements.answer_within, costs.call(scope)) {
        (Some(within), Some(call)) => call <= within,
        _ => true,
    };
    let waits = requirements.answer_within.is_some();
    let pressures = &requirements.pressures;
    let ruled_out = pressures
        .iter()
        .any(|one| ruled_out(one, scope, costs).is_some());
    let contradicted = waits
        && pressures
            .iter()
            .any(|one| one.kind == Kind::Decoupling && presses(one));
    let decided_at_the_edge = requirements.decides && scope == Scope::Edge;
    near && !ruled_out && !contradicted && !decided_at_the_edge
}

/// The narrowest that does.
pub fn narrowest(requirements: &Requirements, costs: &Costs) -> Option<Scope> {
    Scope::ALL
        .into_iter()
        .find(|&scope| suffices(requirements, scope, costs))
}

/// What the definition says: for each learner all scores, and no thought for how long it takes.
pub fn by_definition(history: &History, top: usize) -> Vec<Vec<(LessonId, u64)>> {
    let rows: Vec<BTreeSet<u16>> = (0..history.learners().len())
        .map(|at| history.completed(at).iter().copied().collect())
        .collect();
    let scores = |row: &BTreeSet<u16>| {
        let mut scored = Vec::new();
        for (candidate, &id) in (0..).zip(history.lessons()) {
            if row.contains(&candidate) {
                continue;
            }
            let share = |lesson: &u16| {
                let with = |lesson: u16| rows.iter().filter(move |row| row.contains(&lesson));
                let together = with(*lesson).filter(|row| row.contains(&candidate)).count();
                (together * 1_000_000 / with(*lesson).count()) as u64
            };
            let score: u64 = row.iter().map(share).sum();
            if score > 0 {
                scored.push((id, score));
            }
        }
        scored.sort_by_key(|&(lesson, score)| (std::cmp::Reverse(score), lesson));
        scored.truncate(top);
        scored
    };
    rows.iter().map(scores).collect()
}
