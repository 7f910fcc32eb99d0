//! `{{#numbers ladder}}`: the reader's figures beside dated references, and every prediction of the
//! book beside what was measured.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::Context;
use crate::book::html;
use crate::book::ladder::{Ladder, Rung, duration};
use crate::book::page::Page;
use crate::book::predict::{Kind, MEASURE, Prediction, Predictions};

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    if arguments != "ladder" {
        bail!("`{{{{#numbers ladder}}}}` is the only table of figures there is, not `{arguments}`");
    }
    let readers = Ladder::readers(context.repo);
    let reference = Ladder::reference(context.repo)?;
    let elsewhere = Elsewhere::read(&context.repo.root().join("course/reference/elsewhere.toml"))?;
    let predictions = all_predictions(context)?;
    let Some(order) = readers.as_ref().or(reference.as_ref()) else {
        return Ok(format!(
            "<course-numbers class=\"hc-numbers\" data-measured=\"false\"><p class=\"hc-none\">There are no figures yet. Run <code>{MEASURE}</code>.</p></course-numbers>"
        ));
    };

    let mut out = format!(
        "<course-numbers class=\"hc-numbers\" data-measured=\"{}\">",
        readers.is_some()
    );
    provenance(&mut out, readers.as_ref(), reference.as_ref());
    let table = Table {
        context,
        readers: readers.as_ref(),
        reference: reference.as_ref(),
        elsewhere: &elsewhere,
        predictions: &predictions,
    };
    table.ladder(&mut out, reference.as_ref().unwrap_or(order))?;
    if !predictions.is_empty() {
        table.predictions(&mut out);
    }
    Ok(out + "</course-numbers>")
}

/// Figures that others published, each with what exactly was measured, on what, and when.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    #[serde(rename = "figure", default)]
    figures: Vec<Published>,
}

/// One published figure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    /// The rung beside which it stands.
    rung: String,
    /// The figure as published: `6 µs`, `12–58 µs`.
    shown: String,
    /// What exactly was measured.
    what: String,
    /// On which machine, if that is known.
    #[serde(default)]
    on: String,
    /// When: a year or a day.
    date: String,
    /// The fragment of its entry in the bibliography.
    source: String,
}

impl Elsewhere {
    fn read(path: &Path) -> Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .with_context(|| format!("{} is not as expected", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }
}

/// Every prediction of the book with its page, in the order of the pages' paths.
fn all_predictions(context: &Context<'_>) -> Result<Vec<(Page, Prediction)>> {
    let src = context.repo.book_src();
    let mut found = Vec::new();
    for page in crate::book::page::all(&src)? {
        let path = page.sidecar(&src, "predict");
        if path.is_file() {
            let file = Predictions::read(&path)?;
            found.extend(
                file.predictions
                    .into_iter()
                    .map(|prediction| (page.clone(), prediction)),
            );
        }
    }
    Ok(found)
}

fn provenance(out: &mut String, readers: Option<&Ladder>, reference: Option<&Ladder>) {
    match readers {
        Some(ladder) => {
            let _ = write!(
                out,
                "<p class=\"hc-provenance\"><strong>Yours:</strong> {}.</p>",
                machine(ladder)
            );
            flags(out, ladder);
        }
        None => {
            let _ = write!(
                out,
                "<p class=\"hc-none\">You have no figures yet. Run <code>{MEASURE}</code> (or <code>{MEASURE} --quick</code>, under half a minute), and they appear in this table.</p>"
            );
        }
    }
    if let Some(ladder) = reference {
        let by = ladder
            .by
            .as_deref()
            .map(|by| format!(", by {}", html::escape(by)))
            .unwrap_or_default();
        let _ = write!(
            out,
            "<p class=\"hc-provenance\"><strong>Reference:</strong> {}{by}.</p>",
            machine(ladder)
        );
        flags(out, ladder);
    }
}

fn machine(ladder: &Ladder) -> String {
    let cpus = match ladder.machine.logical_cpus {
        1 => "1 CPU".to_owned(),
        n => format!("{n} CPUs"),
    };
    html::escape(&format!(
        "{} ({cpus}), {}, rustc {}, {}",
        ladder.machine.cpu,
        ladder.machine.os,
        ladder.build.rustc,
        ladder.day()
    ))
}

fn flags(out: &mut String, ladder: &Ladder) {
    let flags = ladder.flags();
    if flags.is_empty() {
        return;
    }
    out.push_str("<ul class=\"hc-flags\">");
    for (label, why) in flags {
        let _ = write!(out, "<li><span class=\"hc-flag\">{label}</span> {why}</li>");
    }
    out.push_str("</ul>");
}

struct Table<'a> {
    context: &'a Context<'a>,
    readers: Option<&'a Ladder>,
    reference: Option<&'a Ladder>,
    elsewhere: &'a Elsewhere,
    predictions: &'a [(Page, Prediction)],
}

