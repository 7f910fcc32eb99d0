//! `{{#quiz}}`: the questions of a page.
//!
//! The answers are folded under each question, so that a page without JavaScript is a quiz too:
//! read, decide, unfold.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};

use super::run;
use crate::book::context::Context;
use crate::book::html;
use crate::book::quiz::{Question, Quiz, fragment};

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
            Some(run) => {
                run::render(run, context).with_context(|| format!("question `{}`", question.id))?
            }
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
