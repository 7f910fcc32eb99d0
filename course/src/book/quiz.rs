//! The questions of a page, from `<page>.quiz.toml` beside it.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::page::{self, Page};
use crate::lab::Lab;
use crate::repo::Repo;

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
    pub options: Vec<QuizOption>,
}

/// An option of a question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuizOption {
    /// Markdown, one line.
    pub text: String,
    /// Whether it is the right one.
    #[serde(default)]
    pub right: bool,
    /// Why it is right, or which misunderstanding it shows. Markdown.
    pub why: String,
}

impl Quiz {
    /// Reads and checks a quiz file.
    ///
    /// # Errors
    /// When the file is missing, or a question lacks something.
    pub fn read(path: &Path) -> Result<Self> {
        page::read(path, Self::parse)
    }

    fn parse(text: &str) -> Result<Self> {
        let quiz: Self = toml::from_str(text)?;
        ensure!(!quiz.questions.is_empty(), "it asks no [[question]]");
        page::once(
            "question",
            quiz.questions.iter().map(|question| &question.id),
        )?;
        for question in &quiz.questions {
            question
                .check()
                .with_context(|| format!("question `{}`", question.id))?;
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

/// What a reader runs to see an answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The lab's name.
    pub lab: String,
    /// A graded test of that lab. It holds for the solution.
    pub test: String,
    /// A mistake of that lab that the test rejects, when the question is what a wrong design does.
    pub mistake: Option<String>,
}

/// An answer that is run, and where it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestedAnswer {
    /// The page.
    pub page: String,
    /// The question's id.
    pub question: String,
    /// What is run.
    pub run: Run,
}

impl TestedAnswer {
    /// For a message: which answer rests on the test.
    pub fn named(&self) -> String {
        format!("the answer to `{}` in src/{}", self.question, self.page)
    }
}

/// The answers that a lab's tests give, on all pages.
///
/// # Errors
/// When a quiz is wrong.
pub fn answers_by(repo: &Repo, lab: &Lab) -> Result<Vec<TestedAnswer>> {
    let mut answers = Vec::new();
    for (page, quiz) in all(repo)? {
        for question in quiz.questions {
            if let Some(run) = question.run.filter(|run| run.lab == lab.name) {
                answers.push(TestedAnswer {
                    page: page.path().to_owned(),
                    question: question.id,
                    run,
                });
            }
        }
    }
    Ok(answers)
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
            format!("{:#}", Quiz::parse(&GOOD.repeat(2)).unwrap_err())
                .contains("it has the question `q` twice")
        );
        assert!(Quiz::parse("").is_err());
    }
}
