//! The picture of a ladder as measured: a bar a rung on a logarithmic scale.
//!
//! Text for the README and for the book alike. In the book it is part of the page and takes the
//! page's colours; as an image of its own it has no page to take them from, so it brings a light
//! and a dark one, by rules that only match when it is the root of its document.

use std::fmt::Write as _;

use crate::cpus::{Cpus, Placement};
use crate::record::{Figure, Record, Status};
use crate::units::{count, time};

/// Where the course's picture lies, from the repository's root.
pub const PATH: &str = "src/assets/figures/ladder.svg";

const WIDTH: f64 = 760.0;
const TOP: f64 = 44.0;
const ROW: f64 = 27.0;
/// Labels end before this; bars start at it, and it stands for one nanosecond.
const LEFT: f64 = 268.0;
const DECADE: f64 = 42.0;
/// Up to 100 ms.
const DECADES: u32 = 8;
/// Where the two columns of figures end.
const COLUMNS: [f64; 2] = [676.0, 756.0];

/// Draws a record's measured rungs.
pub fn svg(record: &Record) -> String {
    let home = Cpus::home_of(record.rungs.iter().map(|figure| figure.placement));
    let rows = rows(record, home);
    #[expect(clippy::cast_precision_loss, reason = "some fifteen rows")]
    let bottom = TOP + ROW * rows.len() as f64;
    let height = bottom + 40.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" role=\"img\" aria-labelledby=\"ladder-title ladder-desc\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\" fill=\"currentColor\">\n\
         <title id=\"ladder-title\">The ladder, as measured</title>\n\
         <desc id=\"ladder-desc\">{}</desc>\n\
         <style>svg:root{{color:#1f2328}}\
         @media(prefers-color-scheme:dark){{svg:root{{color:#e6edf3}}}}</style>\n",
        description(record, &rows)
    );
    scale(&mut out, bottom);
    heading(&mut out, home);
    let mut y = TOP;
    for row in &rows {
        row.draw(&mut out, y);
        y += ROW;
    }
    let machine = &record.machine;
    let _ = writeln!(
        out,
        "<text x=\"4\" y=\"{:.0}\" font-size=\"12\" fill-opacity=\"0.8\">{}</text>\n</svg>",
        bottom + 28.0,
        escaped(&format!(
            "Medians, logarithmic scale. {}, {}{} CPUs, {}, {}.",
            machine.cpu,
            machine.logical_cpus,
            if machine.virtual_machine {
                " virtual"
            } else {
                ""
            },
            machine.os,
            record.measured_at.split('T').next().unwrap_or_default()
        ))
    );
    out
}

struct Row<'a> {
    main: &'a Figure,
    ns: f64,
    two_cpus_ns: Option<f64>,
}

fn rows(record: &Record, home: Placement) -> Vec<Row<'_>> {
    record
        .rungs
        .iter()
        .filter(|figure| figure.placement == home || figure.placement == Placement::InProcess)
        .filter(|figure| figure.status == Status::Measured)
        .filter_map(|main| {
            Some(Row {
                main,
                ns: main.p50_ns?,
                two_cpus_ns: record.p50(&main.id, Placement::TwoCpus),
            })
        })
        .collect()
}

impl Row<'_> {
    fn draw(&self, out: &mut String, y: f64) {
        let (middle, text) = (y + ROW / 2.0, y + ROW / 2.0 + 5.0);
        let end = x(self.ns);
        let _ = writeln!(
            out,
            "<text x=\"{:.0}\" y=\"{text:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            escaped(label(self.main)),
        );
        let _ = writeln!(
            out,
            "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"13\" rx=\"2\" \
             fill-opacity=\"0.75\"/>",
            middle - 6.5,
            (end - LEFT).max(1.0),
        );
        figure_text(out, COLUMNS[0], text, self.ns);
        if let Some(ns) = self.two_cpus_ns {
            let far = x(ns);
            let _ = writeln!(
                out,
                "<path d=\"M{end:.1} {middle:.1} H{far:.1}\" stroke=\"currentColor\" \
                 stroke-width=\"1.5\" stroke-dasharray=\"3 3\"/>\
                 <circle cx=\"{far:.1}\" cy=\"{middle:.1}\" r=\"4.5\" fill=\"none\" \
                 stroke=\"currentColor\" stroke-width=\"2\"/>",
            );
            figure_text(out, COLUMNS[1], text, ns);
        }
    }
}

fn figure_text(out: &mut String, x: f64, y: f64, ns: f64) {
    let _ = writeln!(
        out,
        "<text x=\"{x:.0}\" y=\"{y:.1}\" text-anchor=\"end\" font-weight=\"600\">{}</text>",
        time(ns)
    );
}

/// A line for each power of ten, and a name for every third.
fn scale(out: &mut String, bottom: f64) {
    for decade in 0..=DECADES {
        let x = LEFT + DECADE * f64::from(decade);
        let named = decade % 3 == 0;
        let _ = writeln!(
            out,
            "<path d=\"M{x:.0} {:.0} V{bottom:.0}\" stroke=\"currentColor\" \
             stroke-opacity=\"{}\"/>",
            TOP - 6.0,
            if named { "0.35" } else { "0.12" },
        );
        if named {
            let name = ["1 ns", "1 µs", "1 ms"][decade as usize / 3];
            let _ = writeln!(
                out,
                "<text x=\"{x:.0}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"12\">{name}</text>",
                TOP - 12.0
            );
        }
    }
}

