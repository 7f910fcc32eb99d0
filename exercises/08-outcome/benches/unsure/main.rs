//! What callers were told, compared with what happened: `cargo course measure outcome`, or
//!
//! ```text
//! cargo bench -p outcome --features bench --bench unsure -- --quick
//! ```
//!
//! Ten thousand callers each want one thing, over a transport that loses some of its messages in each direction.
//! What was told and what became durable is counted, with fixed random numbers and in virtual time, so it is
//! the same on every machine. The only times are those of a call that nothing happens to: what a key, a
//! deadline and an outcome cost when they are not needed.

mod callers;
mod lossy;

use std::process::ExitCode;

use ladder::child::{Probe, Seat, Side};
use ladder::main_of;
use ladder::record::Record;
use ladder::slice::Samples;
use ladder::suite::{Axis, Curve, Rung, Series, Suite};

/// What the call is compared with.
const BASE: &str = "wallet-answer";

/// How many of a hundred messages are lost in each direction.
const LOST: &[u64] = &[0, 1, 2, 5, 10, 20, 30, 50];

fn main() -> ExitCode {
    main_of(&Suite {
        what: "outcome",
        title: "What callers are told",
        against: "the wallet alone",
        command: ["outcome", "unsure"],
        rungs: rungs(),
        curves: vec![told(), wrong()],
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
            callers::wallet_alone,
            "A new command at the wallet: memory, decision and commit, with books in memory",
            "wallet alone",
        ),
        Rung {
            control: true,
            ..within(
                "wallet-answer-again",
                callers::wallet_alone,
                "The same once more",
                "wallet once more",
            )
        },
        within(
            "outcome-call",
            callers::whole_call,
            "The same through a caller: deadline, one try, two messages as bytes, an outcome",
            "through a caller",
        ),
    ]
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
        "Calls without a reply, those of them that happened, and those that stay unknown after four tries",
        vec![
            series("unsure-one-try", "no reply", callers::one_try, |samples| {
                share(samples, "unknown")
            }),
            series(
                "unsure-happened",
                "of these, happened",
                callers::one_try,
                |samples| share(samples, "unknown and happened"),
            ),
            series(
                "unsure-four-tries",
                "after four tries",
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
        "Wishes that happened twice because each try has its own key, and wishes that were called failed and happened",
        vec![
            series(
                "wrong-new-keys",
                "happened twice",
                callers::new_keys,
                |samples| share(samples, "twice"),
            ),
            series(
                "wrong-failed",
                "called failed",
                callers::one_try,
                |samples| share(samples, "unknown and happened"),
            ),
            series(
                "wrong-yours",
                "one key, four tries",
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
