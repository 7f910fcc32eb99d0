//! What an answer from the edge costs, and what it saves: `cargo course measure edge`, or
//!
//! ```text
//! cargo bench -p edge --features bench --bench hits -- --quick
//! ```
//!
//! Your edge is compared with a server that has nothing to decide: the difference is the price of the
//! decisions. How many requests the origin is saved, and how many answers had changed when they were
//! served, is counted in virtual time, and is the same on every machine.

mod answers;
mod nginx;
mod saved;

use std::process::ExitCode;

use ladder::child::{Server, Side};
use ladder::cpus::Placement;
use ladder::main_of;
use ladder::record::Record;
use ladder::slice::Samples;
use ladder::suite::{Axis, Curve, Rung, Series, Suite};
use ladder::units::{count, time};

/// What everything else is compared with.
const BASE: &str = "http-answer";

fn main() -> ExitCode {
    main_of(&Suite {
        what: "edge",
        title: "The edge",
        against: "a bare HTTP answer",
        command: ["edge", "hits"],
        rungs: rungs(),
        curves: vec![saved_by_lifetime()],
        lessons,
        picture: None,
    })
}

fn rungs() -> Vec<Rung> {
    let crossing = |id, server: Server, title, short| Rung {
        crosses: true,
        base: BASE,
        side: Side {
            id,
            server: Some(server),
            client: answers::ask,
        },
        ..Rung::within(id, answers::ask, title, short)
    };
    vec![
        crossing(
            BASE,
            answers::bare,
            "GET of 13 KiB over a kept connection, from a server that decides nothing",
            "bare HTTP answer",
        ),
        Rung {
            control: true,
            ..crossing(
                "http-answer-again",
                answers::bare,
                "The same once more",
                "bare answer once more",
            )
        },
        crossing(
            "edge-hit",
            answers::edge,
            "The same, answered from your edge's store",
            "edge hit",
        ),
        crossing(
            "nginx-hit",
            nginx::cached,
            "The same, answered from nginx's cache",
            "nginx hit, if it is there",
        ),
        Rung::within(
            "edge-handle",
            answers::handle,
            "The hit without any connection: your edge's decisions",
            "edge hit, no connection",
        ),
    ]
}

fn saved_by_lifetime() -> Curve {
    let series = |id, title, value: fn(&Samples) -> f64| Series {
        title,
        side: Side {
            id,
            server: None,
            client: saved::run,
        },
        at: &[1, 2, 5, 10, 20, 60, 120, 300, 600],
        least: 1,
        once: true,
        value,
    };
    Curve {
        id: "edge-saved",
        title: "What reaches the origin, and what is served although it has changed, by the lifetime",
        x: Axis {
            name: "lifetime",
            unit: "s",
            logarithmic: true,
        },
        y: Axis {
            name: "requests",
            unit: "%",
            logarithmic: false,
        },
        series: vec![
            series("saved-fetches", "reach the origin", |samples| {
                100.0 * samples.counted("fetches") / samples.counted("requests")
            }),
            series("saved-changed", "changed, and served", |samples| {
                100.0 * samples.counted("changed") / samples.counted("requests")
            }),
        ],
    }
}

fn lessons(record: &Record) -> Vec<String> {
    let p50 = |id| record.measured(id, Placement::OneCpu)?.p50_ns;
    let mut lessons = Vec::new();
    if let (Some(bare), Some(hit)) = (p50(BASE), p50("edge-hit")) {
        lessons.push(format!(
            "A hit takes {} where a server that decides nothing takes {}, {} times as long. What an edge \
             saves is the distance behind it, and no distance is in these figures.",
            time(hit),
            time(bare),
            count(hit / bare)
        ));
    }
    lessons
}