fn heading(out: &mut String, home: Placement) {
    let names = match home {
        Placement::Unpinned => ["unpinned", ""],
        _ => ["one CPU", "two CPUs"],
    };
    for (x, name) in COLUMNS.iter().zip(names) {
        let _ = writeln!(
            out,
            "<text x=\"{x:.0}\" y=\"{:.0}\" text-anchor=\"end\" font-size=\"12\">{name}</text>",
            TOP - 12.0
        );
    }
    if home != Placement::Unpinned {
        let (cx, y) = (COLUMNS[1] - 65.0, TOP - 16.0);
        let _ = writeln!(
            out,
            "<circle cx=\"{cx:.0}\" cy=\"{y:.0}\" r=\"4.5\" fill=\"none\" \
             stroke=\"currentColor\" stroke-width=\"2\"/>"
        );
    }
}

/// The lesson in words, for whoever does not see the picture.
fn description(record: &Record, rows: &[Row<'_>]) -> String {
    let list: Vec<String> = rows
        .iter()
        .map(|row| match row.two_cpus_ns {
            Some(two) => {
                format!(
                    "{} {}, {} on two CPUs",
                    label(row.main),
                    time(row.ns),
                    time(two)
                )
            }
            None => format!("{} {}", label(row.main), time(row.ns)),
        })
        .collect();
    let of = |id: &str| rows.iter().find(|row| row.main.id == id).map(|row| row.ns);
    let lesson = match (of("fn-call"), of("tcp-loopback"), of("append-fsync")) {
        (Some(call), Some(tcp), Some(fsync)) => format!(
            "A round trip over loopback costs as much as {} function calls, and a synced append \
             as much as {} such round trips. ",
            count(tcp / call),
            count(fsync / tcp)
        ),
        _ => String::new(),
    };
    let placement = match Cpus::home_of(record.rungs.iter().map(|figure| figure.placement)) {
        Placement::Unpinned => "unpinned",
        _ => "on one CPU unless said otherwise",
    };
    escaped(&format!(
        "{lesson}Medians {placement}: {}.",
        list.join("; ")
    ))
}

/// Shorter than the title where the title would not fit.
fn label(figure: &Figure) -> &str {
    match figure.id.as_str() {
        "mutex" => "Uncontended mutex",
        "thread-handoff" => "Message to a thread and back",
        "task-handoff" => "Message to a task and back",
        "rpc" => "Framed RPC, one call",
        "rpc-rtt-500us" => "Framed RPC, 0.5 ms away",
        "rpc-rtt-20ms" => "Framed RPC, 20 ms away",
        "tcp-connect" => "New TCP connection a call",
        "append" => "Append 64 B",
        "append-fsync" => "Append 64 B and fsync",
        "calls-100" => "100 calls, one after another",
        "batch-100" => "One batch of 100",
        _ => &figure.title,
    }
}

/// Where a time lies on the scale.
fn x(ns: f64) -> f64 {
    let decades = ns.max(1.0).log10().min(f64::from(DECADES));
    LEFT + DECADE * decades
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::sample::sample;
    use std::path::Path;

    #[test]
    fn each_power_of_ten_has_the_same_width() {
        assert!((x(1.0) - LEFT).abs() < 1e-9);
        assert!((x(1e6) - x(1e3) - 3.0 * DECADE).abs() < 1e-9);
        assert!((x(0.2) - LEFT).abs() < 1e-9);
        assert!(
            x(1e12) <= COLUMNS[0] - 50.0,
            "bars stay clear of the figures"
        );
    }

    #[test]
    fn the_lesson_is_told_in_words_too() {
        let svg = svg(&sample());
        assert!(svg.contains("as much as 6,400 function calls"), "{svg}");
        assert!(svg.contains("as much as 38 such round trips"), "{svg}");
        assert!(
            svg.contains("TCP loopback 6.4 µs, 85 µs on two CPUs"),
            "{svg}"
        );
    }

    #[test]
    fn what_was_not_measured_is_not_drawn() {
        let mut record = sample();
        record.rungs[4].status = Status::NotBuilt;
        record.rungs[4].p50_ns = None;
        assert!(!svg(&record).contains("Framed RPC, one call"));
    }

    #[test]
    fn names_cannot_break_the_picture() {
        let mut record = sample();
        record.machine.cpu = "a<b>&c".to_owned();
        assert!(svg(&record).contains("a&lt;b&gt;&amp;c"));
    }

    /// The picture in the book shows the reference figures; `cargo course measure --reference`
    /// writes both.
    #[test]
    fn the_picture_is_that_of_the_reference_figures() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let record = Record::read(&root.join("course/reference/ladder.json")).unwrap();
        let drawn = std::fs::read_to_string(root.join(PATH)).unwrap();
        assert!(
            drawn == svg(&record),
            "run `cargo course measure --reference` again"
        );
    }
}
