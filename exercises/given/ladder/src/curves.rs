//! Curves on the terminal: a row a point, a column a series.

use std::fmt::Write as _;

use crate::lines::{WIDTH, wrapped};
use crate::record::{Axis, Curve, Series, Status};
use crate::units;

/// Larger than any count of a curve, and than what would need its thousands set off.
const EXACT_BELOW: f64 = 1_000.0;

/// The figures of a curve, with its title above and what was counted below.
pub fn table(curve: &Curve) -> String {
    let mut out = format!("\n{}\n", curve.title);
    let shown: Vec<&Series> = curve
        .series
        .iter()
        .filter(|series| series.status == Status::Measured)
        .collect();
    if !shown.is_empty() {
        figures(&mut out, curve, &shown);
    }
    for series in &curve.series {
        let said = match series.status {
            Status::Measured if series.counts.is_empty() => continue,
            Status::Measured => format!("counted {}", units::counts(&series.counts)),
            Status::NotBuilt => format!("not built yet: {}", series.message),
            Status::Unavailable => format!("no figures: {}", series.message),
        };
        out.push_str(&wrapped(&format!("{}: ", series.title), &said));
    }
    out
}

fn figures(out: &mut String, curve: &Curve, shown: &[&Series]) {
    let width = WIDTH / (shown.len() + 1);
    let _ = write!(out, "{:>width$}", named(&curve.x));
    for series in shown {
        let _ = write!(out, "{:>width$}", series.title);
    }
    out.push('\n');
    let mut xs: Vec<f64> = shown
        .iter()
        .flat_map(|series| series.points.iter().map(|point| point.x))
        .collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    for x in xs {
        let _ = write!(out, "{x:>width$}");
        for series in shown {
            let mut points = series.points.iter();
            let point = points.find(|point| point.x.total_cmp(&x).is_eq());
            let cell = point.map_or_else(|| "–".to_owned(), |point| value(point.y, &curve.y));
            let _ = write!(out, "{cell:>width$}");
        }
        out.push('\n');
    }
}

fn named(axis: &Axis) -> String {
    if axis.unit.is_empty() {
        axis.name.clone()
    } else {
        format!("{}, {}", axis.name, axis.unit)
    }
}

fn value(y: f64, axis: &Axis) -> String {
    // What was counted is exact.
    let number = if y.fract() == 0.0 && y < EXACT_BELOW {
        y.to_string()
    } else {
        units::count(y)
    };
    if axis.unit.is_empty() {
        number
    } else {
        format!("{number} {}", axis.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Point;
    use std::collections::BTreeMap;

    #[test]
    fn series_stand_side_by_side_and_a_missing_one_says_why() {
        let axis = |name: &str, unit: &str| Axis {
            name: name.to_owned(),
            unit: unit.to_owned(),
            logarithmic: true,
        };
        let series = |title: &str, xs: &[f64]| Series {
            id: title.to_owned(),
            title: title.to_owned(),
            status: Status::Measured,
            message: String::new(),
            points: xs
                .iter()
                .map(|&x| Point {
                    x,
                    y: x * 1000.0,
                    low: x,
                    high: x,
                })
                .collect(),
            counts: BTreeMap::new(),
        };
        let unbuilt = Series {
            status: Status::NotBuilt,
            message: "Share the load".to_owned(),
            ..series("shared", &[])
        };
        let curve = Curve {
            id: "c".to_owned(),
            title: "Writes a second".to_owned(),
            x: axis("group", ""),
            y: axis("writes", "/s"),
            series: vec![series("raw", &[1.0, 64.0]), series("own", &[1.0]), unbuilt],
        };
        let table = table(&curve);
        let rows: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[2], ["group", "raw", "own"]);
        assert_eq!(rows[3], ["1", "1,000", "/s", "1,000", "/s"]);
        assert_eq!(rows[4], ["64", "64,000", "/s", "–"]);
        assert!(table.ends_with("shared: not built yet: Share the load\n"));
    }
}
