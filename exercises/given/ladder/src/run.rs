//! One run: start the pairs, take turns, write, show.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::args::Args;
use crate::child::{Broken, Seat};
use crate::cpus::{Cpus, Placement};
use crate::figure;
use crate::lessons;
use crate::machine;
use crate::pair::Pair;
use crate::progress::Progress;
use crate::record::{FORMAT, Figure, Ratio, Record, Status};
use crate::rounds::{self, Spread};
use crate::rungs::{BASE, CONTROL, Rung};
use crate::slice::{Budget, Samples};
use crate::table;
use crate::utc;

/// Who measured the figures that come with the course.
const AUTHORS: &str = "the course's authors";

/// Measures, writes and shows.
pub fn run(rungs: &[Rung], args: &Args) -> ExitCode {
    match try_run(rungs, args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ladder: {error}");
            ExitCode::FAILURE
        }
    }
}

fn try_run(rungs: &[Rung], args: &Args) -> io::Result<()> {
    let root = root();
    let out = out(args, &root);
    let build = machine::build();
    if args.reference && !build.optimised {
        return Err(io::Error::other(
            "reference figures need an optimised build: use cargo bench",
        ));
    }
    let folder = out.parent().unwrap_or(&root);
    let plan = Plan::of(args);
    let mut entries = measure(rungs, folder, plan);
    let record = Record {
        format: FORMAT,
        what: "ladder".to_owned(),
        by: args.reference.then(|| AUTHORS.to_owned()),
        measured_at: utc::now(),
        quick: plan.quick,
        machine: machine::here(),
        build,
        noise: noise(&entries),
        rungs: figures(&mut entries, folder),
    };
    println!("{}", table::table(&record, rungs));
    for lesson in lessons::lessons(&record) {
        print!("{}", table::wrapped("- ", &lesson));
    }
    if args.bench || args.out.is_some() {
        record.write(&out, !args.reference)?;
        println!("\nFigures written to {}", shown(&out, &root));
    }
    if args.reference {
        let picture = root.join(figure::PATH);
        fs::write(&picture, figure::svg(&record))?;
        println!("Picture written to {}", shown(&picture, &root));
    }
    Ok(())
}

/// How long and how often.
#[derive(Clone, Copy)]
struct Plan {
    rounds: usize,
    slice: Duration,
    quick: bool,
}

impl Plan {
    /// A whole run takes half a minute, a quick one a few seconds. Without `--bench` somebody only
    /// wants to know that it runs, as `cargo test --benches` does.
    const fn of(args: &Args) -> Self {
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

/// A rung in a placement, while it is measured.
struct Entry<'a> {
    rung: &'a Rung,
    placement: Placement,
    pair: Result<Pair, Broken>,
    samples: Samples,
    /// Of each round, in nanoseconds.
    p50s: Vec<f64>,
}

impl Entry<'_> {
    fn is(&self, id: &str, placement: Placement) -> bool {
        self.rung.side.id == id && self.placement == placement
    }

    /// The placement of the raw TCP ping-pong that this is compared with.
    fn base(&self, home: Placement) -> Placement {
        match self.placement {
            Placement::InProcess => home,
            placement => placement,
        }
    }

    fn words(&self) -> String {
        format!("{}, {}", self.rung.short, self.placement.words())
    }
}

fn measure<'a>(rungs: &'a [Rung], folder: &Path, plan: Plan) -> Vec<Entry<'a>> {
    let cpus = Cpus::here();
    let progress = Progress::of(plan.rounds);
    let mut entries = start(rungs, cpus, folder, &progress);
    // A group shares a placement and a base: within a round its slices follow each other closely.
    let groups: Vec<Vec<usize>> = cpus
        .placements()
        .iter()
        .map(|&group| {
            let of_group = |&i: &usize| entries[i].base(cpus.home()) == group;
            (0..entries.len()).filter(of_group).collect()
        })
        .collect();
    for round in 0..plan.rounds {
        for group in &groups {
            for i in rounds::order(group.len(), round) {
                let entry = &mut entries[group[i]];
                progress.measuring(round, &entry.words());
                take_slice(entry, plan.slice);
            }
        }
        progress.round_done(round);
    }
    progress.done();
    entries
}

fn take_slice(entry: &mut Entry<'_>, duration: Duration) {
    let Ok(pair) = &mut entry.pair else { return };
    let budget = Budget {
        duration,
        least: entry.rung.least,
        most: entry.rung.most,
    };
    match pair.slice(budget) {
        Ok(samples) => {
            entry.p50s.push(samples.quantile_ns(0.5));
            entry.samples.merge(&samples);
        }
        // The pair is dropped here, and its processes end with it.
        Err(broken) => entry.pair = Err(broken),
    }
}

