//! A curve as an SVG for the inside of a page: lines over two axes, in the page's own colours.
//!
//! Drawn when the book is built, because a page has to show it without JavaScript and offline. A
//! crate for charts would bring fonts, colours and a rasteriser; a course needs two axes, some lines,
//! and words for those who do not see them.

mod scale;

use std::fmt::Write as _;

use super::html;
use records::record::{Axis, Curve, Point, Series};
use records::units::number;
use scale::Scale;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 330.0;
/// The plot's edges; the legend is above it, the names of the axes around it.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 700.0;
const BOTTOM: f64 = 270.0;
/// A line of the legend takes this much.
const LEGEND_LINE: f64 = 22.0;

/// Lines differ by dash and mark, so that nobody has to distinguish colours.
const DASHES: [&str; 4] = ["", "7 4", "2 4", "10 3 2 3"];

/// The chart; `name` starts the ids in it, for a page may hold several.
pub fn svg(curve: &Curve, name: &str) -> String {
    let drawn: Vec<&Series> = curve
        .series
        .iter()
        .filter(|series| !series.points.is_empty())
        .collect();
    let points = || drawn.iter().flat_map(|series| &series.points);
    #[expect(clippy::cast_precision_loss, reason = "a handful of series")]
    let top = 40.0 + LEGEND_LINE * drawn.len() as f64;
    let x = Scale::of_values(points().map(|p| p.x), curve.x.logarithmic, LEFT, RIGHT);
    let y = Scale::from_zero(
        points().flat_map(|p| [p.low, p.y, p.high]),
        curve.y.logarithmic,
        BOTTOM,
        top,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" role=\"img\" aria-labelledby=\"{name}-title {name}-desc\" font-size=\"14\" fill=\"currentColor\"><title id=\"{name}-title\">{}</title><desc id=\"{name}-desc\">{}</desc>",
        html::escape(&curve.title),
        html::escape(&in_words(curve, &drawn))
    );
    axes(&mut out, curve, &x, &y, top);
    for (index, series) in drawn.iter().enumerate() {
        line(&mut out, index, &series.points, &x, &y);
        legend(&mut out, index, &series.title);
    }
    out + "</svg>"
}

/// Every figure of the chart in a table; what low and high mean stands in its caption.
pub fn table(curve: &Curve) -> String {
    let drawn: Vec<&Series> = curve
        .series
        .iter()
        .filter(|series| !series.points.is_empty())
        .collect();
    let mut out = format!(
        "<div class=\"table-wrapper\" role=\"region\" aria-label=\"The figures of: {0}\" tabindex=\"0\"><table class=\"hc-points\"><caption>{0}: medians, and in brackets the lowest and highest round</caption><thead><tr><th scope=\"col\">{1}</th>",
        html::escape(&curve.title),
        html::escape(&named(&curve.x))
    );
    for series in &drawn {
        let _ = write!(
            out,
            "<th scope=\"col\">{}, {}</th>",
            html::escape(&series.title),
            html::escape(&named(&curve.y))
        );
    }
    out.push_str("</tr></thead><tbody>");
    for x in xs(&drawn) {
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", number(x));
        for series in &drawn {
            let point = series.points.iter().find(|p| p.x.total_cmp(&x).is_eq());
            let cell = point.map_or_else(|| "–".to_owned(), figure);
            let _ = write!(out, "<td>{cell}</td>");
        }
        out.push_str("</tr>");
    }
    out + "</tbody></table></div>"
}

/// A median, with its range where that differs.
fn figure(point: &Point) -> String {
    let [y, low, high] = [point.y, point.low, point.high].map(number);
    if low == y && high == y {
        y
    } else {
        format!("{y} ({low}–{high})")
    }
}

/// `writes a second`, `hit rate, %`.
fn named(axis: &Axis) -> String {
    if axis.unit.is_empty() {
        axis.name.clone()
    } else {
        format!("{}, {}", axis.name, axis.unit)
    }
}

fn xs(drawn: &[&Series]) -> Vec<f64> {
    let points = drawn.iter().flat_map(|series| &series.points);
    let mut xs: Vec<f64> = points.map(|point| point.x).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    xs
}

/// All figures, for those who do not see the lines.
fn in_words(curve: &Curve, drawn: &[&Series]) -> String {
    let mut words = format!("{} against {}.", named(&curve.y), named(&curve.x));
    for series in drawn {
        let points: Vec<String> = series
            .points
            .iter()
            .map(|point| format!("{} at {}", number(point.y), number(point.x)))
            .collect();
        let _ = write!(words, " {}: {}.", series.title, points.join("; "));
    }
    words
}

fn axes(out: &mut String, curve: &Curve, x: &Scale, y: &Scale, top: f64) {
    for tick in y.ticks() {
        let at = y.at(tick);
        let _ = write!(
            out,
            "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/><text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\" font-size=\"12\">{}</text>",
            LEFT - 8.0,
            at + 4.0,
            number(tick)
        );
    }
    for tick in x.ticks() {
        let at = x.at(tick);
        let _ = write!(
            out,
            "<path d=\"M{at:.1} {BOTTOM}v6\" stroke=\"currentColor\" stroke-opacity=\"0.6\"/><text x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"12\">{}</text>",
            BOTTOM + 20.0,
            number(tick)
        );
    }
    let _ = write!(
        out,
        "<path d=\"M{LEFT} {top}V{BOTTOM}H{RIGHT}\" fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.6\"/><text x=\"4\" y=\"{:.0}\" font-size=\"13\">{}</text><text x=\"{RIGHT}\" y=\"{:.0}\" text-anchor=\"end\" font-size=\"13\">{}</text>",
        top - 16.0,
        html::escape(&axis_words(&curve.y)),
        BOTTOM + 44.0,
        html::escape(&axis_words(&curve.x)),
    );
}

