//! `{{#lab LAB}}`: a card with what a lab asks of a reader, and the commands that go with it.

use std::fmt::Write as _;

use anyhow::Result;

use crate::book::context::Context;
use crate::book::html;
use crate::lab::duration;

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let lab = context.lab("lab", arguments)?;
    let name = html::escape(&lab.name);
    let title = format!("lab-{}-{name}", context.page.slug());
    let mut out = format!(
        "<section class=\"hc-lab\" aria-labelledby=\"{title}\"><p class=\"hc-lab-title\" id=\"{title}\">Lab {} · {}</p>",
        lab.number,
        html::inline(&lab.title)
    );
    let minutes = [
        ("Read", lab.minutes.read),
        ("Measure", lab.minutes.measure),
        ("Build", lab.minutes.build),
        ("Harden, if you want", lab.minutes.hardening),
    ];
    // Of a lab that measures nothing, no time for it is shown.
    let minutes: Vec<(String, String)> = minutes
        .into_iter()
        .filter(|(_, minutes)| *minutes > 0)
        .map(|(what, minutes)| (what.to_owned(), duration(minutes)))
        .collect();
    out.push_str(&html::definitions("hc-minutes", &minutes));
    out.push_str(&html::labelled("You need"));
    out.push_str("<ul class=\"hc-prerequisites\">");
    for prerequisite in &lab.prerequisites {
        let _ = write!(out, "<li>{}</li>", html::inline(prerequisite));
    }
    out.push_str("</ul>");
    out.push_str(&html::labelled("Afterwards you can"));
    out.push_str("<ul class=\"hc-objectives\">");
    for objective in &lab.objectives {
        let _ = write!(
            out,
            "<li data-objective=\"{}\">{}</li>",
            html::escape(&objective.id),
            html::inline(&objective.text)
        );
    }
    out.push_str("</ul>");
    out.push_str(&html::labelled("Commands"));
    let folder = html::escape(&lab.folder);
    let commands = [
        (format!("cargo course check {name}"), "grades it, and says what a failure usually means".to_owned()),
        (format!("cargo course hint {name}"), "gives the next hint".to_owned()),
        (format!("cargo course reset {name}"), "starts afresh, and keeps a copy of your work".to_owned()),
        (format!("cargo test -p {name}"), format!("grades it without the tool, in <code>exercises/</code>; your code is in <code>exercises/{folder}/src/</code>")),
    ]
    .map(|(command, what)| (format!("<code>{command}</code>"), what));
    out.push_str(&html::definitions("hc-commands", &commands));
    Ok(out + "</section>")
}