fn start<'a>(rungs: &'a [Rung], cpus: Cpus, folder: &Path, progress: &Progress) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    for rung in rungs {
        let placements = if rung.crosses {
            cpus.placements()
        } else {
            &[Placement::InProcess]
        };
        for &placement in placements {
            progress.starting(rung.short);
            let pair = match known_to_break(&entries, rung, placement, cpus.home()) {
                Some(broken) => Err(broken),
                None => start_pair(rung, placement, cpus, folder),
            };
            entries.push(Entry {
                rung,
                placement,
                pair,
                samples: Samples::default(),
                p50s: Vec::new(),
            });
        }
    }
    entries
}

/// What cannot work is not tried: each try of a call that hangs takes seconds. A call that broke on
/// one CPU breaks on two, and so does what is built on it.
fn known_to_break(
    entries: &[Entry<'_>],
    rung: &Rung,
    placement: Placement,
    home: Placement,
) -> Option<Broken> {
    let broken = |id: &str, placement| {
        let mut all = entries.iter();
        all.find(|entry| entry.is(id, placement))
            .and_then(|entry| entry.pair.as_ref().err().cloned())
    };
    rung.needs
        .and_then(|needed| broken(needed, placement))
        .or_else(|| broken(rung.side.id, home))
}

fn start_pair(
    rung: &Rung,
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
    };
    Pair::start(&rung.side, &seat(client, server), &seat(server, client))
}

fn figures(entries: &mut [Entry<'_>], folder: &Path) -> Vec<Figure> {
    let ratios: Vec<_> = entries.iter().map(|e| ratio_to_base(entries, e)).collect();
    let of_rungs = entries.iter().zip(ratios);
    of_rungs
        .filter(|(entry, _)| !entry.rung.is_control())
        .map(|(entry, ratio)| figure_of(entry, ratio, folder))
        .collect()
}

fn figure_of(entry: &Entry<'_>, ratio: Option<Ratio>, folder: &Path) -> Figure {
    let measured = entry.pair.is_ok() && !entry.samples.is_empty();
    let quantile = |share| measured.then(|| entry.samples.quantile_ns(share));
    let (status, message) = match &entry.pair {
        Ok(_) if measured => (Status::Measured, String::new()),
        Ok(_) => (Status::Unavailable, "no sample was taken".to_owned()),
        Err(broken) => (broken.status, broken.message.clone()),
    };
    Figure {
        id: entry.rung.side.id.to_owned(),
        title: entry.rung.title.to_owned(),
        placement: entry.placement,
        status,
        message,
        note: if measured {
            (entry.rung.note)(folder)
        } else {
            String::new()
        },
        p50_ns: quantile(0.5),
        p99_ns: quantile(0.99),
        samples: entry.samples.len(),
        rounds: entry.p50s.len(),
        ratio: ratio.filter(|_| measured),
    }
}

fn ratio_to_base(entries: &[Entry<'_>], entry: &Entry<'_>) -> Option<Ratio> {
    let home = Cpus::home_of(entries.iter().map(|e| e.placement));
    let placement = entry.base(home);
    let base = entries.iter().find(|e| e.is(BASE, placement))?;
    base.pair.as_ref().ok()?;
    let spread = Spread::of_ratios(&entry.p50s, &base.p50s)?;
    Some(Ratio {
        to: BASE.to_owned(),
        placement,
        median: spread.median,
        low: spread.low,
        high: spread.high,
    })
}

/// The base against itself, in each placement.
fn noise(entries: &[Entry<'_>]) -> Vec<Ratio> {
    entries
        .iter()
        .filter(|entry| entry.rung.side.id == CONTROL && entry.pair.is_ok())
        .filter_map(|entry| ratio_to_base(entries, entry))
        .collect()
}

fn out(args: &Args, root: &Path) -> PathBuf {
    let default = if args.reference {
        "course/reference/ladder.json"
    } else {
        ".course/measurements/ladder.json"
    };
    args.out.clone().unwrap_or_else(|| root.join(default))
}

/// The repository: cargo tells a bench where its package is; run by hand it is where this was
/// built.
fn root() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    package
        .iter()
        .flat_map(|package| package.ancestors())
        .chain(built.ancestors())
        .find(|folder| folder.join("exercises/given/ladder").is_dir())
        .unwrap_or(built)
        .to_owned()
}

fn shown(path: &Path, root: &Path) -> String {
    let shown = path.strip_prefix(root).unwrap_or(path);
    shown.display().to_string()
}
