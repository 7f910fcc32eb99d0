//! `{{#map | caption}}`: the way through the course as a figure: each lab in its part, how long it takes,
//! and which earlier labs it is built on.
//!
//! Drawn from `lab.toml` and the labs' manifests, so that it cannot contradict them; the parts are those
//! of SUMMARY.md. Narrow enough for a phone.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};

use crate::book::context::Context;
use crate::book::html;
use crate::lab::{self, Lab, Whose, duration};

const WIDTH: f64 = 350.0;
/// Where the boxes begin; the arrows are to the left of them.
const LEFT: f64 = 44.0;
const ROW: f64 = 58.0;
const BOX: f64 = 48.0;
const HEADING: f64 = 34.0;
/// Between two arrows side by side.
const LANE: f64 = 8.0;

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let caption = arguments.trim_start_matches('|').trim();
    let labs = lab::all(context.repo)?;
    ensure!(!labs.is_empty(), "there is no lab in exercises/");
    let rows = rows(context, &labs)?;
    let caption = if caption.is_empty() {
        String::new()
    } else {
        format!("<figcaption>{}</figcaption>", html::inline(caption))
    };
    Ok(format!(
        "<figure class=\"hc-figure\" id=\"map\">{}{caption}</figure>",
        svg(&rows)
    ))
}

/// A lab as the figure shows it.
struct Row {
    name: String,
    title: String,
    /// The part, if it is the first lab in it.
    heading: Option<String>,
    time: String,
    /// The rows of the labs that it is built on.
    on: Vec<usize>,
    y: f64,
}

fn rows(context: &Context<'_>, labs: &[Lab]) -> Result<Vec<Row>> {
    let summary = context.repo.book_src().join("SUMMARY.md");
    let summary = std::fs::read_to_string(&summary).context("cannot read SUMMARY.md")?;
    let mut rows: Vec<Row> = Vec::new();
    let mut part = String::new();
    let mut y = 4.0;
    for lab in labs {
        let own = part_of(&summary, &lab.chapter);
        let heading = (own != part && !own.is_empty()).then(|| own.clone());
        part = own;
        if heading.is_some() {
            y += HEADING;
        }
        rows.push(Row {
            name: lab.name.clone(),
            title: format!("{} · {}", lab.number, html::plain(&lab.title)),
            heading,
            time: time(lab),
            on: earlier(context, labs, lab),
            y,
        });
        y += ROW;
    }
    Ok(rows)
}

/// The heading of SUMMARY.md above a page; empty if there is none.
fn part_of(summary: &str, chapter: &str) -> String {
    let link = format!("({chapter})");
    let mut heading = "";
    for line in summary.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            heading = text.trim();
        } else if line.contains(&link) {
            return heading.to_owned();
        }
    }
    String::new()
}

/// A lab has a core, after which one may go on, and a hardening part.
fn time(lab: &Lab) -> String {
    let minutes = lab.minutes;
    let core = format!("core {}", duration(minutes.total()));
    if minutes.hardening == 0 {
        return core;
    }
    format!("{core} · hardening {}", duration(minutes.hardening))
}

fn earlier(context: &Context<'_>, labs: &[Lab], lab: &Lab) -> Vec<usize> {
    let needs = lab.needs(context.repo);
    let needs = needs.iter().filter(|needed| needed.whose != Whose::Given);
    needs
        .filter_map(|needed| {
            labs.iter()
                .position(|other| needed.folder.ends_with(&other.folder))
        })
        .collect()
}

