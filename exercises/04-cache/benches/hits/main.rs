//! What a hit saves, and what a cache keeps from the authority: `cargo course measure cache`, or
//!
//! ```text
//! cargo bench -p cache --features bench --bench hits -- --quick
//! ```
//!
//! Beside your cache stands the authority's own read, in the same process, which is as cheap as an
//! authority can be. Times say what a hit is worth here; loads are counted, and say what a cache is
//! worth to an authority anywhere.

mod hits;
mod stampede;
mod store;

use std::process::ExitCode;

use ladder::child::{Probe, Seat, Side};
use ladder::cpus::Placement;
use ladder::main_of;
use ladder::record::{Figure, Record};
use ladder::suite::{Axis, Curve, Rung, Series, Suite};
use ladder::units::{count, time};

/// What all else is compared with.
const BASE: &str = "authority-read";

fn main() -> ExitCode {
    main_of(&Suite {
        what: "cache",
        title: "The cache",
        against: "the authority",
        command: ["cache", "hits"],
        rungs: rungs(),
        curves: vec![hit_rate(), stampedes()],
        lessons,
        picture: None,
    })
}

fn rungs() -> Vec<Rung> {
    let within = |id, client, title, short| Rung {
        base: BASE,
        ..Rung::within(id, client, title, short)
    };
    vec![
        within(
            BASE,
            store::read,
            "A point read at the authority's engine, in the same process",
            "read at the authority",
        ),
        Rung {
            control: true,
            ..within(
                "authority-read-again",
                store::read,
                "The same once more",
                "read once more",
            )
        },
        within(
            "cache-hit",
            hits::hit,
            "A hit: the same read, answered by the cache",
            "cache hit",
        ),
        within(
            "stampede-alone",
            stampede::alone::<64>,
            "64 readers at once miss one key, and each loads it",
            "64 misses, each alone",
        ),
        within(
            "stampede-shared",
            stampede::shared::<64>,
            "64 readers at once miss one key of the cache",
            "64 misses, your cache",
        ),
    ]
}

fn hit_rate() -> Curve {
    let series = |id, title, value| Series {
        at: &[1, 2, 5, 10, 20, 35, 50, 75, 100],
        once: true,
        ..counted(id, title, hits::rate, value)
    };
    Curve {
        id: "hit-rate",
        title: "What a cache answers, and what it leaves to the authority, by its capacity",
        x: Axis {
            name: "capacity",
            unit: "% of 10,000 lessons",
            logarithmic: false,
        },
        y: Axis {
            name: "reads",
            unit: "%",
            logarithmic: false,
        },
        series: vec![
            series("rate-hits", "answered by the cache", |samples| {
                100.0 - 100.0 * samples.counted("loads") / samples.counted("reads")
            }),
            series("rate-loads", "left to the authority", |samples| {
                100.0 * samples.counted("loads") / samples.counted("reads")
            }),
        ],
    }
}

fn stampedes() -> Curve {
    let series = |id, title, client| {
        counted(id, title, client, |samples| {
            samples.counted("loads") / samples.counted("stampedes")
        })
    };
    Curve {
        id: "stampede",
        title: "Loads at the authority when many readers miss one key at once",
        x: Axis {
            name: "readers at once",
            unit: "",
            logarithmic: true,
        },
        y: Axis {
            name: "loads",
            unit: "",
            logarithmic: true,
        },
        series: vec![
            series("loads-alone", "each reader loads", stampede::many_alone),
            series("loads-shared", "your cache", stampede::many_shared),
        ],
    }
}

/// A series whose value is a count: the same in every round, so that one is enough.
fn counted(
    id: &'static str,
    title: &'static str,
    client: fn(&Seat) -> Result<Probe, String>,
    value: fn(&ladder::slice::Samples) -> f64,
) -> Series {
    Series {
        title,
        side: Side {
            id,
            server: None,
            client,
        },
        at: &[1, 2, 4, 8, 16, 32, 64, 128, 256],
        least: 1,
        once: true,
        value,
    }
}

fn lessons(record: &Record) -> Vec<String> {
    let rung = |id| record.measured(id, Placement::InProcess);
    let mut lessons = Vec::new();
    if let (Some(read), Some(hit)) = (rung(BASE), rung("cache-hit"))
        && let (Some(read), Some(hit)) = (read.p50_ns, hit.p50_ns)
    {
        lessons.push(format!(
            "A hit takes {} where the authority's engine takes {}, {} times as long, without any \
             distance. What a cache saves is mostly the way there.",
            time(hit),
            time(read),
            count(read / hit)
        ));
    }
    let loads = |figure: &Figure| {
        let counted = |what| figure.counts.get(what).copied().unwrap_or(0);
        counted("loads").checked_div(counted("stampedes"))
    };
    if let (Some(alone), Some(shared)) = (
        rung("stampede-alone").and_then(loads),
        rung("stampede-shared").and_then(loads),
    ) {
        lessons.push(format!(
            "64 readers who miss one key at once cost the authority {alone} loads alone, and \
             {shared} behind your cache. That is counted, and holds on every machine."
        ));
    }
    lessons
}
