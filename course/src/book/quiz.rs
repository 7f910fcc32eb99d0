//! `{{#quiz}}`: the questions of a page, from `<page>.quiz.toml` beside it.
//!
//! The answers stand folded under each question, so that a page without JavaScript is a quiz as
//! well: read, decide, unfold.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::directives::Context;
use super::html;
use super::page::{self, Page};
use crate::repo::Repo;

mod run;

pub use run::{Answer, Run, answers_by};

/// The questions of one page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiz {
    /// In the order in which they are asked.
    #[serde(rename = "question", default)]
    pub questions: Vec<Question>,
}

/// One question with its options.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Unique on the page.
    pub id: String,
    /// The lab's objective that the question checks; none on a page without a lab.
    pub objective: Option<String>,
    /// Markdown.
    pub prompt: String,
    /// What a reader runs to see the answer, where a test or a known mistake shows it.
    pub run: Option<Run>,
    /// At least two, exactly one of them right.
    #[serde(rename = "option", default)]
    pub options: Vec<Choice>,
}

/// An option of a question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Markdown, one line.
    pub text: String,
    /// Whether it is the right one.
    #[serde(default)]
    pub right: bool,
    /// Why it is right, or what its choice misunderstands. Markdown.
    pub why: String,
}

impl Quiz {
    /// Reads and checks a quiz file.
    ///
    /// # Errors
    /// When the file is missing, or a question lacks something.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", name_of(path)))?;
        Self::parse(&text).with_context(|| format!("{} is not as expected", name_of(path)))
    }

    fn parse(text: &str) -> Result<Self> {
        let quiz: Self = toml::from_str(text)?;
        ensure!(!quiz.questions.is_empty(), "it asks no [[question]]");
        for (index, question) in quiz.questions.iter().enumerate() {
            let id = &question.id;
            ensure!(
                !quiz.questions[..index]
                    .iter()
                    .any(|earlier| earlier.id == *id),
                "two questions have the id `{id}`"
            );
            question
                .check()
                .with_context(|| format!("question `{id}`"))?;
        }
        Ok(quiz)
    }
}

impl Question {
    fn check(&self) -> Result<()> {
        ensure!(!self.prompt.trim().is_empty(), "has no prompt");
        ensure!(
            self.options.len() >= 2,
            "needs at least two [[question.option]]"
        );
        match self.options.iter().filter(|option| option.right).count() {
            1 => {}
            0 => bail!("has no right option: say `right = true` for one"),
            n => bail!("has {n} right options, and a reader can choose only one"),
        }
        for option in &self.options {
            ensure!(
                !option.why.trim().is_empty(),
                "does not say why of `{}`",
                option.text
            );
        }
        Ok(())
    }
}

/// The quiz of the context's page.
///
/// # Errors
/// When the quiz file is missing or wrong, or a question names an objective that no lab has.
pub fn render(context: &Context<'_>) -> Result<String> {
    let quiz = Quiz::read(&context.page.sidecar(&context.repo.book_src(), "quiz"))?;
    check_objectives(context, &quiz)?;
    let mut out = format!(
        "<course-quiz class=\"hc-quiz\" data-page=\"{}\"><ol class=\"hc-questions\">",
        html::escape(context.page.key())
    );
    for question in &quiz.questions {
        let run = match &question.run {
            Some(run) => run
                .render(context)
                .with_context(|| format!("question `{}`", question.id))?,
            None => String::new(),
        };
        let id = fragment(context.page, question);
        render_question(&mut out, &id, question, &run);
    }
    Ok(out + "</ol></course-quiz>")
}

/// A question on the page of a lab must check one of that lab's objectives; elsewhere it may check
/// any lab's, or none.
fn check_objectives(context: &Context<'_>, quiz: &Quiz) -> Result<()> {
    let labs = crate::lab::all(context.repo)?;
    let of_page = || labs.iter().filter(|lab| lab.chapter == context.page.path());
    for question in &quiz.questions {
        let Some(objective) = &question.objective else {
            ensure!(
                of_page().next().is_none(),
                "question `{}` does not say which objective it checks",
                question.id
            );
            continue;
        };
        let own = of_page().next().is_some();
        let known = labs
            .iter()
            .filter(|lab| !own || lab.chapter == context.page.path())
            .flat_map(|lab| &lab.objectives)
            .any(|known| known.id == *objective);
        let whose = if own {
            "this page's lab has"
        } else {
            "any lab has"
        };
        ensure!(
            known,
            "question `{}` checks `{objective}`, which is no objective that {whose}",
            question.id
        );
    }
    Ok(())
}

