//! `{{#chart ID | caption}}`: a measured curve, the reader's own where there is one.

use anyhow::{Result, bail, ensure};

use super::predict::flag_list;
use crate::book::context::Context;
use crate::book::measured::Measured;
use crate::book::page::slug;
use crate::book::predict::command;
use crate::book::{chart, html};
use records::record::{Curve, Record, Series, Status};

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let (id, caption) = match arguments.split_once('|') {
        Some((id, caption)) => (id.trim(), caption.trim()),
        None => (arguments.trim(), ""),
    };
    ensure!(
        !id.is_empty(),
        "`{{{{#chart}}}}` needs the id of a curve: `{{{{#chart ID}}}}`"
    );
    let readers = Measured::readers(context.repo);
    let reference = Measured::reference(context.repo)?;
    let theirs = reference.curve(id);
    // Half a curve could be compared with nothing: a reader's own is shown once it is whole.
    let yours = readers.curve(id).filter(|(_, curve)| curve.is_whole());
    let Some((figures, curve)) = yours.or(theirs) else {
        return nothing_yet(context, id, &readers, &reference);
    };
    let name = format!("chart-{}-{}", context.page.slug(), slug(id));
    let caption = if caption.is_empty() {
        String::new()
    } else {
        format!("{} ", html::inline(caption))
    };
    let shown = format!(
        "<figure class=\"hc-figure hc-chart\" id=\"{name}\" data-measured=\"{}\">{}<figcaption>{caption}{}</figcaption></figure><details class=\"hc-figures\"><summary>The figures of this chart</summary>{}</details>",
        yours.is_some(),
        super::figure::legible(&chart::svg(curve, &name)),
        provenance(figures, yours.is_some(), readers.curve(id)),
        chart::table(curve)
    );
    Ok(if yours.is_some() {
        shown
    } else {
        html::after_predicting("The reference machine's chart", &shown)
    })
}

/// Whose figures these are, when they were measured and on what.
fn provenance(figures: &Record, own: bool, readers: Option<(&Record, &Curve)>) -> String {
    let machine = html::escape(&format!(
        "{}, {} CPUs, {}, {}",
        figures.machine.cpu,
        figures.machine.logical_cpus,
        figures.machine.os,
        figures.day()
    ));
    let flags = flag_list(figures);
    if own {
        return format!("<strong>Your machine</strong>: {machine}.{flags}");
    }
    let command = command(Some(&figures.what));
    let why = readers
        .and_then(|(_, curve)| {
            let missing = |series: &&Series| series.points.is_empty();
            curve.series.iter().find(missing)
        })
        .map(|series| match series.status {
            Status::NotBuilt => format!(" Yours lacks “{}”, which is not built yet.", series.title),
            _ => format!(" Yours lacks “{}”: {}.", series.title, series.message),
        });
    format!(
        "<strong>Reference machine</strong>: {machine}.{flags}{} <code>{command}</code> draws yours.",
        html::escape(&why.unwrap_or_default())
    )
}

/// A curve that no file has is a mistake of the author, unless some bench was never measured.
fn nothing_yet(
    context: &Context<'_>,
    id: &str,
    readers: &Measured,
    reference: &Measured,
) -> Result<String> {
    let mut known: Vec<&str> = reference.curves().chain(readers.curves()).collect();
    known.sort_unstable();
    known.dedup();
    let labs = crate::lab::all(context.repo)?;
    let benches = labs.iter().filter_map(|lab| lab.measure.as_ref());
    let unmeasured = benches
        .filter(|bench| reference.of(&bench.figures).is_none())
        .map(|bench| command(Some(&bench.figures)))
        .next();
    let Some(command) = unmeasured else {
        bail!(
            "nothing measures a curve `{id}`; there are: {}",
            known.join(", ")
        );
    };
    Ok(format!(
        "<p class=\"hc-none\">There are no figures for this chart yet. Run <code>{command}</code>.</p>"
    ))
}
