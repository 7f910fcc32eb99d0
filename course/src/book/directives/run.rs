//! Answers that a reader can run.
//!
//! An explanation has to be believed. Where a graded test shows the same thing, the answer gives the
//! command that runs it, and `cargo course verify` makes sure that the test agrees with the answer.
//! What it shows is not written down again: it is the test's own comment, and so it cannot drift.

use anyhow::{Context as _, Result, ensure};

use crate::book::context::Context;
use crate::book::html;
use crate::book::page::Page;
use crate::book::quiz::Run;
use crate::lab;

/// The commands, and what they show.
pub(super) fn render(run: &Run, context: &Context<'_>) -> Result<String> {
    let lab = lab::named(context.repo, &run.lab)?;
    let tests = lab.tests(context.repo)?;
    let test = tests
        .iter()
        .find(|test| test.name == run.test)
        .with_context(|| {
            format!(
                "it is answered by the test `{}`, which {} does not have",
                run.test, lab.name
            )
        })?;
    ensure!(
        !test.given,
        "it is answered by `{}`, which guards given code and says nothing of a reader's",
        run.test
    );
    let read = test.invariant.as_deref().and_then(|id| lab.invariant(id));
    let shows = says(context.page, &test.doc, read);
    let (name, package) = (html::escape(&lab.name), lab.solution_package());
    let (test, package) = (html::escape(&run.test), html::escape(&package));
    let Some(mistake) = &run.mistake else {
        let commands = format!("$ cd exercises\n$ cargo test -p {name} {test}");
        return Ok(format!(
            "<div class=\"hc-run\"><p class=\"hc-label\">Run it, on your own code</p>{}<p>{shows}</p><p>Not built yet? On ours, at the root of the repository: <code>cargo test -p {package} {test}</code></p></div>",
            console(&commands)
        ));
    };
    let mistakes = lab.mistakes(context.repo)?;
    let mistake = mistakes
        .iter()
        .find(|known| known.name == *mistake)
        .with_context(|| {
            format!(
                "it names the mistake `{mistake}`, which {} does not have",
                lab.name
            )
        })?;
    let folder = format!("solutions/{}", html::escape(&lab.folder));
    let patch = format!("{folder}/mistakes/{}", html::escape(&mistake.file()));
    let commands = format!(
        "$ git apply --directory={folder} {patch}\n$ cargo test -p {package} {test}\n$ git apply --reverse --directory={folder} {patch}"
    );
    Ok(format!(
        "<div class=\"hc-run\"><p class=\"hc-label\">Watch it go wrong</p><p>The course keeps this design among its mistakes: a solution that {} At the root of the repository, put it into ours, run the test that rejects it, and take it out again:</p>{}<p>The test fails, since it asks for this: {shows}</p></div>",
        html::inline(&sentence(&mistake.wrong)),
        console(&commands)
    ))
}

/// The first sentence of a test's comment, with the invariant that it judges.
fn says(page: &Page, doc: &str, invariant: Option<&lab::Invariant>) -> String {
    let first = doc.split("\n\n").next().unwrap_or_default();
    let text = html::inline(first);
    match invariant {
        Some(invariant) => format!(
            "<a href=\"{}\"><strong>{}</strong></a> {text}",
            html::escape(&page.link_to(&invariant.read)),
            html::escape(&invariant.id)
        ),
        None => text,
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim_end();
    let ended = text.ends_with(['.', '!', '?']);
    format!("{text}{}", if ended { "" } else { "." })
}

fn console(commands: &str) -> String {
    format!("<pre><code class=\"language-console\">{commands}</code></pre>")
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn a_half_sentence_is_ended_once() {
        assert_eq!(sentence("keeps late fills"), "keeps late fills.");
        assert_eq!(sentence("keeps late fills.\n"), "keeps late fills.");
    }
}
