//! `{{#coverage}}`: what the course promises, and what shows that it was kept.
//!
//! For teachers who want to know which test to look at when a class says that it has understood.
//! Nothing here is written by hand: objectives name their invariants, tests name the invariant that
//! they judge, questions name their objective. A table kept by hand would be wrong within a month.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::book::context::Context;
use crate::book::html;
use crate::book::page::Page;
use crate::book::quiz::{self, Question, Quiz};
use crate::lab::{self, GradedTest, Invariant, Lab, Objective, ShownBy};

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    ensure!(
        arguments.is_empty(),
        "`{{{{#coverage}}}}` takes no argument: it shows all labs"
    );
    let quizzes = quiz::all(context.repo)?;
    let mut out = String::from("<div class=\"hc-coverage\">");
    for lab in lab::all(context.repo)? {
        let tables = Tables {
            page: context.page,
            tests: lab.tests(context.repo)?,
            quizzes: &quizzes,
            lab,
        };
        tables.render(&mut out);
    }
    Ok(out + "</div>")
}

/// One lab's two tables.
struct Tables<'a> {
    page: &'a Page,
    lab: Lab,
    tests: Vec<GradedTest>,
    quizzes: &'a [(Page, Quiz)],
}

impl Tables<'_> {
    fn render(&self, out: &mut String) {
        let lab = &self.lab;
        let title = format!("Lab {}: {}", lab.number, html::inline(&lab.title));
        let graded = self.tests.iter().filter(|test| !test.given).count();
        let _ = write!(
            out,
            "<details class=\"hc-sheet\" id=\"coverage-{}\"><summary>{title} ({}, {}, {})</summary><p>Chapter: <a href=\"{}\">{}</a>. Code: <code>exercises/{}/</code>.</p>",
            html::escape(&lab.name),
            counted(lab.objectives.len(), "objective"),
            counted(lab.invariants.len(), "invariant"),
            counted(graded, "test"),
            html::escape(&self.page.link_to(&lab.chapter)),
            html::inline(&lab.title),
            html::escape(&lab.folder),
        );
        open(
            out,
            &format!("{title}, objectives"),
            "What a reader can do afterwards, and what shows it",
            ["Objective", "Judged by", "Questions"],
        );
        for objective in &lab.objectives {
            let _ = write!(
                out,
                "<tr><th scope=\"row\">{}</th><td data-column=\"Judged by\">{}</td><td data-column=\"Questions\">{}</td></tr>",
                html::inline(&objective.text),
                self.judges(objective),
                self.questions(objective)
            );
        }
        out.push_str("</tbody></table></div>");
        open(
            out,
            &format!("{title}, invariants"),
            "What each invariant says, and which tests judge it",
            ["Invariant", "What it says", "Tests"],
        );
        for invariant in &lab.invariants {
            let _ = write!(
                out,
                "<tr><th scope=\"row\">{}</th><td data-column=\"It says\">{}</td><td data-column=\"Tests\">{}</td></tr>",
                self.link(invariant),
                html::inline(&invariant.text),
                self.named(invariant)
            );
        }
        out.push_str("</tbody></table></div></details>");
    }

    /// The invariants with the number of their tests, and the reader's own figures.
    fn judges(&self, objective: &Objective) -> String {
        let invariants = objective
            .invariants
            .iter()
            .filter_map(|id| self.lab.invariant(id));
        let mut judges: Vec<String> = invariants
            .map(|invariant| {
                let count = self.of(invariant).count();
                format!("{} ({count})", self.link(invariant))
            })
            .collect();
        if objective.shown_by == Some(ShownBy::Measurement) {
            judges.push(format!(
                "<a href=\"{}\">own figures</a>",
                html::escape(&self.page.link_to("numbers.md"))
            ));
        }
        judges.join(", ")
    }

    fn questions(&self, objective: &Objective) -> String {
        let asked = self.quizzes.iter().flat_map(|(page, quiz)| {
            let questions = quiz.questions.iter();
            questions
                .filter(|question| question.objective.as_ref() == Some(&objective.id))
                .map(move |question| (page, question))
        });
        let links: Vec<String> = asked
            .map(|(page, question)| self.question(page, question))
            .collect();
        links.join(", ")
    }

    fn question(&self, page: &Page, question: &Question) -> String {
        let target = format!("{}#{}", page.path(), quiz::fragment(page, question));
        let run = match question.run {
            Some(_) => " (run)",
            None => "",
        };
        format!(
            "<a href=\"{}\">{}</a>{run}",
            html::escape(&self.page.link_to(&target)),
            html::escape(&question.id)
        )
    }

    fn link(&self, invariant: &Invariant) -> String {
        let chapter = Page::new(self.lab.chapter.as_ref());
        let id = &invariant.id;
        let target = format!("{}#invariant-{}-{id}", self.lab.chapter, chapter.slug());
        format!(
            "<a href=\"{}\">{}</a>",
            html::escape(&self.page.link_to(&target)),
            html::escape(id)
        )
    }

    fn of(&self, invariant: &Invariant) -> impl Iterator<Item = &GradedTest> {
        self.tests
            .iter()
            .filter(|test| test.invariant.as_ref() == Some(&invariant.id))
    }

    /// The tests' names, folded: a lab has sixty of them.
    fn named(&self, invariant: &Invariant) -> String {
        let tests: Vec<&GradedTest> = self.of(invariant).collect();
        let mut named = format!(
            "<details><summary>{}</summary><ul>",
            counted(tests.len(), "test")
        );
        for test in tests {
            let _ = write!(named, "<li><code>{}</code></li>", html::escape(&test.name));
        }
        named + "</ul></details>"
    }
}

/// The beginning of a table, up to its first row.
fn open(out: &mut String, label: &str, caption: &str, heads: [&str; 3]) {
    let _ = write!(
        out,
        "<div class=\"table-wrapper hc-stack\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\"><table><caption>{caption}</caption><thead><tr>"
    );
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead><tbody>");
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
