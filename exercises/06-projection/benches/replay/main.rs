//! What a view costs to build, to rebuild and to keep: `cargo course measure projection`, or
//!
//! ```text
//! cargo bench -p projection --features bench --bench replay -- --quick
//! ```
//!
//! Your projection is compared with the raw operation: the same events, added up in a loop. The log is
//! in memory, so that the replay is measured and not a disk; where checkpoints are measured, they go to
//! a file, with a sync for each.

mod kept;
mod log;
mod replays;

use std::process::ExitCode;

use ladder::child::{Probe, Seat, Side};
use ladder::main_of;
use ladder::record::{Figure, Record};
use ladder::suite::{Axis, Curve, Rung, Series, Suite};
use ladder::units::{count, grouped, time};

/// What everything else is compared with.
const BASE: &str = "raw-sum";

fn main() -> ExitCode {
    main_of(&Suite {
        what: "projection",
        title: "The projection",
        against: "adding up",
        command: ["projection", "replay"],
        rungs: rungs(),
        curves: vec![by_length(), by_interval()],
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
            replays::raw,
            "Adding up 10,000 events in a loop, time an event",
            "adding up, an event",
        ),
        Rung {
            control: true,
            ..within(
                "raw-sum-again",
                replays::raw,
                "The same once more",
                "adding up once more",
            )
        },
        within(
            "rebuild",
            replays::rebuilt,
            "A rebuild from 10,000 events, time an event",
            "rebuild, an event",
        ),
        within(
            "live-step-1",
            replays::live::<1>,
            "A step for one new event, into a view of 10,000 that is served",
            "1 event a step",
        ),
        within(
            "live-step-512",
            replays::live::<512>,
            "The same with 512 new events in a step, time an event",
            "512 a step, an event",
        ),
        within(
            "dashboard-read",
            replays::read,
            "A read of one row of the dashboard, with its lag",
            "read of the dashboard",
        ),
    ]
}

fn by_length() -> Curve {
    let series =
        |id, title, client| series(id, title, client, &[1000, 3000, 10_000, 30_000, 100_000]);
    Curve {
        id: "replay-length",
        title: "Time until a view is served again, by the length of the log",
        x: Axis {
            name: "events in the log",
            unit: "",
            logarithmic: true,
        },
        y: Axis {
            name: "time",
            unit: "µs",
            logarithmic: true,
        },
        series: vec![
            series("replay-zero", "rebuild from zero", replays::by_length),
            series(
                "replay-checkpoint",
                "start from a checkpoint",
                kept::by_length,
            ),
        ],
    }
}

fn by_interval() -> Curve {
    let series = |id, title, client| series(id, title, client, &[300, 1000, 3000, 10_000]);
    Curve {
        id: "checkpoint-interval",
        title: "What checkpoints cost and save, by the distance between them, in 10,000 events",
        x: Axis {
            name: "events between two checkpoints",
            unit: "",
            logarithmic: true,
        },
        y: Axis {
            name: "time",
            unit: "µs",
            logarithmic: true,
        },
        series: vec![
            series(
                "interval-saving",
                "spent on saving, on the way",
                kept::saving,
            ),
            series(
                "interval-replay",
                "replayed after a crash, at most",
                kept::replaying,
            ),
        ],
    }
}

fn series(
    id: &'static str,
    title: &'static str,
    client: fn(&Seat) -> Result<Probe, String>,
    at: &'static [u64],
) -> Series {
    Series {
        title,
        side: Side {
            id,
            server: None,
            client,
        },
        at,
        least: 3,
        once: false,
        value: |samples| samples.quantile_ns(0.5) / 1e3,
    }
}

fn lessons(record: &Record) -> Vec<String> {
    use ladder::cpus::Placement;
    let p50 = |id| record.p50(id, Placement::InProcess);
    let mut lessons = Vec::new();
    if let (Some(raw), Some(rebuild)) = (p50(BASE), p50("rebuild")) {
        lessons.push(format!(
            "A rebuild takes {} an event, where adding up takes {}: {} times as long. So a million events are {} \
             without a new view, and that is what decides how it is swapped in.",
            time(rebuild),
            time(raw),
            count(rebuild / raw),
            time(rebuild * 1e6)
        ));
    }
    if let (Some(alone), Some(together)) = (p50("live-step-1"), p50("live-step-512")) {
        lessons.push(format!(
            "One new event takes {} in a step of its own, and {} in the company of 511: what readers hold must not \
             change, and so the view is copied once a step.",
            time(alone),
            time(together)
        ));
    }
    let asked = |figure: &Figure| figure.counts.get("ends asked for").copied().unwrap_or(0);
    if let Some(read) = record.measured("dashboard-read", Placement::InProcess)
        && let Some(reads) = read.counts.get("reads").copied().filter(|reads| *reads > 0)
    {
        lessons.push(format!(
            "Each read of the dashboard asked the log for its end, {} times in all for {} reads: that is counted, and \
             holds on every machine.",
            grouped(asked(read)),
            grouped(reads)
        ));
    }
    lessons
}
