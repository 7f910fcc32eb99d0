//! Predictions that a reader commits before seeing a figure, from `<page>.predict.toml` beside a page.
//!
//! The answer is the reader's own measurement where there is one, and the dated reference beside it.
//! Nothing is invented: without a measurement the page says which command makes one.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::html;
use super::measured::Measured;
use super::page;
use records::record::{Figure, Placement, Record};
use records::units;

/// The command that makes a reader's figures.
pub const MEASURE: &str = "cargo course measure";

/// The command that makes the figures of one bench: the quickest one, since a guess is waiting. The ladder
/// is what `--quick` measures by default.
pub fn command(what: Option<&str>) -> String {
    match what {
        None | Some("ladder") => format!("{MEASURE} --quick"),
        Some(what) => format!("{MEASURE} {what}"),
    }
}

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
    /// What the reader enters.
    pub kind: Kind,
    /// The unit of a number: `ns`, `µs`, `ms` for a time, any word for a ratio or a count.
    #[serde(default)]
    pub unit: String,
    /// One rung: its median is the answer. Two: the first divided by the second.
    #[serde(default)]
    pub rungs: Vec<String>,
    /// Where the rungs were measured.
    #[serde(default = "one_cpu")]
    pub placement: Placement,
    /// An answer that needs no measurement, such as a count.
    pub answer: Option<f64>,
    /// What to choose from.
    #[serde(rename = "option", default)]
    pub options: Vec<PredictionOption>,
    /// Markdown, shown after the prediction.
    #[serde(default)]
    pub after: String,
}

/// What a reader enters as a prediction.
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
pub struct PredictionOption {
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
        page::read(path, Self::parse)
    }

    fn parse(text: &str) -> Result<Self> {
        let file: Self = toml::from_str(text)?;
        page::once(
            "prediction",
            file.predictions.iter().map(|prediction| &prediction.id),
        )?;
        for prediction in &file.predictions {
            prediction
                .check()
                .with_context(|| format!("prediction `{}`", prediction.id))?;
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
    pub fn nanoseconds(&self) -> Option<f64> {
        match self.unit.as_str() {
            "ns" => Some(1.0),
            "µs" | "us" => Some(1e3),
            "ms" => Some(1e6),
            "s" => Some(1e9),
            _ => None,
        }
    }

    /// What a machine's figures say, and the file that they are from; of two, the more doubtful.
    pub fn measured<'m>(&self, measured: &'m Measured) -> Option<(Answer, &'m Record)> {
        let mut p50s = Vec::new();
        let mut files = Vec::new();
        for id in &self.rungs {
            let (figures, rung) = measured.nearest(id, self.placement)?;
            p50s.push(Figure::p50(rung)?);
            files.push(figures);
        }
        let value = match p50s.as_slice() {
            [one] => one / self.nanoseconds().unwrap_or(1.0),
            [one, other] => one / other,
            _ => return None,
        };
        let doubtful = files.into_iter().max_by_key(|file| file.flags().len())?;
        Some((self.answer_of(value), doubtful))
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
            Some(unit) => units::time(value * unit),
            None if self.unit.is_empty() => units::ratio(value),
            None => format!("{} {}", units::number(value), self.unit),
        };
        Answer {
            value: Some(value),
            shown,
            option,
        }
    }
}

fn one_cpu() -> Placement {
    Placement::OneCpu
}

#[cfg(test)]
mod tests {
    use super::{Answer, Prediction, Predictions};
    use crate::book::measured::Measured;
    use records::record::Record;

    fn ladder() -> Record {
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
        let measured = Measured::from_files(vec![ladder()]);
        let of = |text: &str| -> Option<Answer> {
            let (answer, from) = prediction(text).measured(&measured)?;
            assert_eq!(from.what, "ladder");
            Some(answer)
        };
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
