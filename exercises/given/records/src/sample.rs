//! Made-up figures, for tests of code that shows records.

use std::collections::BTreeMap;

use crate::record::{Build, FORMAT, Figure, Machine, Placement, Ratio, Record, Status};

/// A record of made-up but plausible figures.
pub fn sample() -> Record {
    use Placement::{InProcess, OneCpu, TwoCpus};
    let rungs = [
        ("fn-call", "a function call", InProcess, 1.0),
        ("mutex", "an uncontended lock", InProcess, 17.0),
        ("tcp-loopback", "TCP loopback", OneCpu, 6400.0),
        ("tcp-loopback", "TCP loopback", TwoCpus, 85_000.0),
        ("rpc", "the framed RPC", OneCpu, 9000.0),
        ("rpc-rtt-20ms", "the same, 20 ms away", OneCpu, 20_050_000.0),
        ("append", "an append", InProcess, 1300.0),
        ("append-fsync", "a synced append", InProcess, 240_000.0),
        ("calls-100", "100 calls", OneCpu, 900_000.0),
        ("batch-100", "a batch of 100", OneCpu, 20_000.0),
    ];
    Record {
        format: FORMAT,
        what: "ladder".into(),
        by: None,
        measured_at: "2026-11-23T03:30:00Z".into(),
        quick: false,
        ours: false,
        machine: Machine {
            cpu: "Example".into(),
            logical_cpus: 2,
            os: "Linux 6.18".into(),
            virtual_machine: true,
        },
        build: Build {
            optimised: true,
            rustc: "1.95.0".into(),
        },
        noise: vec![ratio("tcp-loopback", OneCpu, 1.0)],
        rungs: rungs
            .map(|(id, title, placement, ns)| Figure {
                id: id.into(),
                title: title.into(),
                placement,
                status: Status::Measured,
                message: String::new(),
                note: String::new(),
                p50_ns: Some(ns),
                p99_ns: Some(ns * 1.5),
                samples: 1000,
                rounds: 31,
                counts: BTreeMap::new(),
                ratio: Some(match placement {
                    TwoCpus => ratio("tcp-loopback", TwoCpus, ns / 85_000.0),
                    _ => ratio("tcp-loopback", OneCpu, ns / 6400.0),
                }),
            })
            .into(),
        curves: Vec::new(),
    }
}

fn ratio(to: &str, placement: Placement, median: f64) -> Ratio {
    Ratio {
        to: to.into(),
        placement,
        median,
        low: median * 0.98,
        high: median * 1.02,
    }
}
