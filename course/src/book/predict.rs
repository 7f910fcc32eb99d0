//! `{{#predict ID}}`: a prediction that a reader commits before seeing a figure.
//!
//! The answer is the reader's own measurement where there is one, and the dated reference beside it.
//! Nothing is invented: without a measurement the page says which command makes one.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::directives::Context;
use super::html;
use super::ladder::{self, Ladder};
use super::quiz::{name_of, options};

/// The command that makes a reader's figures.
pub const MEASURE: &str = "cargo course measure";

/// The predictions of one page.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predictions {
    /// In the order of the file; the page decides where each appears.
    #[serde(rename = "prediction", default)]
    pub predictions: Vec<Prediction>,
}

/// One prediction.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// Unique on the page.
    pub id: String,
    /// Markdown.
    pub prompt: String,
    /// What the reader gives.
    pub kind: Kind,
    /// The unit of a number: `ns`, `µs`, `ms` for a time, any word for a ratio or a count.
    #[serde(default)]
    pub unit: String,
    /// One rung: its median is the answer. Two: the first divided by the second.
    #[serde(default)]
    pub rungs: Vec<String>,
    /// Where the rungs were measured.
    #[serde(default = "one_cpu")]
    pub placement: String,
    /// An answer that needs no measurement, such as a count.
    pub answer: Option<f64>,
    /// What to choose from.
    #[serde(rename = "option", default)]
    pub options: Vec<Choice>,
    /// Markdown, shown after the prediction.
    #[serde(default)]
    pub after: String,
}

/// What a reader gives as a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A number.
    Number,
    /// One of several options.
    Choice,
}

/// An option of a prediction.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Markdown, one line.
    pub text: String,
    /// The answer falls here if it is below this and not below the option before.
    pub below: Option<f64>,
    /// The answer, where no measurement decides.
    #[serde(default)]
    pub right: bool,
    /// Markdown, shown after the prediction.
    pub why: Option<String>,
}

/// An answer to a prediction, measured or exact.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// In the prediction's unit; none where an option is simply the right one.
    pub value: Option<f64>,
    /// As a reader sees it.
    pub shown: String,
    /// The option that it falls in.
    pub option: Option<usize>,
}

impl Predictions {
    /// Reads and checks a file of predictions.
    ///
    /// # Errors
    /// When the file is missing, or a prediction lacks something.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", name_of(path)))?;
        Self::parse(&text).with_context(|| format!("{} is not as expected", name_of(path)))
    }

    fn parse(text: &str) -> Result<Self> {
        let file: Self = toml::from_str(text)?;
        for (index, prediction) in file.predictions.iter().enumerate() {
            let id = &prediction.id;
            ensure!(
                !file.predictions[..index]
                    .iter()
                    .any(|earlier| earlier.id == *id),
                "two predictions have the id `{id}`"
            );
            prediction
                .check()
                .with_context(|| format!("prediction `{id}`"))?;
        }
        Ok(file)
    }
}

impl Prediction {
    fn check(&self) -> Result<()> {
        ensure!(!self.prompt.trim().is_empty(), "has no prompt");
        ensure!(
            self.rungs.len() <= 2,
            "names {} rungs; one or two can be compared",
            self.rungs.len()
        );
        let sources = usize::from(!self.rungs.is_empty()) + usize::from(self.answer.is_some());
        match self.kind {
            Kind::Number => {
                ensure!(sources == 1, "needs either `rungs` or `answer`");
                ensure!(!self.unit.is_empty(), "needs a `unit`");
                ensure!(self.options.is_empty(), "is a number, so it has no options");
                if let [_] = self.rungs.as_slice() {
                    self.nanoseconds().with_context(|| {
                        format!("`{}` is no unit of time: ns, µs, ms or s", self.unit)
                    })?;
                }
            }
            Kind::Choice => {
                ensure!(
                    self.options.len() >= 2,
                    "needs at least two [[prediction.option]]"
                );
                let right = self.options.iter().filter(|option| option.right).count();
                match (sources, right) {
                    (0, 1) => {}
                    (1, 0) => self.check_limits()?,
                    _ => bail!(
                        "needs either one option with `right = true`, or `rungs` and options with `below`"
                    ),
                }
            }
        }
        Ok(())
    }

    /// All options but the last have a limit, and the limits rise: then each answer has one option.
    fn check_limits(&self) -> Result<()> {
        let limits: Vec<f64> = self
            .options
            .iter()
            .filter_map(|option| option.below)
            .collect();
        ensure!(
            limits.len() + 1 == self.options.len()
                && self.options.last().is_some_and(|last| last.below.is_none()),
            "needs `below` on each option but the last"
        );
        ensure!(
            limits.is_sorted(),
            "needs its options in rising order of `below`"
        );
        Ok(())
    }

