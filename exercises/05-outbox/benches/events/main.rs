//! What telling others costs, and what a backlog means: `cargo course measure outbox`, or
//!
//! ```text
//! cargo bench -p outbox --features bench --bench events -- --quick
//! ```
//!
//! Your stream is compared with the raw operation: as many bytes appended to a file, and one sync. Your
//! outbox is compared with the same facts without it. And a worker gets its events at a rate that is a
//! share of what it can do, so that you see how far behind it is.

mod backlog;
mod log;
mod rows;

use std::process::ExitCode;

use ladder::child::{Probe, Seat, Side};
use ladder::cpus::Placement;
use ladder::record::Record;
use ladder::slice::Samples;
use ladder::suite::{Axis, Curve, Rung, Series, Suite};
use ladder::units::{count, time};
use ladder::{main_of, scratch};

/// What everything else is compared with.
const BASE: &str = "log-raw-64";

/// A slow disk syncs four times in a slice; a median wants a few more.
const LEAST: u64 = 7;

fn main() -> ExitCode {
    main_of(&Suite {
        what: "outbox",
        title: "Telling others",
        against: "append 64 + fdatasync",
        command: ["outbox", "events"],
        rungs: rungs(),
        curves: vec![batches(), backlogs()],
        lessons,
        picture: None,
    })
}

fn rungs() -> Vec<Rung> {
    let rung = |id, client, title, short| Rung {
        base: BASE,
        least: LEAST,
        note: scratch::note,
        ..Rung::within(id, client, title, short)
    };
    vec![
        rung(
            BASE,
            log::append::<64>,
            "Appending 64 events to a file and syncing them once, time an event",
            "append 64, an event",
        ),
        Rung {
            control: true,
            ..rung(
                "log-raw-64-again",
                log::append::<64>,
                "Appending 64 events once more",
                "append 64, once more",
            )
        },
        rung(
            "stream-64",
            log::publish::<64>,
            "Publishing 64 events to the stream in one batch, time an event",
            "stream, 64, an event",
        ),
        rung(
            "log-raw-512",
            log::append::<512>,
            "Appending 512 events to a file and syncing them once, time an event",
            "append 512, an event",
        ),
        Rung {
            base: "log-raw-512",
            ..rung(
                "stream-512",
                log::publish::<512>,
                "Publishing 512 events to the stream in one batch, time an event",
                "stream, 512, an event",
            )
        },
        rung(
            "rows-64",
            rows::without::<64>,
            "64 facts in one transaction, time a fact",
            "64 facts, a fact",
        ),
        Rung {
            base: "rows-64",
            ..rung(
                "outbox-64",
                rows::with::<64>,
                "The same with a row in the outbox for each, time a fact",
                "64 facts and news, a fact",
            )
        },
        rung(
            "worker-1",
            backlog::settle,
            "A worker settles one event: effect, memory and offset in one transaction",
            "worker, an event",
        ),
    ]
}

fn batches() -> Curve {
    let series = |id, client, title| {
        along(id, title, client, &[1, 4, 16, 64, 256, 512], |samples| {
            // A sample is the time per event.
            1e9 / samples.quantile_ns(0.5)
        })
    };
    Curve {
        id: "event-batches",
        title: "Durable events a second, by how many share a sync",
        x: Axis {
            name: "events in a batch",
            unit: "",
            logarithmic: true,
        },
        y: Axis {
            name: "durable events a second",
            unit: "",
            logarithmic: true,
        },
        series: vec![
            series("batch-raw", log::append_many, "append + one fdatasync"),
            series("batch-stream", log::publish_many, "the stream"),
        ],
    }
}

fn backlogs() -> Curve {
    let series = |id, title, value| {
        let at = &[10, 20, 30, 40, 50, 60, 70, 80, 90, 95];
        along(id, title, backlog::arrivals, at, value)
    };
    Curve {
        id: "backlog",
        title: "A worker's backlog, by how much of its time it is busy",
        x: Axis {
            name: "arrivals",
            unit: "% of what the worker can do",
            logarithmic: false,
        },
        y: Axis {
            name: "events waiting or in hand",
            unit: "",
            logarithmic: false,
        },
        series: vec![
            series("backlog-seen", "looked at now and then", |samples| {
                samples.counted("seen") / samples.counted("looks").max(1.0)
            }),
            series("backlog-little", "arrival rate × time in it", |samples| {
                samples.counted("waited-us") / samples.counted("took-us").max(1.0)
            }),
        ],
    }
}

fn along(
    id: &'static str,
    title: &'static str,
    client: fn(&Seat) -> Result<Probe, String>,
    at: &'static [u64],
    value: fn(&Samples) -> f64,
) -> Series {
    Series {
        title,
        side: Side {
            id,
            server: None,
            client,
        },
        at,
        least: LEAST,
        once: false,
        value,
    }
}

fn lessons(record: &Record) -> Vec<String> {
    let p50 = |id| record.p50(id, Placement::InProcess);
    let mut lessons = Vec::new();
    if let (Some(without), Some(with)) = (p50("rows-64"), p50("outbox-64")) {
        lessons.push(format!(
            "News in the same transaction makes a fact take {} instead of {}, {} times as long, at 64 \
             together, and costs no sync.",
            time(with),
            time(without),
            count(with / without)
        ));
    }
    if let (Some(raw), Some(stream)) = (p50("log-raw-512"), p50("stream-512")) {
        lessons.push(format!(
            "At 512 in a batch an event in the stream takes {}, {} times the bare append, and is as safe.",
            time(stream),
            count(stream / raw)
        ));
    }
    lessons
}
