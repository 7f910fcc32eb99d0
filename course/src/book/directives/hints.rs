//! `{{#hints LAB}}`: a lab's hints, each folded, so that a reader takes one at a time.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::Context;
use crate::book::html;

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let lab = context.lab("hints", arguments)?;
    let sections = lab.hints(context.repo)?;
    ensure!(
        !sections.is_empty(),
        "exercises/{}/hints.md has no `## topic` with hints in it",
        lab.folder
    );
    let mut out = String::from("<div class=\"hc-hints\">");
    for section in &sections {
        let _ = write!(
            out,
            "<div class=\"hc-hint-group\"><p class=\"hc-label\">{}</p>",
            html::inline(&section.title)
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
    Ok(out + "</div>")
}
