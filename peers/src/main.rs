//! The course's reference RPC beside raw TCP, tarpc and tonic, in one interleaved run.
//!
//! The reference is an example that people will copy, so it must hold its own: about as fast as
//! its few hundred lines allow, and much faster than what carries more. All sides ask for the same
//! thing, one learner's progress in one lesson, over one connection between two processes that
//! share one CPU. That placement repeats best: across two CPUs, waking the other one dominates and
//! flatters whoever does most.

mod grpc;
mod reference;
mod same;
mod tarpc_peer;

use std::process::ExitCode;
use std::time::Duration;

use grpc::Tonic;
use ladder::child::{self, Broken, Seat, Side};
use ladder::cpus::{Cpus, Placement};
use ladder::pair::Pair;
use ladder::rounds::{self, Spread};
use ladder::sides;
use ladder::slice::Budget;
use ladder::units;
use reference::Reference;
use tarpc_peer::Tarpc;

/// Callers that share one connection.
const CALLERS: usize = 64;

const ROUNDS: usize = 31;
const SLICE: Duration = Duration::from_millis(20);

/// A ratio and what it ought to be.
struct Aim {
    side: &'static str,
    base: &'static str,
    words: &'static str,
    /// At most, or at least when `faster`, that is when the inverse is shown.
    bound: f64,
    faster: bool,
}

const AIMS: [Aim; 7] = [
    aim(
        "raw again",
        "raw",
        "noise: raw TCP against itself",
        f64::NAN,
    ),
    aim(
        "reference",
        "raw",
        "one caller, reference against raw TCP",
        1.5,
    ),
    aim(
        "reference",
        "tarpc",
        "one caller, reference against tarpc",
        0.6,
    ),
    aim(
        "reference",
        "tonic",
        "one caller, reference against tonic",
        0.25,
    ),
    times(
        "tarpc x64",
        "reference x64",
        "64 callers, calls for one of tarpc",
        3.0,
    ),
    times(
        "tonic x64",
        "reference x64",
        "64 callers, calls for one of tonic",
        12.0,
    ),
    times(
        "reference",
        "reference x64",
        "64 callers, calls for one of a lone caller",
        6.0,
    ),
];

fn main() -> ExitCode {
    let sides = [
        sides::raw_tcp("raw"),
        sides::raw_tcp("raw again"),
        sides::one_caller::<Reference>("reference"),
        sides::one_caller::<Tarpc>("tarpc"),
        sides::one_caller::<Tonic>("tonic"),
        sides::many_callers::<Reference, CALLERS>("reference x64"),
        sides::many_callers::<Tarpc, CALLERS>("tarpc x64"),
        sides::many_callers::<Tonic, CALLERS>("tonic x64"),
    ];
    if let Some(code) = child::enter(&sides) {
        return code;
    }
    if cfg!(debug_assertions) {
        eprintln!("peers: a debug build says nothing; use cargo run --release");
        return ExitCode::from(2);
    }
    let only = std::env::args().nth(1);
    let chosen = |side: &&Side| only.as_ref().is_none_or(|only| side.id == only);
    match measure(sides.iter().filter(chosen)) {
        Ok(measured) => {
            show(&measured);
            ExitCode::SUCCESS
        }
        Err(broken) => {
            eprintln!("peers: {}", broken.message);
            ExitCode::FAILURE
        }
    }
}

/// A side's p50 of each round, in nanoseconds.
struct Measured {
    id: &'static str,
    p50s: Vec<f64>,
}

fn measure<'a>(sides: impl Iterator<Item = &'a Side>) -> Result<Vec<Measured>, Broken> {
    let cpus = Cpus::here();
    let placement = cpus.home();
    if placement == Placement::Unpinned {
        eprintln!("peers: this system cannot pin; expect ratios between 0.1 and 10 of anything");
    }
    let (client, server) = cpus.seats(placement).map_err(Broken::unavailable)?;
    let seat = |cpu| Seat {
        cpu,
        ..Seat::default()
    };
    let mut running = Vec::new();
    for side in sides {
        let pair = Pair::start(side, &seat(client), &seat(server)).map_err(|broken| Broken {
            message: format!("{}: {}", side.id, broken.message),
            ..broken
        })?;
        eprintln!("{}: client is process {}", side.id, pair.client_id());
        let measured = Measured {
            id: side.id,
            p50s: Vec::new(),
        };
        running.push((pair, measured));
    }
    for round in 0..ROUNDS {
        for i in rounds::order(running.len(), round) {
            let (pair, measured) = &mut running[i];
            let samples = pair.slice(Budget::of(SLICE))?;
            measured.p50s.push(samples.quantile_ns(0.5));
        }
    }
    Ok(running.into_iter().map(|(_, measured)| measured).collect())
}

fn show(measured: &[Measured]) {
    let placement = Cpus::here().home().words();
    println!("{placement}, {ROUNDS} rounds of {} ms\n", SLICE.as_millis());
    println!("{:16}{:>10}  low–high over rounds", "side", "a call");
    for side in measured {
        if let Some(Spread { median, low, high }) = Spread::of(side.p50s.iter().copied()) {
            let (low, high) = (units::time(low), units::time(high));
            println!("{:16}{:>10}  {low} – {high}", side.id, units::time(median));
        }
    }
    println!();
    for aim in &AIMS {
        if let Some(line) = aim.judged(measured) {
            println!("{line}");
        }
    }
}

impl Aim {
    fn judged(&self, measured: &[Measured]) -> Option<String> {
        let p50s = |id| measured.iter().find(|m| m.id == id).map(|m| &m.p50s);
        let Spread { median, low, high } = Spread::of_ratios(p50s(self.side)?, p50s(self.base)?)?;
        let ratio = units::ratio_with_spread(median, low, high);
        let (sign, met) = if self.faster {
            ("≥", median >= self.bound)
        } else {
            ("≤", median <= self.bound)
        };
        let verdict = match (self.bound.is_nan(), met) {
            (true, _) => String::new(),
            (_, true) => format!("aim {sign} {}: met", self.bound),
            (_, false) => format!("aim {sign} {}: MISSED", self.bound),
        };
        let line = format!("{:44}{ratio:22}{verdict}", self.words);
        Some(line.trim_end().to_owned())
    }
}

const fn aim(side: &'static str, base: &'static str, words: &'static str, bound: f64) -> Aim {
    Aim {
        side,
        base,
        words,
        bound,
        faster: false,
    }
}

/// How many calls the base makes in the time of one of the side's.
const fn times(side: &'static str, base: &'static str, words: &'static str, bound: f64) -> Aim {
    Aim {
        faster: true,
        ..aim(side, base, words, bound)
    }
}
