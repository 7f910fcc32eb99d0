//! `{{#numbers ladder}}`: the reader's figures of one bench beside dated references, and every
//! prediction about them beside what was measured.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::book::context::Context;
use crate::book::elsewhere::Elsewhere;
use crate::book::html;
use crate::book::measured::Measured;
use crate::book::page::Page;
use crate::book::predict::{Kind, Prediction, Predictions, command};
use records::record::{Figure, Placement, Record, Status};
use records::units::{grouped, ratio, time};

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let what = arguments;
    let benches = benches(context)?;
    let readers = Measured::readers(context.repo);
    let reference = Measured::reference(context.repo)?;
    let known: Vec<&str> = benches.iter().map(|(bench, _)| bench.as_str()).collect();
    if !known.contains(&what) {
        bail!(
            "nothing measures `{what}`; the tables of figures are: {}",
            known.join(", ")
        );
    }
    let elsewhere = Elsewhere::read(&context.repo.root().join("course/reference/elsewhere.toml"))?;
    // A bench that is new has no reference before it was measured once, and its rungs aren't known.
    if known.iter().all(|bench| reference.of(bench).is_some()) {
        elsewhere.check(&reference)?;
    }
    let predictions = predictions_about(what, &benches, context, &reference)?;
    let table = Table {
        context,
        readers: &readers,
        reference: &reference,
        elsewhere: &elsewhere,
        predictions: &predictions,
    };
    let (yours, theirs) = (readers.of(what), reference.of(what));
    let command = command(Some(what));
    let Some(order) = theirs.or(yours) else {
        return Ok(format!(
            "<course-numbers class=\"hc-numbers\" data-measured=\"false\"><p class=\"hc-none\">There are no figures yet. Run <code>{command}</code>.</p></course-numbers>"
        ));
    };

    let mut out = format!(
        "<course-numbers class=\"hc-numbers\" data-measured=\"{}\">",
        yours.is_some()
    );
    provenance(&mut out, yours, theirs, &command);
    let mut tables = String::new();
    table.rungs(&mut tables, what, order);
    if !predictions.is_empty() {
        table.predictions(&mut tables, what);
    }
    out.push_str(&if yours.is_some_and(Record::has_any) {
        tables
    } else {
        html::after_predicting("What the reference machine measured", &tables)
    });
    Ok(out + "</course-numbers>")
}

/// What can be measured, each with the chapter of its lab.
fn benches(context: &Context<'_>) -> Result<Vec<(String, String)>> {
    let labs = crate::lab::all(context.repo)?.into_iter();
    let benches = labs.filter_map(|lab| Some((lab.measure?.figures, lab.chapter)));
    Ok(benches.collect())
}