impl Table<'_> {
    fn ladder(&self, out: &mut String, order: &Ladder) -> Result<()> {
        out.push_str("<div class=\"table-wrapper\" role=\"region\" aria-label=\"The ladder\" tabindex=\"0\"><table class=\"hc-ladder\"><caption>The ladder: what one step there and back takes, median</caption><thead><tr><th scope=\"col\" rowspan=\"2\">Step</th><th scope=\"col\" rowspan=\"2\">You predicted</th><th scope=\"colgroup\" colspan=\"2\">Yours</th><th scope=\"colgroup\" colspan=\"2\">Reference machine</th><th scope=\"col\" rowspan=\"2\">Elsewhere</th></tr><tr><th scope=\"col\">one CPU</th><th scope=\"col\">two CPUs</th><th scope=\"col\">one CPU</th><th scope=\"col\">two CPUs</th></tr></thead><tbody>");
        let mut seen: Vec<&str> = Vec::new();
        for rung in &order.rungs {
            if seen.contains(&rung.id.as_str()) {
                continue;
            }
            seen.push(&rung.id);
            let _ = write!(
                out,
                "<tr data-rung=\"{}\"><th scope=\"row\">{}</th>",
                html::escape(&rung.id),
                html::inline(&rung.title)
            );
            self.prediction_of_rung(out, &rung.id);
            figures(out, "hc-figure-yours", self.readers, &rung.id);
            figures(out, "hc-figure-reference", self.reference, &rung.id);
            self.published(out, &rung.id);
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div>");
        for published in &self.elsewhere.figures {
            ensure!(
                seen.contains(&published.rung.as_str()),
                "course/reference/elsewhere.toml has a figure for `{}`, which is not on the ladder",
                published.rung
            );
        }
        Ok(())
    }

    /// The prediction about this rung alone; those that compare two have a table of their own.
    fn prediction_of_rung(&self, out: &mut String, rung: &str) {
        let about = self
            .predictions
            .iter()
            .find(|(_, prediction)| prediction.rungs == [rung]);
        match about {
            Some((page, prediction)) => predicted(out, page, prediction),
            None => out.push_str("<td class=\"hc-prediction\"></td>"),
        }
    }

    fn published(&self, out: &mut String, rung: &str) {
        out.push_str("<td class=\"hc-elsewhere\">");
        let figures = self
            .elsewhere
            .figures
            .iter()
            .filter(|figure| figure.rung == rung);
        for (index, figure) in figures.enumerate() {
            let on = if figure.on.is_empty() {
                String::new()
            } else {
                format!(", on {}", html::inline(&figure.on))
            };
            let _ = write!(
                out,
                "{}<a href=\"{}\">{}</a> <span class=\"hc-what\">{}{on} ({})</span>",
                if index > 0 { "<br>" } else { "" },
                html::escape(
                    &self
                        .context
                        .page
                        .link_to(&format!("bibliography.md#{}", figure.source))
                ),
                html::escape(&figure.shown),
                html::inline(&figure.what),
                html::escape(&figure.date),
            );
        }
        out.push_str("</td>");
    }

    fn predictions(&self, out: &mut String) {
        out.push_str("<div class=\"table-wrapper\" role=\"region\" aria-label=\"Your predictions\" tabindex=\"0\"><table class=\"hc-predictions\"><caption>Your predictions beside what was measured</caption><thead><tr><th scope=\"col\">Question</th><th scope=\"col\">You predicted</th><th scope=\"col\">Yours</th><th scope=\"col\">Reference machine</th></tr></thead><tbody>");
        for (page, prediction) in self.predictions {
            let link = format!(
                "{}#predict-{}-{}",
                page.path(),
                page.slug(),
                crate::book::page::slug(&prediction.id)
            );
            let _ = write!(
                out,
                "<tr><th scope=\"row\"><a href=\"{}\">{}</a></th>",
                html::escape(&self.context.page.link_to(&link)),
                html::escape(&html::plain(&prediction.prompt)),
            );
            predicted(out, page, prediction);
            for (class, ladder) in [
                ("hc-figure-yours", self.readers),
                ("hc-figure-reference", self.reference),
            ] {
                let answer = prediction.exact().or_else(|| prediction.measured(ladder?));
                let _ = write!(out, "<td class=\"{class}\">");
                match answer {
                    Some(answer) => out.push_str(&html::escape(&answer.shown)),
                    None => out.push_str(NO_FIGURE),
                }
                out.push_str("</td>");
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div>");
    }
}

/// A cell that JavaScript fills with what the reader predicted.
fn predicted(out: &mut String, page: &Page, prediction: &Prediction) {
    let texts: Vec<String> = prediction
        .options
        .iter()
        .map(|option| html::plain(&option.text))
        .collect();
    let options = match prediction.kind {
        Kind::Choice => format!(
            " data-options=\"{}\"",
            html::escape(&serde_json::json!(texts).to_string())
        ),
        Kind::Number => String::new(),
    };
    let _ = write!(
        out,
        "<td class=\"hc-prediction\" data-predictions=\"{}:{}\" data-unit=\"{}\"{options}>{NO_FIGURE}</td>",
        html::escape(page.key()),
        html::escape(&prediction.id),
        html::escape(&prediction.unit),
    );
}

/// A dash to the eye, words to the ear.
const NO_FIGURE: &str =
    "<span aria-hidden=\"true\">–</span><span class=\"hc-unseen\">none yet</span>";

/// The two cells of a rung: one CPU and two; one wide cell where placement means nothing or is unknown.
fn figures(out: &mut String, class: &str, ladder: Option<&Ladder>, id: &str) {
    let Some(ladder) = ladder else {
        let _ = write!(out, "<td class=\"{class}\" colspan=\"2\">{NO_FIGURE}</td>");
        return;
    };
    for (placement, label) in [("in-process", "in process"), ("unpinned", "unpinned")] {
        if let Some(rung) = ladder.rung(id, placement) {
            let _ = write!(
                out,
                "<td class=\"{class}\" data-placement=\"{placement}\" colspan=\"2\">{}",
                figure(rung)
            );
            if placement == "unpinned" && rung.p50().is_some() {
                let _ = write!(out, " <span class=\"hc-flag\">{label}</span>");
            }
            out.push_str("</td>");
            return;
        }
    }
    for placement in ["one-cpu", "two-cpus"] {
        let cell = ladder
            .rung(id, placement)
            .map_or_else(|| NO_FIGURE.to_owned(), figure);
        let _ = write!(
            out,
            "<td class=\"{class}\" data-placement=\"{placement}\">{cell}</td>"
        );
    }
}

fn figure(rung: &Rung) -> String {
    if let Some(p50) = rung.p50() {
        let tail = rung
            .p99_ns
            .map(|p99| format!(" <span class=\"hc-tail\">p99 {}</span>", duration(p99)));
        return format!("{}{}", duration(p50), tail.unwrap_or_default());
    }
    let status = if rung.status == "not-built" {
        "not built yet"
    } else {
        "not available"
    };
    let why = if rung.message.is_empty() {
        status.to_owned()
    } else {
        format!("{status}: {}", rung.message)
    };
    format!("<span class=\"hc-missing\">{}</span>", html::escape(&why))
}