/// Every quiz of the book with its page, in the order of the pages' paths.
///
/// # Errors
/// When a quiz is wrong.
pub fn all(repo: &Repo) -> Result<Vec<(Page, Quiz)>> {
    let src = repo.book_src();
    let mut quizzes = Vec::new();
    for page in page::all(&src)? {
        let path = page.sidecar(&src, "quiz");
        if path.is_file() {
            quizzes.push((page, Quiz::read(&path)?));
        }
    }
    Ok(quizzes)
}

/// The fragment under which a page shows a question.
pub fn fragment(page: &Page, question: &Question) -> String {
    format!("quiz-{}-{}", page.slug(), page::slug(&question.id))
}

fn render_question(out: &mut String, id: &str, question: &Question, run: &str) {
    let (prompt, more) = html::lead(&question.prompt);
    let _ = write!(
        out,
        "<li class=\"hc-question\" id=\"{id}\" data-question=\"{}\" data-objective=\"{}\"><form class=\"hc-form\"><fieldset class=\"hc-fieldset\"><legend class=\"hc-prompt\">{prompt}</legend>",
        html::escape(&question.id),
        html::escape(question.objective.as_deref().unwrap_or_default()),
    );
    if !more.is_empty() {
        let _ = write!(out, "<div class=\"hc-more\">{more}</div>");
    }
    let texts: Vec<&str> = question
        .options
        .iter()
        .map(|option| option.text.as_str())
        .collect();
    options(out, id, &texts);
    out.push_str("</fieldset></form><details class=\"hc-answers\"><summary>Answer, and why</summary><ul class=\"hc-whys\">");
    for (index, option) in question.options.iter().enumerate() {
        let (class, right, verdict) = if option.right {
            ("hc-right", " data-right=\"true\"", "Right:")
        } else {
            ("hc-wrong", "", "Not so:")
        };
        let _ = write!(
            out,
            "<li class=\"hc-why {class}\" id=\"{id}-why-{index}\" data-option=\"{index}\"{right}><p class=\"hc-verdict\"><strong>{verdict}</strong> <span>{}</span></p><div class=\"hc-reason\">{}</div></li>",
            html::inline(&option.text),
            html::blocks(&option.why)
        );
    }
    let _ = write!(out, "</ul>{run}</details></li>");
}

/// The radio buttons of a question or a prediction.
pub(super) fn options(out: &mut String, name: &str, texts: &[&str]) {
    for (index, text) in texts.iter().enumerate() {
        let _ = write!(
            out,
            "<label class=\"hc-option\" data-option=\"{index}\"><input type=\"radio\" name=\"{name}\" value=\"{index}\"> <span>{}</span></label>",
            html::inline(text)
        );
    }
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::Quiz;

    const GOOD: &str = "[[question]]\nid = \"q\"\nobjective = \"o\"\nprompt = \"P\"\n[[question.option]]\ntext = \"a\"\nright = true\nwhy = \"w\"\n[[question.option]]\ntext = \"b\"\nwhy = \"v\"\n";

    #[test]
    fn what_a_question_lacks_is_said() {
        assert_eq!(Quiz::parse(GOOD).unwrap().questions.len(), 1);
        let said = |from: &str, to: &str| {
            format!("{:#}", Quiz::parse(&GOOD.replace(from, to)).unwrap_err())
        };
        assert!(said("right = true\n", "").contains("question `q`: has no right option"));
        assert!(said("text = \"b\"", "text = \"b\"\nright = true").contains("2 right options"));
        assert!(said("why = \"v\"", "why = \" \"").contains("does not say why of `b`"));
        assert!(said("why = \"v\"\n", "").contains("missing field `why`"));
        assert!(
            format!("{:#}", Quiz::parse(&GOOD.repeat(2)).unwrap_err()).contains("two questions")
        );
        assert!(Quiz::parse("").is_err());
    }
}
