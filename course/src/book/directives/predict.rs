//! `{{#predict ID}}`: a prediction as HTML: the question, the answers as measured, and both as data for the page's scripts.

use std::fmt::Write as _;

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::quiz::options;
use crate::book::context::Context;
use crate::book::html;
use crate::book::measured::Measured;
use crate::book::page::{self, file_name};
use crate::book::predict::{Answer, Kind, Prediction, Predictions, command};
use records::record::{Placement, Record};

/// One prediction of the context's page.
///
/// # Errors
/// When the page has no such prediction, or its file is wrong.
pub fn render(context: &Context<'_>, id: &str) -> Result<String> {
    if id.is_empty() {
        bail!("`{{{{#predict}}}}` needs the id of a prediction");
    }
    let path = context.page.sidecar(&context.repo.book_src(), "predict");
    let file = Predictions::read(&path)?;
    let Some(prediction) = file
        .predictions
        .iter()
        .find(|prediction| prediction.id == id)
    else {
        let known: Vec<_> = file
            .predictions
            .iter()
            .map(|known| known.id.as_str())
            .collect();
        bail!(
            "{} has no prediction `{id}`; it has: {}",
            file_name(&path),
            known.join(", ")
        );
    };
    let readers = Measured::readers(context.repo);
    let reference = Measured::reference(context.repo)?;
    check_rungs(context, prediction, &reference)?;
    let command = command_for(prediction, &reference);

    let name = format!("predict-{}-{}", context.page.slug(), page::slug(id));
    let kind = if prediction.kind == Kind::Number {
        "number"
    } else {
        "choice"
    };
    let mut out = format!(
        "<course-predict class=\"hc-predict\" id=\"{name}\" data-page=\"{}\" data-id=\"{}\" data-kind=\"{kind}\"><form class=\"hc-form\">",
        html::escape(context.page.key()),
        html::escape(id),
    );
    render_question(&mut out, &name, prediction);
    out.push_str("</form><details class=\"hc-after\"><summary>What was measured</summary>");
    render_answers(&mut out, prediction, &command, &readers, &reference);
    let _ = write!(
        out,
        "</details><script type=\"application/json\" class=\"hc-data\">{}</script></course-predict>",
        html::json(&data(prediction, &command, &readers, &reference))
    );
    Ok(out)
}

/// A rung that the reference does not know is a mistake of the author, and would never be answered.
///
/// Only where every bench has its reference: a lab that is new has none before it was measured.
fn check_rungs(context: &Context<'_>, prediction: &Prediction, reference: &Measured) -> Result<()> {
    let labs = crate::lab::all(context.repo)?;
    let mut benches = labs.iter().filter_map(|lab| lab.measure.as_ref());
    if benches.any(|bench| reference.of(&bench.figures).is_none()) {
        return Ok(());
    }
    for id in &prediction.rungs {
        ensure!(
            reference.with_rung(id).is_some(),
            "prediction `{}` names the rung `{id}`, which nothing measures",
            prediction.id
        );
    }
    Ok(())
}

/// What a reader without a figure has to run.
fn command_for(prediction: &Prediction, reference: &Measured) -> String {
    let mut files = prediction
        .rungs
        .iter()
        .filter_map(|id| reference.with_rung(id));
    command(files.next().map(|figures| figures.what.as_str()))
}

fn render_question(out: &mut String, name: &str, prediction: &Prediction) {
    let (prompt, more) = html::lead(&prediction.prompt);
    match prediction.kind {
        Kind::Number => {
            let _ = write!(
                out,
                "<div class=\"hc-prompt\" id=\"{name}-prompt\"><p>{prompt}</p>{more}</div><p class=\"hc-field\"><label for=\"{name}-value\">Your prediction, in <span class=\"hc-unit\">{}</span></label> <input type=\"text\" inputmode=\"decimal\" autocomplete=\"off\" id=\"{name}-value\" name=\"value\" aria-describedby=\"{name}-prompt\"></p>",
                html::escape(&prediction.unit)
            );
        }
        Kind::Choice => {
            let _ = write!(
                out,
                "<fieldset class=\"hc-fieldset\"><legend class=\"hc-prompt\">{prompt}</legend>"
            );
            if !more.is_empty() {
                let _ = write!(out, "<div class=\"hc-more\">{more}</div>");
            }
            let texts: Vec<&str> = prediction
                .options
                .iter()
                .map(|option| option.text.as_str())
                .collect();
            options(out, name, &texts);
            out.push_str("</fieldset>");
        }
    }
}

