//! What callers were told, compared with what happened: `cargo course measure outcome`, or
//!
//! ```text
//! cargo bench -p outcome --features bench --bench unsure -- --quick
//! ```
//!
//! A thousand callers each want one thing, over a road that loses some of its messages in each direction.
//! Nothing is timed. What was told and what became durable is counted, with fixed random numbers and in
//! virtual time, so it is the same on every machine.

mod callers;
mod lossy;

use std::process::ExitCode;

use ladder::child::{Probe, Seat, Side};
use ladder::main_of;
use ladder::record::Record;
use ladder::slice::Samples;
use ladder::suite::{Axis, Curve, Series, Suite};

/// How many of a hundred messages are lost in each direction.
const LOST: &[u64] = &[0, 1, 2, 5, 10, 20, 30, 50];

fn main() -> ExitCode {
    main_of(&Suite {
        what: "outcome",
        title: "What callers are told",
        against: "what happened",
        command: ["outcome", "unsure"],
        rungs: Vec::new(),
        curves: vec![told(), wrong()],
        lessons,
        picture: None,
    })
}

/// One line of a curve: how many of a hundred calls.
fn series(
    id: &'static str,
    title: &'static str,
    client: fn(&Seat) -> Result<Probe, String>,
    value: fn(&Samples) -> f64,
) -> Series {
    Series {
        title,
        side: Side {
            id,
            server: None,
            client,
        },
        at: LOST,
        least: 1,
        once: true,
        value,
    }
}

fn share(samples: &Samples, what: &str) -> f64 {
    100.0 * samples.counted(what) / samples.counted("calls")
}

fn curve(id: &'static str, title: &'static str, series: Vec<Series>) -> Curve {
    Curve {
        id,
        title,
        x: Axis {
            name: "messages lost in each direction",
            unit: "%",
            logarithmic: false,
        },
        y: Axis {
            name: "calls",
            unit: "%",
            logarithmic: false,
        },
        series,
    }
}

/// What a caller without a reply knows, and what keys and tries make of it.
fn told() -> Curve {
    curve(
        "outcome-unsure",
        "Calls of which the caller does not know what became of them, and those of them that happened",
        vec![
            series(
                "unsure-one-try",
                "one try: no reply",
                callers::one_try,
                |samples| share(samples, "unknown"),
            ),
            series(
                "unsure-happened",
                "of these, it happened",
                callers::one_try,
                |samples| share(samples, "unknown and happened"),
            ),
            series(
                "unsure-four-tries",
                "four tries: no reply",
                callers::four_tries,
                |samples| share(samples, "unknown"),
            ),
        ],
    )
}

/// What becomes of the same calls if the caller's idea of them is wrong.
fn wrong() -> Curve {
    curve(
        "outcome-wrong",
        "Wishes with the wrong number of effects: two if each try has its own key, none or one unreported if a \
         timeout is taken for an answer",
        vec![
            series(
                "wrong-new-keys",
                "a new key for each try: happened twice or more",
                callers::new_keys,
                |samples| share(samples, "twice"),
            ),
            series(
                "wrong-failed",
                "a timeout taken for a failure: happened, and reported as failed",
                callers::one_try,
                |samples| share(samples, "unknown and happened"),
            ),
            series(
                "wrong-yours",
                "one key, four tries: any of these",
                callers::four_tries,
                |samples| share(samples, "wrong"),
            ),
        ],
    )
}

fn lessons(record: &Record) -> Vec<String> {
    let _ = record;
    vec![
        "These are counts, and the same on every machine. A caller without a reply has learnt nothing about \
         what happened: that is not a matter of how carefully it looks."
            .to_owned(),
    ]
}
