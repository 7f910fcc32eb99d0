//! One comparison: sides measured in turns, their ratios within rounds, and the aims.

use std::path::PathBuf;
use std::time::Duration;

use ladder::child::{Broken, Seat, Side};
use ladder::cpus::{Cpus, Placement};
use ladder::pair::Pair;
use ladder::rounds::{self, Spread};
use ladder::slice::{Budget, Samples};
use ladder::units;

const ROUNDS: usize = 31;
const SLICE: Duration = Duration::from_millis(20);

/// A slow disk syncs a few times in a slice, and a median wants a few more.
const LEAST: u64 = 7;

/// What is measured together.
pub struct Comparison {
    /// To ask for it alone.
    pub name: &'static str,
    /// In a sentence.
    pub title: &'static str,
    /// On one CPU or on two.
    pub placement: Placement,
    /// What one time measures: `a call`.
    pub each: &'static str,
    /// The sides to measure.
    pub sides: Vec<Side>,
    /// The ratios, with their aims.
    pub aims: Vec<Aim>,
    /// What was counted rather than timed, with its aim.
    pub counted: fn(&[Measured]) -> Vec<String>,
}

/// A ratio and its aim.
pub struct Aim {
    side: &'static str,
    base: &'static str,
    words: &'static str,
    /// At most, or at least when `faster`, that is when the inverse is shown.
    bound: f64,
    faster: bool,
}

/// The noise, or a figure without an aim.
pub const fn shown(side: &'static str, base: &'static str, words: &'static str) -> Aim {
    aim(side, base, words, f64::NAN)
}

/// At most this many times the base.
pub const fn aim(side: &'static str, base: &'static str, words: &'static str, bound: f64) -> Aim {
    Aim {
        side,
        base,
        words,
        bound,
        faster: false,
    }
}

/// How many of the base's operations fit into the time of one of the side's.
pub const fn times(side: &'static str, base: &'static str, words: &'static str, bound: f64) -> Aim {
    Aim {
        faster: true,
        ..aim(side, base, words, bound)
    }
}

/// The result of a side.
pub struct Measured {
    /// Whose.
    pub id: &'static str,
    /// The p50 of each round, in nanoseconds.
    pub p50s: Vec<f64>,
    /// The whole result, for what was counted.
    pub samples: Samples,
}

/// The counts of one side.
pub fn of<'m>(measured: &'m [Measured], id: &str) -> Option<&'m Samples> {
    let found = measured.iter().find(|measured| measured.id == id);
    found.map(|measured| &measured.samples)
}

impl Comparison {
    /// Puts the comparison's name before the ids of its sides.
    pub fn name_sides(&mut self) {
        for side in &mut self.sides {
            side.id = format!("{}: {}", self.name, side.id).leak();
        }
    }

    /// Measures, and prints the results. With `only`, that side alone.
    pub fn run(&self, only: Option<&str>) -> Result<(), Broken> {
        let measured = self.measure(only)?;
        let placement = match Cpus::here().home() {
            Placement::Unpinned => Placement::Unpinned,
            _ => self.placement,
        };
        println!(
            "\n{}, {}, {ROUNDS} rounds of {} ms\n",
            self.title,
            placement.words(),
            SLICE.as_millis()
        );
        println!("{:20}{:>10}  low–high over rounds", "side", self.each);
        for side in &measured {
            if let Some(Spread { median, low, high }) = Spread::of(side.p50s.iter().copied()) {
                let (low, high) = (units::time(low), units::time(high));
                println!("{:20}{:>10}  {low} – {high}", side.id, units::time(median));
            }
        }
        println!();
        let aims = self.aims.iter().filter_map(|aim| aim.judged(&measured));
        for line in aims.chain((self.counted)(&measured)) {
            println!("{line}");
        }
        Ok(())
    }

    fn measure(&self, only: Option<&str>) -> Result<Vec<Measured>, Broken> {
        let cpus = Cpus::here();
        if cpus.home() == Placement::Unpinned {
            eprintln!(
                "peers: this system cannot pin; expect ratios between 0.1 and 10 of anything"
            );
        }
        let (client, server) = cpus.seats(self.placement).map_err(Broken::unavailable)?;
        let seat = |cpu, partner_cpu| Seat {
            cpu,
            partner_cpu,
            folder: folder(),
            ..Seat::default()
        };
        let mut running = Vec::new();
        for side in &self.sides {
            let id = side.id.split_once(": ").map_or(side.id, |(_, id)| id);
            if only.is_some_and(|only| id != only) {
                continue;
            }
            let pair = Pair::start(side, &seat(client, server), &seat(server, client));
            let pair = pair.map_err(|broken| Broken {
                message: format!("{id}: {}", broken.message),
                ..broken
            })?;
            eprintln!("{id}: client is process {}", pair.client_id());
            let measured = Measured {
                id,
                p50s: Vec::new(),
                samples: Samples::default(),
            };
            running.push((pair, measured));
        }
        for round in 0..ROUNDS {
            for i in rounds::order(running.len(), round) {
                let (pair, measured) = &mut running[i];
                let samples = pair.slice(Budget {
                    least: LEAST,
                    ..Budget::of(SLICE)
                })?;
                measured.p50s.push(samples.quantile_ns(0.5));
                measured.samples.merge(&samples);
            }
        }
        Ok(running.into_iter().map(|(_, measured)| measured).collect())
    }
}

/// Where files go: next to this program, which is on a disk; a temporary folder may be in memory.
pub fn folder() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    exe.parent().map(PathBuf::from).unwrap_or_default()
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
        let verdict = if self.bound.is_nan() {
            String::new()
        } else {
            format!("aim {sign} {}: {}", self.bound, verdict(met))
        };
        let line = format!("{:48}{ratio:22}{verdict}", self.words);
        Some(line.trim_end().to_owned())
    }
}

/// Whether an aim was met.
pub const fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