    /// How many nanoseconds one of the prediction's unit is.
    fn nanoseconds(&self) -> Option<f64> {
        match self.unit.as_str() {
            "ns" => Some(1.0),
            "µs" | "us" => Some(1e3),
            "ms" => Some(1e6),
            "s" => Some(1e9),
            _ => None,
        }
    }

    /// What a ladder's figures say.
    pub fn measured(&self, ladder: &Ladder) -> Option<Answer> {
        let p50 = |id: &String| {
            ladder
                .nearest(id, &self.placement)
                .and_then(ladder::Rung::p50)
        };
        let value = match self.rungs.as_slice() {
            [one] => p50(one)? / self.nanoseconds().unwrap_or(1.0),
            [one, other] => p50(one)? / p50(other)?,
            _ => return None,
        };
        Some(self.answer_of(value))
    }

    /// The answer that needs no measurement, if this is such a prediction.
    pub fn exact(&self) -> Option<Answer> {
        if let Some(index) = self.options.iter().position(|option| option.right) {
            let shown = html::plain(&self.options[index].text);
            return Some(Answer {
                value: None,
                shown,
                option: Some(index),
            });
        }
        self.answer.map(|value| self.answer_of(value))
    }

    fn answer_of(&self, value: f64) -> Answer {
        let option = match self.kind {
            Kind::Number => None,
            Kind::Choice => self
                .options
                .iter()
                .position(|option| option.below.is_none_or(|below| value < below)),
        };
        let shown = match self.nanoseconds() {
            Some(unit) => ladder::duration(value * unit),
            None if self.unit.is_empty() => format!("{}×", ladder::number(value)),
            None => format!("{} {}", ladder::number(value), self.unit),
        };
        Answer {
            value: Some(value),
            shown,
            option,
        }
    }
}

impl Answer {
    fn json(&self) -> Value {
        json!({ "value": self.value, "shown": self.shown, "option": self.option })
    }
}

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
            name_of(&path),
            known.join(", ")
        );
    };
    let readers = Ladder::readers(context.repo);
    let reference = Ladder::reference(context.repo)?;
    check_rungs(prediction, reference.as_ref())?;

    let name = format!("predict-{}-{}", context.page.slug(), super::page::slug(id));
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
    render_answers(&mut out, prediction, readers.as_ref(), reference.as_ref());
    let _ = write!(
        out,
        "</details><script type=\"application/json\" class=\"hc-data\">{}</script></course-predict>",
        html::json(&data(prediction, readers.as_ref(), reference.as_ref()))
    );
    Ok(out)
}