fn render_answers(
    out: &mut String,
    prediction: &Prediction,
    command: &str,
    readers: &Measured,
    reference: &Measured,
) {
    if let Some(exact) = prediction.exact() {
        let _ = write!(
            out,
            "<p class=\"hc-exact\">It is <strong>{}</strong>.</p>",
            html::escape(&exact.shown)
        );
    } else {
        let placement = placement_words(prediction.placement);
        match prediction.measured(readers) {
            Some((answer, figures)) => {
                let _ = write!(
                    out,
                    "<p class=\"hc-yours\">On your machine, {placement}: <strong>{}</strong>.{}</p>",
                    html::escape(&answer.shown),
                    flag_list(figures)
                );
            }
            None => {
                let _ = write!(
                    out,
                    "<p class=\"hc-yours hc-none\">You have no figure for this yet. Run <code>{command}</code>, and it appears here.</p>"
                );
            }
        }
        if let Some((answer, figures)) = prediction.measured(reference) {
            let _ = write!(
                out,
                "<p class=\"hc-reference\">On the reference machine ({}, {}), {placement}: <strong>{}</strong>.{}</p>",
                html::escape(&figures.machine.cpu),
                html::escape(figures.day()),
                html::escape(&answer.shown),
                flag_list(figures)
            );
        }
    }
    for option in prediction
        .options
        .iter()
        .filter(|option| option.why.is_some())
    {
        let _ = write!(
            out,
            "<div class=\"hc-reason\"><p><strong>{}</strong></p>{}</div>",
            html::inline(&option.text),
            html::blocks(option.why.as_deref().unwrap_or_default())
        );
    }
    if !prediction.after.is_empty() {
        let _ = write!(
            out,
            "<div class=\"hc-reason\">{}</div>",
            html::blocks(&prediction.after)
        );
    }
}

fn data(prediction: &Prediction, command: &str, readers: &Measured, reference: &Measured) -> Value {
    let from = |measured: &Measured| {
        let (answer, figures) = prediction.measured(measured)?;
        let mut value = json_of(&answer);
        value["measured_at"] = json!(figures.measured_at);
        value["machine"] = json!(figures.machine.cpu);
        value["flags"] = figures.flags().iter().map(|(label, _)| *label).collect();
        Some(value)
    };
    json!({
        "id": prediction.id,
        "kind": if prediction.kind == Kind::Number { "number" } else { "choice" },
        "unit": prediction.unit,
        "command": command,
        "yours": from(readers),
        "reference": from(reference),
        "exact": prediction.exact().as_ref().map(json_of),
    })
}

/// What makes figures doubtful, as small labels that stand beside one.
pub fn flag_list(figures: &Record) -> String {
    figures
        .flags()
        .iter()
        .fold(String::new(), |mut labels, (label, _)| {
            let _ = write!(labels, " <span class=\"hc-flag\">{label}</span>");
            labels
        })
}

/// A placement in words.
fn placement_words(placement: Placement) -> &'static str {
    match placement {
        Placement::OneCpu => "both sides on one CPU",
        Placement::TwoCpus => "across two CPUs",
        Placement::InProcess => "in one process",
        Placement::Unpinned => "unpinned",
    }
}

fn json_of(answer: &Answer) -> Value {
    json!({ "value": answer.value, "shown": answer.shown, "option": answer.option })
}
