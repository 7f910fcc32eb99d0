//! What shards bring over one competent thread: `cargo course measure placement`, or
//!
//! ```text
//! cargo bench -p placement --features bench --bench shards -- --quick
//! ```
//!
//! The same history is scored by your one thread and by your shards. They are threads of one process,
//! so nothing is lost and there is no distance: what is left is what sharding costs in itself, which is
//! bytes, copies, and waiting for the slowest. Nothing is pinned here: the one thread, like the shards,
//! may run on every CPU that this process may, or a busy CPU would count for the shards. With more
//! shards than CPUs, the curve shows what the surplus costs.

mod lessons;
mod work;

use std::process::ExitCode;
use std::thread::available_parallelism;

use ladder::child::{Probe, Seat, Side};
use ladder::derived;
use ladder::main_deriving;
use ladder::record::{Curve as Measured, Record};
use ladder::slice::Samples;
use ladder::suite::{Axis, Curve, Rung, Series, Suite};
use placement::usl::{Point, Usl};

use crate::work::LEARNERS;

/// What all else is compared with.
const BASE: &str = "one-thread";

/// How many shards are tried.
const SHARDS: [u32; 6] = [1, 2, 3, 4, 6, 8];

/// The same numbers as places on the axis.
const PLACES: &[u64] = &[1, 2, 3, 4, 6, 8];

/// A run is longer than a slice. One after the warm-up is enough, for there are many rounds; more would
/// make measuring take minutes.
const LEAST: u64 = 1;

fn main() -> ExitCode {
    let suite = Suite {
        what: "placement",
        title: "The placement",
        against: "one thread",
        command: ["placement", "shards"],
        rungs: rungs(),
        curves: vec![scaling()],
        lessons: lessons::lessons,
        picture: None,
    };
    main_deriving(&suite, derive)
}

fn rungs() -> Vec<Rung> {
    let run = |id, client, title, short| Rung {
        base: BASE,
        least: LEAST,
        ..Rung::within(id, client, title, short)
    };
    let shards = |id, client, title, short| Rung {
        needs: Some(BASE),
        note: |_| cpus(),
        ..run(id, client, title, short)
    };
    vec![
        run(
            BASE,
            work::one_thread,
            "Scoring 20,000 learners on one thread",
            "one thread",
        ),
        Rung {
            control: true,
            ..run(
                "one-thread-again",
                work::one_thread,
                "The same once more",
                "one thread, once more",
            )
        },
        shards(
            "shards-1",
            work::shards::<1>,
            "The same on 1 shard: what sharding costs before it brings anything",
            "1 shard",
        ),
        shards(
            "shards-2",
            work::shards::<2>,
            "The same on 2 shards",
            "2 shards",
        ),
    ]
}

fn cpus() -> String {
    match available_parallelism().map_or(0, usize::from) {
        0 => String::new(),
        1 => "1 CPU for all shards".to_owned(),
        cpus => format!("{cpus} CPUs for all shards"),
    }
}

fn scaling() -> Curve {
    let series = |id, title, client: fn(&Seat) -> Result<Probe, String>, at| Series {
        title,
        side: Side {
            id,
            server: None,
            client,
        },
        at,
        least: LEAST,
        once: false,
        value: learners_a_second,
    };
    Curve {
        id: "scaling",
        title: "Learners scored a second, by the number of shards",
        x: Axis {
            name: "shards",
            unit: "",
            logarithmic: false,
        },
        y: Axis {
            name: "learners a second",
            unit: "",
            logarithmic: false,
        },
        series: vec![
            // It has no shards to vary: measured once a round, and drawn from end to end.
            series("thread", "one thread", work::one_thread, &[1]),
            series("sharded", "shards", work::many_shards, PLACES),
        ],
    }
}

fn learners_a_second(samples: &Samples) -> f64 {
    f64::from(LEARNERS) / (samples.quantile_ns(0.5) / 1e9)
}

fn derive(record: &mut Record) {
    for curve in &mut record.curves {
        for series in curve.series.iter_mut().filter(|s| s.id == "thread") {
            if let [one] = series.points[..] {
                let along = SHARDS.map(|shards| ladder::record::Point {
                    x: shards.into(),
                    ..one
                });
                series.points = along.into();
            }
        }
    }
    derived::add(record, "scaling", "law", "the law, fitted", |curve| {
        let usl = law(curve)?;
        let point = |shards: u32| derived::exact(shards.into(), usl.throughput(shards));
        Ok(SHARDS.map(point).into())
    });
}

/// Your fit to what the shards brought.
fn law(curve: &Measured) -> Result<Usl, String> {
    let points: Vec<Point> = sharded(curve)
        .into_iter()
        .map(|(shards, point)| Point {
            shards,
            throughput: point.y,
        })
        .collect();
    if points.is_empty() {
        return Err("there are no points to fit it to".to_owned());
    }
    Usl::fit(&points).map_err(|why| why.to_string())
}

/// What was measured with how many shards.
fn sharded(curve: &Measured) -> Vec<(u32, ladder::record::Point)> {
    let series = curve.series.iter().find(|series| series.id == "sharded");
    let points = series.map_or(&[][..], |series| &series.points);
    let at = |shards: u32| {
        let mut points = points.iter();
        let point = points.find(|point| point.x.total_cmp(&shards.into()).is_eq())?;
        Some((shards, *point))
    };
    SHARDS.into_iter().filter_map(at).collect()
}
