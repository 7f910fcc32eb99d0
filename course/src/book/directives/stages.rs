//! `{{#stages LAB}}`: the steps of a lab's core, with their minutes; a served page marks what holds.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::book::context::Context;
use crate::book::html;

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let lab = context.lab("stages", arguments)?;
    ensure!(
        !lab.stages.is_empty(),
        "exercises/{}/lab.toml has no [[stage]]",
        lab.folder
    );
    let name = html::escape(&lab.name);
    let mut out =
        format!("<course-stages class=\"hc-stages\" data-lab=\"{name}\"><ol class=\"hc-list\">");
    for stage in &lab.stages {
        let _ = write!(
            out,
            "<li class=\"hc-stage\" data-stage=\"{}\"><span class=\"hc-mark\"></span> <a href=\"{}\">{}</a> <span class=\"hc-what\">{} min</span> <span class=\"hc-stands hc-what\"></span></li>",
            html::escape(&stage.module),
            html::escape(&context.page.link_to(&stage.read)),
            html::inline(&stage.title),
            stage.minutes,
        );
    }
    let _ = write!(
        out,
        "</ol><p class=\"hc-harden\" hidden>The core is done, and the next lab can begin. For those who want more: <code>cargo course check {name} --hardening</code></p></course-stages>"
    );
    Ok(out)
}
