//! `{{#way}}`: every lab of the course in order, and what a reader needs to plan by.
//!
//! Every reader of the page sees the rows. Only `cargo course` knows what holds, and reports it to the page;
//! only the browser knows what was predicted, and counts it.

use std::fmt::Write as _;

use anyhow::{Result, bail, ensure};

use crate::book::context::Context;
use crate::book::html;
use crate::book::measured::Measured;
use crate::book::page::Page;
use crate::book::predict::Predictions;
use crate::lab::{self, Lab, Needed, Whose, duration};

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    if !arguments.is_empty() {
        bail!("`{{{{#way}}}}` takes no argument: it shows every lab");
    }
    let labs = lab::all(context.repo)?;
    ensure!(!labs.is_empty(), "there is no lab in exercises/");
    let measured = Measured::readers(context.repo);
    let mut out = String::from(
        "<course-way class=\"hc-way\"><div class=\"table-wrapper hc-stack\" role=\"region\" aria-label=\"The labs\" tabindex=\"0\"><table><caption>The labs, in order</caption><thead><tr><th scope=\"col\">Lab</th><th scope=\"col\">Time</th><th scope=\"col\">Takes</th><th scope=\"col\">Where you are</th></tr></thead><tbody>",
    );
    for lab in &labs {
        row(context, &labs, lab, &measured, &mut out);
    }
    let total = labs.iter().map(|lab| lab.minutes.total()).sum();
    let _ = write!(
        out,
        "</tbody></table></div><p class=\"hc-total\">{} in all.</p><p class=\"hc-next\" role=\"status\"></p></course-way>",
        duration(total)
    );
    Ok(out)
}

fn row(context: &Context<'_>, labs: &[Lab], lab: &Lab, measured: &Measured, out: &mut String) {
    let builds = match lab.builds.as_str() {
        "" => String::new(),
        builds => format!(" <span class=\"hc-what\">{}</span>", html::inline(builds)),
    };
    let (read, measure, build) = (lab.minutes.read, lab.minutes.measure, lab.minutes.build);
    let harden = match lab.minutes.hardening {
        0 => String::new(),
        minutes => format!("; harden {minutes}"),
    };
    let _ = write!(
        out,
        "<tr data-lab=\"{}\"><th scope=\"row\">{} · <a href=\"{}\">{}</a>{builds}</th><td data-column=\"Time\">{} <span class=\"hc-what\">read {read}, measure {measure}, build {build}{harden} min</span></td><td data-column=\"Takes\">{}</td><td data-column=\"Where you are\">",
        html::escape(&lab.name),
        lab.number,
        html::escape(&context.page.link_to(&lab.chapter)),
        html::inline(&lab.title),
        duration(lab.minutes.total()),
        takes(labs, &lab.needs(context.repo)),
    );
    let _ = write!(
        out,
        "<span class=\"hc-mark\"></span> <span class=\"hc-stands\">{} invariants</span>",
        lab.invariants.len()
    );
    let predictions = predictions(context, lab);
    if !predictions.is_empty() {
        let _ = write!(
            out,
            " <span class=\"hc-what hc-predicted\" data-predictions=\"{}\">{} to predict</span>",
            html::escape(&predictions.join(" ")),
            predictions.len()
        );
    }
    if let Some(measure) = &lab.measure {
        let told = measured
            .day(&measure.figures)
            .map_or("not measured".to_owned(), |day| {
                format!("measured on {day}")
            });
        let _ = write!(
            out,
            " <span class=\"hc-what\">{}</span>",
            html::escape(&told)
        );
    }
    out.push_str("</td></tr>");
}

/// The earlier labs whose code this one's tests are built from.
fn takes(labs: &[Lab], needs: &[Needed]) -> String {
    let earlier: Vec<String> = needs
        .iter()
        .filter(|needed| needed.whose != Whose::Given)
        .map(|needed| {
            let number = labs
                .iter()
                .find(|lab| needed.folder.ends_with(&lab.folder))
                .map_or(String::new(), |lab| format!(" {}", lab.number));
            let whose = if needed.whose == Whose::Ours {
                "our"
            } else {
                "your"
            };
            format!("{whose} lab{number}")
        })
        .collect();
    if earlier.is_empty() {
        return "nothing".to_owned();
    }
    earlier.join(", ")
}

/// The keys under which the browser remembers this chapter's predictions. A file of predictions that
/// is damaged is reported where they are shown.
fn predictions(context: &Context<'_>, lab: &Lab) -> Vec<String> {
    let chapter = Page::new(lab.chapter.as_ref());
    let file = chapter.sidecar(&context.repo.book_src(), "predict");
    let Ok(all) = Predictions::read(&file) else {
        return Vec::new();
    };
    let keys = all.predictions.iter();
    keys.map(|prediction| format!("{}:{}", chapter.key(), prediction.id))
        .collect()
}