/// A rung that the reference does not know is a slip of the pen, and would never be answered.
fn check_rungs(prediction: &Prediction, reference: Option<&Ladder>) -> Result<()> {
    let Some(reference) = reference else {
        return Ok(());
    };
    for id in &prediction.rungs {
        ensure!(
            reference.rungs.iter().any(|rung| rung.id == *id),
            "prediction `{}` names the rung `{id}`, which is not on the ladder",
            prediction.id
        );
    }
    Ok(())
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
    readers: Option<&Ladder>,
    reference: Option<&Ladder>,
) {
    if let Some(exact) = prediction.exact() {
        let _ = write!(
            out,
            "<p class=\"hc-exact\">It is <strong>{}</strong>.</p>",
            html::escape(&exact.shown)
        );
    } else {
        let placement = placement_words(&prediction.placement);
        match readers.and_then(|ladder| Some((ladder, prediction.measured(ladder)?))) {
            Some((ladder, answer)) => {
                let _ = write!(
                    out,
                    "<p class=\"hc-yours\">On your machine, {placement}: <strong>{}</strong>.{}</p>",
                    html::escape(&answer.shown),
                    flag_list(ladder)
                );
            }
            None => {
                let _ = write!(
                    out,
                    "<p class=\"hc-yours hc-none\">You have no figure for this yet. Run <code>{MEASURE}</code>, and it appears here.</p>"
                );
            }
        }
        if let Some((ladder, answer)) =
            reference.and_then(|ladder| Some((ladder, prediction.measured(ladder)?)))
        {
            let _ = write!(
                out,
                "<p class=\"hc-reference\">On the reference machine ({}, {}), {placement}: <strong>{}</strong>.{}</p>",
                html::escape(&ladder.machine.cpu),
                html::escape(ladder.day()),
                html::escape(&answer.shown),
                flag_list(ladder)
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

fn data(prediction: &Prediction, readers: Option<&Ladder>, reference: Option<&Ladder>) -> Value {
    let from = |ladder: Option<&Ladder>| {
        let ladder = ladder?;
        let mut value = prediction.measured(ladder)?.json();
        value["measured_at"] = json!(ladder.measured_at);
        value["machine"] = json!(ladder.machine.cpu);
        value["flags"] = ladder.flags().iter().map(|(label, _)| *label).collect();
        Some(value)
    };
    json!({
        "id": prediction.id,
        "kind": if prediction.kind == Kind::Number { "number" } else { "choice" },
        "unit": prediction.unit,
        "command": MEASURE,
        "yours": from(readers),
        "reference": from(reference),
        "exact": prediction.exact().map(|answer| answer.json()),
    })
}

/// A ladder's flags as small labels that stand beside a figure.
pub(super) fn flag_list(ladder: &Ladder) -> String {
    ladder
        .flags()
        .iter()
        .fold(String::new(), |mut labels, (label, _)| {
            let _ = write!(labels, " <span class=\"hc-flag\">{label}</span>");
            labels
        })
}

/// A placement in words.
pub(super) fn placement_words(placement: &str) -> &str {
    match placement {
        "one-cpu" => "both sides on one CPU",
        "two-cpus" => "across two CPUs",
        "in-process" => "in one process",
        other => other,
    }
}

fn one_cpu() -> String {
    "one-cpu".to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Prediction, Predictions};
    use crate::book::ladder::Ladder;

    fn ladder() -> Ladder {
        serde_json::from_str(
            r#"{ "format": 1, "what": "ladder", "measured_at": "2026-11-23T03:30:00Z", "quick": true,
                 "machine": { "cpu": "c", "logical_cpus": 2, "os": "o", "virtual_machine": true },
                 "build": { "optimised": false, "rustc": "1.95.0" },
                 "rungs": [
                   { "id": "fn-call", "title": "f", "placement": "in-process", "status": "measured", "p50_ns": 2.0 },
                   { "id": "rpc", "title": "r", "placement": "one-cpu", "status": "not-built" },
                   { "id": "tcp-loopback", "title": "t", "placement": "one-cpu", "status": "measured", "p50_ns": 6400.0 } ] }"#,
        )
        .unwrap()
    }

    fn prediction(text: &str) -> Prediction {
        let text = format!("[[prediction]]\nid = \"p\"\nprompt = \"P\"\n{text}");
        Predictions::parse(&text).unwrap().predictions.remove(0)
    }

    #[test]
    fn the_answer_comes_from_the_figures_or_not_at_all() {
        let of = |text: &str| prediction(text).measured(&ladder());
        let ratio =
            of("kind = \"number\"\nunit = \"calls\"\nrungs = [\"tcp-loopback\", \"fn-call\"]")
                .unwrap();
        assert_eq!(ratio.shown, "3,200 calls");
        let time = of("kind = \"number\"\nunit = \"µs\"\nrungs = [\"tcp-loopback\"]").unwrap();
        assert_eq!((time.value, time.shown.as_str()), (Some(6.4), "6.4 µs"));
        assert_eq!(
            of("kind = \"number\"\nunit = \"µs\"\nrungs = [\"rpc\"]"),
            None
        );
        let choice = of("kind = \"choice\"\nrungs = [\"tcp-loopback\", \"fn-call\"]\n[[prediction.option]]\ntext = \"few\"\nbelow = 10\n[[prediction.option]]\ntext = \"many\"").unwrap();
        assert_eq!(choice.option, Some(1));
    }

    #[test]
    fn what_a_prediction_lacks_is_said() {
        let said = |text: &str| {
            let text = format!("[[prediction]]\nid = \"p\"\nprompt = \"P\"\n{text}");
            format!("{:#}", Predictions::parse(&text).unwrap_err())
        };
        assert!(said("kind = \"number\"\nunit = \"calls\"").contains("either `rungs` or `answer`"));
        assert!(
            said("kind = \"number\"\nunit = \"calls\"\nrungs = [\"rpc\"]")
                .contains("no unit of time")
        );
        assert!(said("kind = \"choice\"").contains("at least two"));
        assert!(said("kind = \"choice\"\nrungs = [\"rpc\"]\n[[prediction.option]]\ntext = \"a\"\n[[prediction.option]]\ntext = \"b\"").contains("`below`"));
    }

    #[test]
    fn doubtful_figures_are_flagged() {
        let labels: Vec<_> = ladder().flags().iter().map(|(label, _)| *label).collect();
        assert_eq!(labels, ["debug build", "virtual machine", "quick run"]);
    }
}
