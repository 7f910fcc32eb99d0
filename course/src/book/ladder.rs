//! One ladder as a picture: what each step costs on a logarithmic line, the reader's machine and the
//! reference machine on it, and a place for what the reader guessed.
//!
//! Dots, not bars: on a logarithmic line a bar's length means nothing. Each row has its label above
//! the line, so that the picture is as narrow as a phone and its text is not smaller there. Only
//! the browser knows the guesses: the picture holds a hidden mark for each of them, with what the script
//! needs to put it in its place.

use std::fmt::Write as _;

use super::html;
use records::units::time;

const WIDTH: f64 = 350.0;
const TOP: f64 = 56.0;
const ROW: f64 = 44.0;
/// The line's two ends: from a tenth of a nanosecond to a tenth of a second.
const FROM: f64 = 8.0;
const TO: f64 = 342.0;
const LOW_NS: f64 = 0.1;
const HIGH_NS: f64 = 1e8;
const DECADES: u32 = 9;

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it is, for a reader.
    pub label: String,
    /// On the reader's machine, in nanoseconds.
    pub yours: Option<f64>,
    /// On the reference machine.
    pub reference: Option<f64>,
    /// The prediction about it, if the page has one.
    pub guess: Option<Guess>,
}

/// Where a prediction lands on the line.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// The key under which the browser keeps it: `evening/measure:call`.
    pub key: String,
    /// How many nanoseconds one of its unit is.
    pub unit_ns: f64,
}

/// The picture; `name` starts the ids in it.
pub fn svg(steps: &[Step], name: &str) -> String {
    #[expect(clippy::cast_precision_loss, reason = "some ten rows")]
    let bottom = TOP + ROW * steps.len() as f64;
    let height = bottom + 6.0;
    let mut out = format!(
        "<svg class=\"hc-fit\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"430\" role=\"img\" aria-labelledby=\"{name}-title {name}-desc\" font-size=\"14\" fill=\"currentColor\"><title id=\"{name}-title\">The ladder, as measured</title><desc id=\"{name}-desc\">{}</desc>",
        html::escape(&in_words(steps))
    );
    key(&mut out, steps);
    scale(&mut out, bottom);
    let mut y = TOP;
    for step in steps {
        row(&mut out, step, y);
        y += ROW;
    }
    out + "</svg>"
}

/// The same as a table, for those who read figures rather than dots, with the guesses as the browser keeps them.
pub fn table(steps: &[Step]) -> String {
    let mut out = String::from(
        "<div class=\"table-wrapper\" role=\"region\" aria-label=\"The figures of the ladder\" tabindex=\"0\"><table class=\"hc-rungs\"><caption>Medians, both sides on one CPU</caption><thead><tr><th scope=\"col\">Step</th><th scope=\"col\">You guessed</th><th scope=\"col\">Yours</th><th scope=\"col\">Reference</th></tr></thead><tbody>",
    );
    for step in steps {
        let guess = step.guess.as_ref().map_or(String::new(), |guess| {
            format!(
                " data-guess=\"{}\" data-unit-ns=\"{}\"",
                html::escape(&guess.key),
                guess.unit_ns
            )
        });
        let figure = |ns: Option<f64>| ns.map_or_else(|| NONE.to_owned(), time);
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td{guess}>{NONE}</td><td>{}</td><td>{}</td></tr>",
            html::escape(&step.label),
            figure(step.yours),
            figure(step.reference)
        );
    }
    out + "</tbody></table></div>"
}

const NONE: &str = "<span aria-hidden=\"true\">–</span><span class=\"hc-unseen\">none yet</span>";

/// Where a time is placed; one beyond the line is placed at its end.
fn x(ns: f64) -> f64 {
    let share = (ns.max(LOW_NS) / LOW_NS).ln() / (HIGH_NS / LOW_NS).ln();
    FROM + (TO - FROM) * share.min(1.0)
}

fn in_words(steps: &[Step]) -> String {
    let rows: Vec<String> = steps
        .iter()
        .map(|step| {
            let of = |whose: &str, ns: Option<f64>| ns.map(|ns| format!("{} {whose}", time(ns)));
            let known: Vec<String> = [
                of("here", step.yours),
                of("on the reference machine", step.reference),
            ]
            .into_iter()
            .flatten()
            .collect();
            match known.as_slice() {
                [] => format!("{}: no figure", step.label),
                known => format!("{}: {}", step.label, known.join(", ")),
            }
        })
        .collect();
    format!(
        "What each step costs, on a line where each mark is ten times the one before. {}.",
        rows.join("; ")
    )
}

/// Which mark is whose. Shapes differ, so that nobody has to distinguish colours.
fn key(out: &mut String, steps: &[Step]) {
    let mut at = FROM + 6.0;
    let mut entry = |mark: &str, words: &str, width: f64| {
        let _ = write!(
            out,
            "<g transform=\"translate({at} 14)\">{mark}<text x=\"12\" y=\"5\">{words}</text></g>"
        );
        at += width;
    };
    if steps.iter().any(|step| step.yours.is_some()) {
        entry(YOURS, "your machine", 122.0);
    }
    entry(REFERENCE, "reference", 98.0);
    if steps.iter().any(|step| step.guess.is_some()) {
        entry(
            &format!("<g transform=\"translate(0 6)\">{GUESS}</g>"),
            "your guess",
            0.0,
        );
    }
}

