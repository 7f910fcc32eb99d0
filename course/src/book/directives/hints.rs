//! `{{#hints LAB TOPIC, TOPIC}}`: a lab's hints to these topics, each folded, so that a reader takes
//! one at a time, beside the section that they help with. `{{#hints LAB}}` shows all of them.

use std::fmt::Write as _;

use anyhow::{Result, bail, ensure};

use crate::book::context::Context;
use crate::book::html;
use crate::lab::HintSection;

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let (name, topics) = arguments.split_once(' ').unwrap_or((arguments, ""));
    let lab = context.lab("hints", name)?;
    let sections = lab.hints(context.repo)?;
    ensure!(
        !sections.is_empty(),
        "exercises/{}/hints.md has no `## topic` with hints in it",
        lab.folder
    );
    let shown = chosen(&sections, topics)?;
    let titles: Vec<String> = shown
        .iter()
        .map(|section| html::inline(&section.title))
        .collect();
    let mut out = format!(
        "<details class=\"hc-hints\"><summary>Hints: {}</summary>",
        titles.join(", ")
    );
    for (section, title) in shown.into_iter().zip(&titles) {
        let _ = write!(
            out,
            "<div class=\"hc-hint-group\"><p class=\"hc-label\">{title}</p>"
        );
        let of = section.hints.len();
        for (index, hint) in section.hints.iter().enumerate() {
            let _ = write!(
                out,
                "<details class=\"hc-hint\"><summary>Hint {} of {of}<span class=\"hc-unseen\"> for {}</span></summary><div class=\"hc-reason\">{}</div></details>",
                index + 1,
                html::escape(&html::plain(&section.title)),
                html::blocks(hint),
            );
        }
        out.push_str("</div>");
    }
    Ok(out + "</details>")
}

/// The sections whose titles are in `topics`, in that order; all of them where it is empty.
fn chosen<'a>(sections: &'a [HintSection], topics: &str) -> Result<Vec<&'a HintSection>> {
    if topics.trim().is_empty() {
        return Ok(sections.iter().collect());
    }
    let mut chosen = Vec::new();
    for topic in topics.split(',').map(str::trim) {
        let titled = |section: &&HintSection| html::plain(&section.title) == topic;
        let Some(section) = sections.iter().find(titled) else {
            let known: Vec<String> = sections
                .iter()
                .map(|section| html::plain(&section.title))
                .collect();
            bail!(
                "there are no hints for `{topic}`; there are some for: {}",
                known.join(", ")
            );
        };
        chosen.push(section);
    }
    Ok(chosen)
}
