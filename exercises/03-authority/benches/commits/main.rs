//! What a durable commit costs, alone and in company: `cargo course measure authority`, or
//!
//! ```text
//! cargo bench -p authority --features bench --bench commits -- --quick
//! ```
//!
//! Beside your authority stands the raw thing: bytes appended to a file, and one sync. A sync is most
//! of what a lone commit takes, and what writers share when they wait together. Its time is the disk's
//! business and drifts; that there is exactly one a commit is yours, and is counted.

mod groups;
mod raw;
mod writers;

use std::process::ExitCode;

use ladder::child::Side;
use ladder::cpus::Placement;
use ladder::record::Record;
use ladder::suite::{Axis, Curve, Rung, Series, Suite};
use ladder::units::{count, grouped, time};
use ladder::{main_of, scratch};

/// What all else is compared with.
const BASE: &str = "append-fdatasync";

/// A slow disk syncs four times in a slice; a median wants a few more.
const LEAST: u64 = 7;

fn main() -> ExitCode {
    main_of(&Suite {
        what: "authority",
        title: "The authority",
        against: "append + fdatasync",
        command: ["authority", "commits"],
        rungs: rungs(),
        curves: vec![group_commit()],
        lessons,
        picture: None,
    })
}

fn rungs() -> Vec<Rung> {
    let raw = |id, client, title, short| Rung {
        base: BASE,
        least: LEAST,
        note: scratch::note,
        ..Rung::within(id, client, title, short)
    };
    // The callers run on one thread and the committer on another: on one CPU, or on two.
    let commits = |id, client, title, short| Rung {
        crosses: true,
        ..raw(id, client, title, short)
    };
    vec![
        raw(
            BASE,
            raw::append::<1>,
            "Appending a record of 80 B to a file, and syncing it",
            "append and fdatasync",
        ),
        Rung {
            control: true,
            ..raw(
                "append-fdatasync-again",
                raw::append::<1>,
                "Appending and syncing once more",
                "append, once more",
            )
        },
        commits(
            "commit-1",
            writers::commit::<1>,
            "A write to the authority by a lone writer",
            "1 writer",
        ),
        commits(
            "commit-8",
            writers::commit::<8>,
            "The same with 8 writers at once, time a write",
            "8 writers, a write",
        ),
        commits(
            "commit-64",
            writers::commit::<64>,
            "The same with 64 writers at once, time a write",
            "64 writers, a write",
        ),
        raw(
            "append-group-64",
            raw::append::<64>,
            "Appending 64 records and syncing them once, time a record",
            "append 64, a record",
        ),
    ]
}

fn group_commit() -> Curve {
    let series = |id, client, title| Series {
        title,
        side: Side {
            id,
            server: None,
            client,
        },
        at: &[1, 2, 4, 8, 16, 32, 64, 128, 256],
        least: LEAST,
        once: false,
        // A sample is the time a write.
        value: |samples| 1e9 / samples.quantile_ns(0.5),
    };
    Curve {
        id: "group-commit",
        title: "Durable writes a second, by how many share a sync",
        x: Axis {
            name: "writes in a group",
            unit: "",
            logarithmic: true,
        },
        y: Axis {
            name: "durable writes a second",
            unit: "",
            logarithmic: true,
        },
        series: vec![
            series("group-raw", raw::group, "append + one fdatasync"),
            series("group-authority", groups::commit, "the authority"),
        ],
    }
}

fn lessons(record: &Record) -> Vec<String> {
    let one_cpu = |id| {
        let rung = record.measured(id, Placement::OneCpu);
        rung.or_else(|| record.measured(id, Placement::Unpinned))
    };
    let mut lessons = Vec::new();
    let raw = record.p50(BASE, Placement::InProcess);
    let alone = one_cpu("commit-1").and_then(|rung| rung.p50_ns);
    if let (Some(raw), Some(alone)) = (raw, alone) {
        lessons.push(if alone > raw {
            format!(
                "A lone write takes {}, of which the disk's own share is about {}.",
                time(alone),
                time(raw)
            )
        } else {
            format!(
                "A lone write takes {}, no more than the raw append with its {}: the disk, or a busy \
                 machine, hides all else. Run it again when nothing else runs.",
                time(alone),
                time(raw)
            )
        });
    }
    if let (Some(alone), Some(rung)) = (alone, one_cpu("commit-64")) {
        let counted = |what| rung.counts.get(what).copied().unwrap_or(0);
        let (writes, syncs) = (counted("writes"), counted("syncs"));
        if let Some(shared) = rung.p50_ns
            && syncs > 0
        {
            lessons.push(format!(
                "64 writers at once wait no longer for the disk than one, and {} syncs carried {} \
                 writes: {} a write, {} times less than alone.",
                grouped(syncs),
                grouped(writes),
                time(shared),
                count(alone / shared)
            ));
        }
    }
    lessons
}
