//! From what was measured to what is written: medians, ratios within a round, points.

use std::path::Path;

use crate::cpus::{Cpus, Placement};
use crate::measure::{Entry, Part};
use crate::record::{Axis, Curve, Figure, Point, Ratio, Series, Status};
use crate::rounds::Spread;
use crate::slice::Samples;
use crate::suite::{self, Rung, Suite};

/// The rungs that are shown.
pub fn rungs(entries: &[Entry<'_>], folder: &Path) -> Vec<Figure> {
    let of_rungs = entries.iter().filter_map(|entry| match entry.part {
        Part::Rung(rung) if !rung.control => Some((entry, rung)),
        _ => None,
    });
    of_rungs
        .map(|(entry, rung)| figure(entry, rung, ratio(entries, entry, rung), folder))
        .collect()
}

/// Each base against itself, in each placement.
pub fn noise(entries: &[Entry<'_>]) -> Vec<Ratio> {
    let controls = entries.iter().filter_map(|entry| match entry.part {
        Part::Rung(rung) if rung.control && entry.pair.is_ok() => Some((entry, rung)),
        _ => None,
    });
    controls
        .filter_map(|(entry, rung)| ratio(entries, entry, rung))
        .collect()
}

/// The curves, each series with the points that could be measured.
pub fn curves(suite: &Suite, entries: &[Entry<'_>]) -> Vec<Curve> {
    let axis = |axis: suite::Axis| Axis {
        name: axis.name.to_owned(),
        unit: axis.unit.to_owned(),
        logarithmic: axis.logarithmic,
    };
    suite
        .curves
        .iter()
        .map(|curve| Curve {
            id: curve.id.to_owned(),
            title: curve.title.to_owned(),
            x: axis(curve.x),
            y: axis(curve.y),
            series: curve.series.iter().map(|s| series(entries, s)).collect(),
        })
        .collect()
}

fn figure(entry: &Entry<'_>, rung: &Rung, ratio: Option<Ratio>, folder: &Path) -> Figure {
    let (status, message) = status(entry);
    let measured = status == Status::Measured;
    let quantile = |share| measured.then(|| entry.samples.quantile_ns(share));
    Figure {
        id: rung.side.id.to_owned(),
        title: rung.title.to_owned(),
        placement: entry.placement,
        status,
        message,
        note: if measured {
            (rung.note)(folder)
        } else {
            String::new()
        },
        p50_ns: quantile(0.5),
        p99_ns: quantile(0.99),
        samples: entry.samples.len(),
        rounds: entry.rounds.len(),
        ratio: ratio.filter(|_| measured),
        counts: entry.samples.counts().clone(),
    }
}

fn status(entry: &Entry<'_>) -> (Status, String) {
    match &entry.pair {
        Ok(_) if entry.samples.is_empty() => {
            (Status::Unavailable, "no sample was taken".to_owned())
        }
        Ok(_) => (Status::Measured, String::new()),
        Err(broken) => (broken.status, broken.message.clone()),
    }
}

/// Against the base in the same placement; where only one of the two crosses, on one CPU.
fn ratio(entries: &[Entry<'_>], entry: &Entry<'_>, rung: &Rung) -> Option<Ratio> {
    let home = Cpus::home_of(entries.iter().map(|entry| entry.placement));
    let base_in = |placement| {
        entries.iter().find(|entry| {
            matches!(entry.part, Part::Rung(base) if base.side.id == rung.base)
                && entry.placement == placement
        })
    };
    let base = base_in(entry.placement)
        .or_else(|| base_in(home))
        .or_else(|| base_in(Placement::InProcess))?;
    base.pair.as_ref().ok()?;
    let spread = Spread::of_ratios(&entry.rounds, &base.rounds)?;
    Some(Ratio {
        to: rung.base.to_owned(),
        placement: base.placement,
        median: spread.median,
        low: spread.low,
        high: spread.high,
    })
}

fn series(entries: &[Entry<'_>], series: &suite::Series) -> Series {
    let of_series: Vec<_> = entries
        .iter()
        .filter_map(|entry| match entry.part {
            Part::Point(of, at) if of.side.id == series.side.id => Some((entry, at)),
            _ => None,
        })
        .collect();
    // A series that has a point in it is worth drawing, whatever became of the others.
    let (status, message) = of_series
        .iter()
        .map(|(entry, _)| status(entry))
        .min_by_key(|(status, _)| *status != Status::Measured)
        .unwrap_or((Status::Unavailable, "it has no points".to_owned()));
    let mut all = Samples::default();
    for (entry, _) in &of_series {
        all.merge(&entry.samples);
    }
    Series {
        id: series.side.id.to_owned(),
        title: series.title.to_owned(),
        status,
        message,
        points: of_series
            .iter()
            .filter(|(entry, _)| entry.pair.is_ok())
            .filter_map(|(entry, at)| point(*at, &entry.rounds))
            .collect(),
        counts: all.counts().clone(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "no axis reaches 2^52")]
fn point(at: u64, rounds: &[f64]) -> Option<Point> {
    let spread = Spread::of(rounds.iter().copied())?;
    Some(Point {
        x: at as f64,
        y: spread.median,
        low: spread.low,
        high: spread.high,
    })
}