/// The book's predictions about the rungs of one bench. Those that need no figures, such as counts,
/// stand with the bench of their chapter's lab, or with the first.
fn predictions_about(
    what: &str,
    benches: &[(String, String)],
    context: &Context<'_>,
    reference: &Measured,
) -> Result<Vec<(Page, Prediction)>> {
    let bench_of = |page: &Page, prediction: &Prediction| {
        let rung = prediction.rungs.first();
        let of_rung = rung.and_then(|id| reference.with_rung(id));
        let of_page = || benches.iter().find(|(_, chapter)| chapter == page.path());
        of_rung.map(|figures| figures.what.clone()).or_else(|| {
            of_page()
                .or(benches.first())
                .map(|(bench, _)| bench.clone())
        })
    };
    let mut found = all_predictions(context)?;
    found.retain(|(page, prediction)| bench_of(page, prediction).as_deref() == Some(what));
    Ok(found)
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

fn provenance(
    out: &mut String,
    readers: Option<&Record>,
    reference: Option<&Record>,
    command: &str,
) {
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
                "<p class=\"hc-none\">You have no figures yet. Run <code>{command}</code> (or <code>{command} --quick</code>, under half a minute once built), and they appear in this table.</p>"
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

fn machine(ladder: &Record) -> String {
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

fn flags(out: &mut String, ladder: &Record) {
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
    readers: &'a Measured,
    reference: &'a Measured,
    elsewhere: &'a Elsewhere,
    predictions: &'a [(Page, Prediction)],
}

impl Table<'_> {
    fn rungs(&self, out: &mut String, what: &str, order: &Record) {
        let (label, caption) = if what == "ladder" {
            (
                "The ladder".to_owned(),
                "The ladder: what one step there and back takes, median",
            )
        } else {
            (format!("Figures of {what}"), "What each step takes, median")
        };
        let mut ids: Vec<&str> = order.rungs.iter().map(|rung| rung.id.as_str()).collect();
        ids.dedup();
        let published = ids.iter().any(|id| self.elsewhere.of(id).next().is_some());
        let _ = write!(
            out,
            "<div class=\"table-wrapper\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\"><table class=\"hc-ladder\"><caption>{caption}</caption>"
        );
        let crossing = order
            .rungs
            .iter()
            .any(|rung| rung.placement != Placement::InProcess);
        heading(out, crossing, published);
        for id in ids {
            let Some(rung) = order.rungs.iter().find(|rung| rung.id == id) else {
                continue;
            };
            let _ = write!(
                out,
                "<tr data-rung=\"{}\"><th scope=\"row\">{}</th>",
                html::escape(id),
                html::inline(&rung.title)
            );
            self.prediction_of_rung(out, id);
            figures(out, "hc-figure-yours", self.readers.of(what), id);
            figures(out, "hc-figure-reference", self.reference.of(what), id);
            if published {
                self.published(out, id);
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div>");
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
        for (index, figure) in self.elsewhere.of(rung).enumerate() {
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

    fn predictions(&self, out: &mut String, what: &str) {
        // A page may hold several tables, and each is a landmark that needs a name of its own.
        let _ = write!(
            out,
            "<div class=\"table-wrapper\" role=\"region\" aria-label=\"Your predictions: {what}\" tabindex=\"0\"><table class=\"hc-predictions\"><caption>Your predictions beside what was measured</caption><thead><tr><th scope=\"col\">Question</th><th scope=\"col\">You predicted</th><th scope=\"col\">Yours</th><th scope=\"col\">Reference machine</th></tr></thead><tbody>"
        );
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
            for (class, measured) in [
                ("hc-figure-yours", self.readers),
                ("hc-figure-reference", self.reference),
            ] {
                let from_figures = || prediction.measured(measured).map(|(answer, _)| answer);
                let answer = prediction.exact().or_else(from_figures);
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

/// The columns: placements only where something crosses a boundary, others' figures only where there are some.
fn heading(out: &mut String, crossing: bool, published: bool) {
    let rows = if crossing { 2 } else { 1 };
    let _ = write!(
        out,
        "<thead><tr><th scope=\"col\" rowspan=\"{rows}\">Step</th><th scope=\"col\" rowspan=\"{rows}\">You predicted</th>"
    );
    for whose in ["Yours", "Reference machine"] {
        let scope = if crossing { "colgroup" } else { "col" };
        let _ = write!(out, "<th scope=\"{scope}\" colspan=\"2\">{whose}</th>");
    }
    if published {
        let _ = write!(out, "<th scope=\"col\" rowspan=\"{rows}\">Elsewhere</th>");
    }
    if crossing {
        out.push_str("</tr><tr>");
        for placement in ["one CPU", "two CPUs", "one CPU", "two CPUs"] {
            let _ = write!(out, "<th scope=\"col\">{placement}</th>");
        }
    }
    out.push_str("</tr></thead><tbody>");
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

/// A dash for the eye, words for the ear.
const NO_FIGURE: &str =
    "<span aria-hidden=\"true\">–</span><span class=\"hc-unseen\">none yet</span>";

/// What the ladder's steps are compared with.
const LADDERS_BASE: &str = "tcp-loopback";

/// The two cells of a rung: one CPU and two; one wide cell where placement means nothing or is unknown.
fn figures(out: &mut String, class: &str, ladder: Option<&Record>, id: &str) {
    let Some(ladder) = ladder else {
        let _ = write!(out, "<td class=\"{class}\" colspan=\"2\">{NO_FIGURE}</td>");
        return;
    };
    for placement in [Placement::InProcess, Placement::Unpinned] {
        if let Some(rung) = ladder.figure(id, placement) {
            let _ = write!(
                out,
                "<td class=\"{class}\" data-placement=\"{}\" colspan=\"2\">{}",
                placement.name(),
                figure(rung)
            );
            if placement == Placement::Unpinned && rung.p50().is_some() {
                out.push_str(" <span class=\"hc-flag\">unpinned</span>");
            }
            out.push_str("</td>");
            return;
        }
    }
    for placement in [Placement::OneCpu, Placement::TwoCpus] {
        let cell = ladder
            .figure(id, placement)
            .map_or_else(|| NO_FIGURE.to_owned(), figure);
        let _ = write!(
            out,
            "<td class=\"{class}\" data-placement=\"{}\">{cell}</td>",
            placement.name()
        );
    }
}

fn figure(rung: &Figure) -> String {
    if let Some(p50) = rung.p50() {
        let p99 = rung.p99().map(|p99| format!("p99 {}", time(p99)));
        // What is counted is exact, and so worth more than the time beside it.
        let counts = rung.counts.iter();
        let counts = counts.map(|(what, times)| format!("{} {what}", grouped(*times)));
        // On the ladder every step has the same base, and its ratios are on the terminal.
        let against = rung.ratio.as_ref().filter(|against| {
            against.to != LADDERS_BASE && against.to != rung.id && against.median.is_finite()
        });
        let against = against.map(|against| format!("{} {}", ratio(against.median), against.to));
        let tails = p99.into_iter().chain(against).chain(counts);
        return tails.fold(time(p50), |mut cell, tail| {
            let _ = write!(
                cell,
                " <span class=\"hc-tail\">{}</span>",
                html::escape(&tail)
            );
            cell
        });
    }
    // The terminal says what is to be built, once for each stub.
    let why = match (rung.status, rung.message.as_str()) {
        (Status::NotBuilt, _) => "not built yet".to_owned(),
        (_, "") => "not available".to_owned(),
        (_, why) => format!("not available: {why}"),
    };
    format!("<span class=\"hc-missing\">{}</span>", html::escape(&why))
}