const YOURS: &str = "<circle r=\"5.5\"/>";
const REFERENCE: &str =
    "<circle r=\"5\" fill=\"var(--bg, none)\" stroke=\"currentColor\" stroke-width=\"1.8\"/>";
/// Above the line and pointing at it, so that it hides no dot.
const GUESS: &str = "<path d=\"M0 -1L-6 -12H6z\"/>";

/// A line for each power of ten, and a name for every third.
fn scale(out: &mut String, bottom: f64) {
    for decade in 0..=DECADES {
        let ns = LOW_NS * 10_f64.powi(i32::try_from(decade).unwrap_or(0));
        let at = x(ns);
        let name = match decade {
            1 => "1 ns",
            4 => "1 µs",
            7 => "1 ms",
            _ => "",
        };
        let opacity = if name.is_empty() { "0.12" } else { "0.4" };
        let _ = write!(
            out,
            "<path d=\"M{at:.1} {:.0}V{bottom:.0}\" stroke=\"currentColor\" stroke-opacity=\"{opacity}\"/>",
            TOP - 8.0
        );
        if !name.is_empty() {
            let _ = write!(
                out,
                "<text x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{name}</text>",
                TOP - 13.0
            );
        }
    }
}

fn row(out: &mut String, step: &Step, y: f64) {
    let (text, line) = (y + 16.0, y + 34.0);
    let shown = step.yours.or(step.reference);
    let _ = write!(
        out,
        "<rect x=\"{FROM}\" y=\"{:.0}\" width=\"{:.0}\" height=\"19\" fill=\"var(--bg, none)\" fill-opacity=\"0.85\"/><text x=\"{FROM}\" y=\"{text:.0}\">{}</text><text x=\"{TO}\" y=\"{text:.0}\" text-anchor=\"end\" font-weight=\"600\">{}</text><path d=\"M{FROM} {line}H{TO}\" stroke=\"currentColor\" stroke-opacity=\"0.3\"/>",
        y + 2.0,
        TO - FROM,
        html::escape(&step.label),
        shown.map_or_else(|| "no figure yet".to_owned(), time)
    );
    let mut mark = |mark: &str, ns: f64| {
        let _ = write!(
            out,
            "<g transform=\"translate({:.1} {line})\">{mark}</g>",
            x(ns)
        );
    };
    if let Some(ns) = step.reference {
        mark(REFERENCE, ns);
    }
    if let Some(ns) = step.yours {
        mark(YOURS, ns);
    }
    if let Some(guess) = &step.guess {
        let _ = write!(
            out,
            "<g class=\"hc-guess\" visibility=\"hidden\" data-guess=\"{}\" data-unit-ns=\"{}\" data-low-ns=\"{LOW_NS}\" data-high-ns=\"{HIGH_NS}\" data-from=\"{FROM}\" data-to=\"{TO}\" data-y=\"{line}\">{GUESS}</g>",
            html::escape(&guess.key),
            guess.unit_ns
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> Vec<Step> {
        vec![
            Step {
                label: "A function call".to_owned(),
                yours: Some(1.4),
                reference: Some(0.5),
                guess: None,
            },
            Step {
                label: "A framed <call>".to_owned(),
                yours: None,
                reference: Some(7400.0),
                guess: Some(Guess {
                    key: "evening/measure:call".to_owned(),
                    unit_ns: 1.4,
                }),
            },
        ]
    }

    #[test]
    fn each_power_of_ten_has_the_same_width() {
        assert!((x(LOW_NS) - FROM).abs() < 1e-9 && (x(HIGH_NS) - TO).abs() < 1e-9);
        assert!((x(1e6) - x(1e3) - (x(1e3) - x(1.0))).abs() < 1e-9);
        assert!((x(1e12) - TO).abs() < 1e-9, "beyond the line is its end");
    }

    #[test]
    fn it_says_in_words_what_it_shows_and_takes_the_pages_colours() {
        let svg = svg(&steps(), "l");
        for part in [
            "A function call: 1.4 ns here, 0.5 ns on the reference machine; A framed &lt;call&gt;: 7.4 µs on the reference machine.",
            "data-guess=\"evening/measure:call\" data-unit-ns=\"1.4\"",
            "your machine",
        ] {
            assert!(svg.contains(part), "{part}\n{svg}");
        }
        assert!(!svg.contains('#'), "no colour of its own: {svg}");
        assert_eq!(svg.matches("visibility=\"hidden\"").count(), 1);
    }

    #[test]
    fn the_table_has_the_same_figures() {
        let table = table(&steps());
        assert!(table.contains("<td>1.4 ns</td><td>0.5 ns</td>"), "{table}");
        assert!(table.contains("data-guess=\"evening/measure:call\""));
    }
}
