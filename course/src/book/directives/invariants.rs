//! `{{#invariants LAB}}`: what a lab's tests prove; a served page marks what holds already.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::book::context::Context;
use crate::book::html;

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let lab = context.lab("invariants", arguments)?;
    ensure!(
        !lab.invariants.is_empty(),
        "exercises/{}/lab.toml states no [[invariant]]",
        lab.folder
    );
    let mut out = format!(
        "<course-invariants class=\"hc-invariants\" data-lab=\"{}\" data-of=\"{}\"><p class=\"hc-tally\" role=\"status\"></p><ul class=\"hc-list\">",
        html::escape(&lab.name),
        lab.invariants.len()
    );
    let slug = context.page.slug();
    for invariant in &lab.invariants {
        let id = html::escape(&invariant.id);
        let _ = write!(
            out,
            "<li class=\"hc-invariant\" id=\"invariant-{slug}-{id}\" data-invariant=\"{id}\"><span class=\"hc-mark\"></span> <strong class=\"hc-id\">{id}</strong> <span class=\"hc-text\">{}</span> <a class=\"hc-read\" href=\"{}\" aria-label=\"Read about {id}\">read</a></li>",
            html::inline(&invariant.text),
            html::escape(&context.page.link_to(&invariant.read)),
        );
    }
    Ok(out + "</ul></course-invariants>")
}
