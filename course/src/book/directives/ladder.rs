//! `{{#ladder | caption}}`: the reader's own ladder drawn, with the guesses of the page's predictions
//! marked on it, and the reference beside it.

use anyhow::Result;

use super::predict::flag_list;
use crate::book::context::Context;
use crate::book::html;
use crate::book::ladder::{self, Guess, Step};
use crate::book::measured::Measured;
use crate::book::predict::{Kind, Prediction, Predictions};
use records::record::{Figure, Placement, Record};

/// The steps that are drawn, with words that fit. All of them are on *Your numbers*.
const STEPS: [(&str, &str); 9] = [
    ("fn-call", "A function call"),
    ("mutex", "Locking a free mutex"),
    ("thread-handoff", "To another thread and back"),
    ("rpc", "A framed call to another process"),
    ("rpc-rtt-500us", "The same, 0.5 ms away"),
    ("batch-100", "One call that asks for a hundred"),
    ("calls-100", "A hundred calls, one after another"),
    ("append", "Appending 64 B to a file"),
    ("append-fsync", "The same, until the disk has it"),
];
const PLACEMENT: Placement = Placement::OneCpu;
const COMMAND: &str = "cargo course measure --quick";

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let caption = arguments.trim_start_matches('|').trim();
    let readers = Measured::readers(context.repo);
    let reference = Measured::reference(context.repo)?;
    let yours = readers.of("ladder").filter(|figures| figures.has_any());
    let predictions = predictions(context)?;
    let steps: Vec<Step> = STEPS
        .iter()
        .map(|(rung, label)| Step {
            label: (*label).to_owned(),
            yours: p50(yours, rung),
            reference: p50(reference.of("ladder"), rung),
            guess: guess(context, &predictions, rung, yours, reference.of("ladder")),
        })
        .collect();
    let name = format!("ladder-{}", context.page.slug());
    let caption = if caption.is_empty() {
        String::new()
    } else {
        format!("{} ", html::inline(caption))
    };
    let shown = format!(
        "<course-ladder class=\"hc-own-ladder\" data-measured=\"{}\"><figure class=\"hc-figure\" id=\"{name}\">{}<figcaption>{caption}{}</figcaption></figure><p class=\"hc-guesses\" role=\"status\"></p><details class=\"hc-figures\"><summary>The figures of this ladder</summary>{}</details></course-ladder>",
        yours.is_some(),
        ladder::svg(&steps, &name),
        provenance(yours, reference.of("ladder")),
        ladder::table(&steps),
    );
    Ok(if yours.is_some() {
        shown
    } else {
        format!(
            "<p class=\"hc-none\">You have no figures yet. Run <code>{COMMAND}</code>, and your own ladder is drawn here.</p>{}",
            html::after_predicting("The reference machine's ladder", &shown)
        )
    })
}

fn p50(figures: Option<&Record>, rung: &str) -> Option<f64> {
    figures?.nearest(rung, PLACEMENT).and_then(Figure::p50)
}

/// The page's own; a ladder may be on a page without any.
fn predictions(context: &Context<'_>) -> Result<Vec<Prediction>> {
    let path = context.page.sidecar(&context.repo.book_src(), "predict");
    if path.is_file() {
        Ok(Predictions::read(&path)?.predictions)
    } else {
        Ok(Vec::new())
    }
}

/// A prediction of a time is placed at its value. A ratio needs the measured time that it is a ratio to.
fn guess(
    context: &Context<'_>,
    predictions: &[Prediction],
    rung: &str,
    yours: Option<&Record>,
    reference: Option<&Record>,
) -> Option<Guess> {
    let about = predictions.iter().find(|prediction| {
        prediction.kind == Kind::Number && prediction.rungs.first().is_some_and(|id| id == rung)
    })?;
    let unit_ns = match about.rungs.as_slice() {
        [_] => about.nanoseconds()?,
        [_, base] => p50(yours, base).or_else(|| p50(reference, base))?,
        _ => return None,
    };
    Some(Guess {
        key: format!("{}:{}", context.page.key(), about.id),
        unit_ns,
    })
}

/// Whose figures these are, when they were measured and on what.
fn provenance(yours: Option<&Record>, reference: Option<&Record>) -> String {
    let of = |whose: &str, figures: &Record| {
        format!(
            "<span class=\"hc-whose\"><strong>{whose}</strong>: {}.{}</span>",
            html::escape(&format!(
                "{}, {} CPUs, {}, {}",
                figures.machine.cpu,
                figures.machine.logical_cpus,
                figures.machine.os,
                figures.day()
            )),
            flag_list(figures)
        )
    };
    let lines = [
        yours.map(|figures| of("Your machine", figures)),
        reference.map(|figures| of("Reference machine", figures)),
    ];
    lines.into_iter().flatten().collect()
}