fn axis_words(axis: &Axis) -> String {
    let name = named(axis);
    if axis.logarithmic {
        format!("{name} (logarithmic)")
    } else {
        name
    }
}

fn line(out: &mut String, index: usize, points: &[Point], x: &Scale, y: &Scale) {
    let mut path = String::new();
    let mut marks = String::new();
    for point in points {
        let (px, py) = (x.at(point.x), y.at(point.y));
        let _ = write!(
            path,
            "{}{px:.1} {py:.1}",
            if path.is_empty() { "M" } else { "L" }
        );
        // The spread over the rounds, where it can be seen.
        let (low, high) = (y.at(point.low), y.at(point.high));
        if (low - high).abs() > 3.0 {
            let _ = write!(
                marks,
                "<path d=\"M{px:.1} {low:.1}V{high:.1}\" stroke=\"currentColor\" stroke-opacity=\"0.45\"/>"
            );
        }
        mark(&mut marks, index, px, py);
    }
    let _ = write!(
        out,
        "<path d=\"{path}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\"{}/>{marks}",
        dashes(index)
    );
}

fn legend(out: &mut String, index: usize, title: &str) {
    #[expect(clippy::cast_precision_loss, reason = "a handful of series")]
    let y = 14.0 + LEGEND_LINE * index as f64;
    let _ = write!(
        out,
        "<path d=\"M{LEFT} {y}h36\" stroke=\"currentColor\" stroke-width=\"1.8\"{}/>",
        dashes(index)
    );
    mark(out, index, LEFT + 18.0, y);
    let _ = write!(
        out,
        "<text x=\"{:.0}\" y=\"{:.0}\">{}</text>",
        LEFT + 46.0,
        y + 5.0,
        html::escape(title)
    );
}

fn dashes(index: usize) -> String {
    match DASHES[index % DASHES.len()] {
        "" => String::new(),
        dashes => format!(" stroke-dasharray=\"{dashes}\""),
    }
}

/// A disc, a ring, a square, a triangle.
fn mark(out: &mut String, index: usize, x: f64, y: f64) {
    let _ = match index % 4 {
        0 => write!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"),
        // Filled with the page's ground, so that the line does not run through it.
        1 => write!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"var(--bg, none)\" stroke=\"currentColor\" stroke-width=\"1.8\"/>"
        ),
        2 => write!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\"/>",
            x - 3.5,
            y - 3.5
        ),
        _ => write!(out, "<path d=\"M{x:.1} {:.1}l5 8h-10z\"/>", y - 5.0),
    };
}

#[cfg(test)]
mod tests {
    use super::{svg, table};
    use records::record::{Axis, Curve, Point, Series, Status};
    use std::collections::BTreeMap;

    fn curve() -> Curve {
        let axis = |name: &str, unit: &str| Axis {
            name: name.to_owned(),
            unit: unit.to_owned(),
            logarithmic: true,
        };
        let series = |title: &str, factor: f64| Series {
            id: title.to_owned(),
            title: title.to_owned(),
            status: Status::Measured,
            message: String::new(),
            counts: BTreeMap::new(),
            points: [1.0, 4.0, 16.0]
                .map(|x| Point {
                    x,
                    y: x * factor,
                    low: x * factor * 0.8,
                    high: x * factor * 1.2,
                })
                .into(),
        };
        Curve {
            id: "group-commit".to_owned(),
            title: "Sharing a sync & more".to_owned(),
            x: axis("writes in a group", ""),
            y: axis("writes", "a second"),
            series: vec![series("raw", 4000.0), series("authority", 3000.0)],
        }
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows_and_takes_the_pages_colours() {
        let svg = svg(&curve(), "chart-x");
        for part in [
            "role=\"img\" aria-labelledby=\"chart-x-title chart-x-desc\"",
            "<title id=\"chart-x-title\">Sharing a sync &amp; more</title>",
            "raw: 4,000 at 1; 16,000 at 4; 64,000 at 16. authority: 3,000 at 1;",
            "writes, a second (logarithmic)",
            "stroke-dasharray",
        ] {
            assert!(svg.contains(part), "{part}\n{svg}");
        }
        assert!(!svg.contains('#'), "no colour of its own: {svg}");
    }

    #[test]
    fn the_table_has_every_figure_with_its_spread() {
        let table = table(&curve());
        assert!(
            table.contains("<th scope=\"row\">4</th><td>16,000 (12,800–19,200)</td><td>12,000")
        );
    }

    #[test]
    fn a_point_without_a_partner_leaves_a_gap() {
        let mut curve = curve();
        curve.series[1].points.remove(0);
        assert!(table(&curve).contains("<td>–</td>"));
        assert!(svg(&curve, "c").contains("</svg>"));
    }
}
