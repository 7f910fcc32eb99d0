//! Taking turns: every rung and every point of a curve gets a slice in each round.

use std::path::Path;
use std::time::Duration;

use crate::args::Args;
use crate::child::{Broken, Seat, Side};
use crate::cpus::{Cpus, Placement};
use crate::pair::Pair;
use crate::progress::Progress;
use crate::rounds;
use crate::slice::{Budget, Samples};
use crate::suite::{Rung, Series, Suite};

/// How long and how often.
#[derive(Clone, Copy)]
pub struct Plan {
    pub rounds: usize,
    pub slice: Duration,
    pub quick: bool,
}

impl Plan {
    /// A whole run takes half a minute, a quick one a few seconds. Without `--bench` somebody only
    /// wants to know that it runs, as `cargo test --benches` does.
    pub const fn of(args: &Args) -> Self {
        let (rounds, ms) = match (args.bench, args.quick) {
            (false, _) => (1, 1),
            (true, true) => (7, 10),
            (true, false) => (31, 20),
        };
        Self {
            rounds,
            slice: Duration::from_millis(ms),
            quick: args.quick || !args.bench,
        }
    }
}

/// What a slice is taken of.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    Rung(&'a Rung),
    Point(&'a Series, u64),
}

impl Part<'_> {
    pub const fn side(&self) -> &Side {
        match self {
            Self::Rung(rung) => &rung.side,
            Self::Point(series, _) => &series.side,
        }
    }

    fn words(&self, placement: Placement) -> String {
        match self {
            Self::Rung(rung) => {
                let name = rung.short.replace(" (yours)", "");
                format!("{name}, {}", placement.words())
            }
            Self::Point(series, at) => format!("{}, {at}", series.title),
        }
    }

    fn budget(&self, duration: Duration) -> Budget {
        let (least, most) = match self {
            Self::Rung(rung) => (rung.least, rung.most),
            Self::Point(series, _) => (series.least, u64::MAX),
        };
        Budget {
            duration,
            least,
            most,
        }
    }
}

/// A rung in a placement or a point of a curve, while it is measured and after.
pub struct Entry<'a> {
    pub part: Part<'a>,
    pub placement: Placement,
    pub pair: Result<Pair, Broken>,
    pub samples: Samples,
    /// Of each round: the median in nanoseconds for a rung, the value for a point.
    pub rounds: Vec<f64>,
    /// What is measured next to what; see [`Group`].
    group: Group,
}

/// Those of a group follow each other closely within a round, since they are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Rungs(Placement),
    Curve(usize),
}

/// Measures all of a suite.
pub fn measure<'a>(suite: &'a Suite, folder: &Path, plan: Plan) -> Vec<Entry<'a>> {
    let cpus = Cpus::here();
    let progress = Progress::of(plan.rounds);
    let mut entries = start(suite, cpus, folder, &progress);
    let mut groups: Vec<(Group, Vec<usize>)> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match groups.iter_mut().find(|(group, _)| *group == entry.group) {
            Some((_, members)) => members.push(index),
            None => groups.push((entry.group, vec![index])),
        }
    }
    for round in 0..plan.rounds {
        for (_, group) in &groups {
            for i in rounds::order(group.len(), round) {
                let entry = &mut entries[group[i]];
                if round == 0 || !matches!(entry.part, Part::Point(series, _) if series.once) {
                    progress.measuring(round, &entry.part.words(entry.placement));
                    take_slice(entry, plan.slice);
                    if round == 0 && plan.quick {
                        first(&progress, entry);
                    }
                }
            }
        }
        progress.round_done(round);
    }
    progress.done();
    entries
}

/// Shows a rung's first figure, of which more rounds may make another.
fn first(progress: &Progress, entry: &Entry<'_>) {
    if let (Part::Rung(rung), Some(&ns)) = (entry.part, entry.rounds.first())
        && !rung.control
    {
        progress.first(&entry.part.words(entry.placement), ns);
    }
}

fn take_slice(entry: &mut Entry<'_>, duration: Duration) {
    let Ok(pair) = &mut entry.pair else { return };
    match pair.slice(entry.part.budget(duration)) {
        Ok(samples) => {
            entry.rounds.push(match entry.part {
                Part::Rung(_) => samples.quantile_ns(0.5),
                Part::Point(series, _) => (series.value)(&samples),
            });
            entry.samples.merge(&samples);
        }
        // The pair is dropped here, and its processes end with it.
        Err(broken) => entry.pair = Err(broken),
    }
}

fn start<'a>(suite: &'a Suite, cpus: Cpus, folder: &Path, progress: &Progress) -> Vec<Entry<'a>> {
    // Where the base does not cross either, all rungs are compared within one group.
    let crossing = |id: &str| suite.rungs.iter().any(|r| r.side.id == id && r.crosses);
    let mut wanted = Vec::new();
    for rung in &suite.rungs {
        let placements = if rung.crosses {
            cpus.placements()
        } else {
            &[Placement::InProcess]
        };
        for &placement in placements {
            let group = if rung.crosses && crossing(rung.base) {
                placement
            } else {
                cpus.home()
            };
            wanted.push((Part::Rung(rung), placement, Group::Rungs(group)));
        }
    }
    for (index, curve) in suite.curves.iter().enumerate() {
        for series in &curve.series {
            for &at in series.at {
                let part = Part::Point(series, at);
                wanted.push((part, Placement::InProcess, Group::Curve(index)));
            }
        }
    }
    let mut entries: Vec<Entry<'a>> = Vec::new();
    for (part, placement, group) in wanted {
        progress.starting(&part.words(placement));
        let pair = match known_to_break(&entries, part, placement) {
            Some(broken) => Err(broken),
            None => start_pair(part, placement, cpus, folder),
        };
        entries.push(Entry {
            part,
            placement,
            pair,
            samples: Samples::default(),
            rounds: Vec::new(),
            group,
        });
    }
    entries
}

/// What cannot work is not tried: each try of a call that hangs takes seconds. A call that broke on
/// one CPU breaks on two, and so does what is built on it.
fn known_to_break(entries: &[Entry<'_>], part: Part<'_>, placement: Placement) -> Option<Broken> {
    let broken = |id: &str, placement: Option<Placement>| {
        let mut all = entries.iter().filter(|entry| entry.part.side().id == id);
        all.find(|entry| placement.is_none_or(|placement| entry.placement == placement))
            .and_then(|entry| entry.pair.as_ref().err().cloned())
    };
    let needed = match part {
        Part::Rung(rung) => rung.needs,
        Part::Point(..) => None,
    };
    needed
        .and_then(|needed| broken(needed, Some(placement)))
        .or_else(|| broken(part.side().id, None))
}

fn start_pair(
    part: Part<'_>,
    placement: Placement,
    cpus: Cpus,
    folder: &Path,
) -> Result<Pair, Broken> {
    let (client, server) = cpus.seats(placement).map_err(Broken::unavailable)?;
    let seat = |cpu, partner_cpu| Seat {
        cpu,
        partner_cpu,
        address: String::new(),
        folder: folder.to_owned(),
        at: match part {
            Part::Rung(_) => 0,
            Part::Point(_, at) => at,
        },
    };
    Pair::start(part.side(), &seat(client, server), &seat(server, client))
}