fn svg(rows: &[Row]) -> String {
    let height = rows.last().map_or(0.0, |row| row.y + ROW);
    let mut out = format!(
        "<svg class=\"hc-fit\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"430\" role=\"img\" aria-labelledby=\"map-title map-desc\" font-size=\"14\" fill=\"currentColor\"><title id=\"map-title\">The way through the course</title><desc id=\"map-desc\">{}</desc><defs><marker id=\"map-arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 L10 5 L0 10 z\" fill=\"currentColor\"/></marker></defs>",
        html::escape(&in_words(rows))
    );
    for row in rows {
        if let Some(heading) = &row.heading {
            let _ = write!(
                out,
                "<text x=\"{LEFT}\" y=\"{:.0}\" font-weight=\"600\" fill-opacity=\"0.75\">{}</text>",
                row.y - 9.0,
                html::escape(heading)
            );
        }
        let _ = write!(
            out,
            "<rect x=\"{LEFT}\" y=\"{:.0}\" width=\"{:.0}\" height=\"{BOX}\" rx=\"6\" fill=\"currentColor\" fill-opacity=\"0.06\" stroke=\"currentColor\" stroke-opacity=\"0.45\"/><text x=\"{:.0}\" y=\"{:.0}\" font-weight=\"600\">{}</text><text x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            row.y,
            WIDTH - LEFT - 4.0,
            LEFT + 12.0,
            row.y + 20.0,
            html::escape(&row.title),
            LEFT + 12.0,
            row.y + 39.0,
            html::escape(&row.time)
        );
    }
    arrows(&mut out, rows);
    out + "</svg>"
}

/// One for each lab that another is built on, to the left of the boxes. Arrows that would run beside
/// each other get lanes of their own.
fn arrows(out: &mut String, rows: &[Row]) {
    let mut lanes: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut edges: Vec<(usize, usize)> = rows
        .iter()
        .enumerate()
        .flat_map(|(to, row)| row.on.iter().map(move |&from| (from, to)))
        .collect();
    edges.sort_by_key(|&(from, to)| (to.abs_diff(from), from));
    for (from, to) in edges {
        let free = |lane: &Vec<(usize, usize)>| lane.iter().all(|&(f, t)| t <= from || to <= f);
        let lane = lanes.iter().position(free).unwrap_or_else(|| {
            lanes.push(Vec::new());
            lanes.len() - 1
        });
        lanes[lane].push((from, to));
        #[expect(clippy::cast_precision_loss, reason = "a handful of lanes")]
        let x = (LEFT - 16.0 - LANE * lane as f64).max(4.0);
        let (start, end) = (rows[from].y + 34.0, rows[to].y + 16.0);
        let _ = write!(
            out,
            "<path d=\"M{LEFT} {start:.0}H{x:.0}V{end:.0}H{:.0}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" stroke-linejoin=\"round\" marker-end=\"url(#map-arrow)\"/>",
            LEFT - 1.0
        );
    }
}

fn in_words(rows: &[Row]) -> String {
    let mut words = String::new();
    for row in rows {
        if let Some(heading) = &row.heading {
            let _ = write!(words, "{heading}. ");
        }
        let on: Vec<&str> = row.on.iter().map(|&on| rows[on].name.as_str()).collect();
        let on = if on.is_empty() {
            "needs no other lab".to_owned()
        } else {
            format!("is built on {}", on.join(" and "))
        };
        let _ = write!(words, "{}: {}, {on}. ", row.title, row.time);
    }
    words.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Row, arrows, in_words, part_of};

    #[test]
    fn a_labs_part_is_the_heading_above_its_chapter() {
        let summary = "# Summary\n[Intro](intro.md)\n\n# Part 0\n- [M](evening/measure.md)\n# Part I\n- [S](scope/index.md)\n  - [1](scope/measure.md)\n";
        assert_eq!(part_of(summary, "scope/measure.md"), "Part I");
        assert_eq!(part_of(summary, "evening/measure.md"), "Part 0");
        assert_eq!(part_of(summary, "nowhere.md"), "");
    }

    fn row(name: &str, on: &[usize], y: f64) -> Row {
        Row {
            name: name.to_owned(),
            title: name.to_owned(),
            heading: None,
            time: "1 h".to_owned(),
            on: on.to_vec(),
            y,
        }
    }

    #[test]
    fn arrows_side_by_side_have_lanes_of_their_own() {
        let rows = [
            row("a", &[], 0.0),
            row("b", &[0], 60.0),
            row("c", &[0, 1], 120.0),
        ];
        let mut out = String::new();
        arrows(&mut out, &rows);
        assert_eq!(out.matches("H28V").count(), 2, "one after the other: {out}");
        assert_eq!(out.matches("H20V").count(), 1, "{out}");
        assert!(in_words(&rows).ends_with("c: 1 h, is built on a and b."));
    }
}
