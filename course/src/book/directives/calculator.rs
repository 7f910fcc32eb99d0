//! `{{#calculator batch}}`: what a batch saves, and what the wait for it to fill costs.
//!
//! The form needs JavaScript, so it is hidden without it; the table of worked examples always shows.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::book::context::Context;
use crate::book::html;
use crate::book::measured::Measured;
use records::record::Placement;
use records::units::{number, time};

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    if arguments != "batch" {
        bail!("`{{{{#calculator batch}}}}` is the only calculator there is, not `{arguments}`");
    }
    let crossings = crossings(context)?;
    let mut out =
        String::from("<course-calculator class=\"hc-calculator\" data-calculator=\"batch\">");
    form(&mut out, &context.page.slug(), &crossings);
    examples(&mut out, &crossings);
    Ok(out + "</course-calculator>")
}

/// A crossing whose cost is known.
struct Crossing {
    label: String,
    ns: f64,
}

impl Crossing {
    /// In microseconds with the digits that its duration shows, as the form's preset.
    fn microseconds(&self) -> String {
        let us = self.ns / 1e3;
        if us < 9.95 {
            format!("{us:.1}")
        } else {
            format!("{us:.0}")
        }
    }
}

/// What an item's own work costs in the examples: enough to be visible, and far below a crossing.
const ITEM_NS: f64 = 1_000.0;

/// The items of the examples.
const ITEMS: u32 = 100;

/// The reader's crossings where they are measured, the reference's elsewhere, and two distances.
fn crossings(context: &Context<'_>) -> Result<Vec<Crossing>> {
    let readers = Measured::readers(context.repo);
    let reference = Measured::reference(context.repo)?;
    let mut crossings = Vec::new();
    let rungs = [
        ("tcp-loopback", Placement::OneCpu, "TCP loopback on one CPU"),
        (
            "tcp-loopback",
            Placement::TwoCpus,
            "TCP loopback across two CPUs",
        ),
        ("rpc", Placement::OneCpu, "framed RPC on one CPU"),
    ];
    for (id, placement, what) in rungs {
        let figure = |measured: &Measured| measured.of("ladder")?.p50(id, placement);
        let found = figure(&readers)
            .map(|ns| (ns, "yours"))
            .or_else(|| figure(&reference).map(|ns| (ns, "reference machine")));
        if let Some((ns, whose)) = found {
            crossings.push(Crossing {
                label: format!("{what}, {whose}"),
                ns,
            });
        }
    }
    crossings.push(Crossing {
        label: "between zones of a region, say".to_owned(),
        ns: 500_000.0,
    });
    crossings.push(Crossing {
        label: "between near regions, say".to_owned(),
        ns: 20_000_000.0,
    });
    Ok(crossings)
}

fn form(out: &mut String, slug: &str, crossings: &[Crossing]) {
    let id = |name: &str| format!("calculator-{slug}-{name}");
    let first = crossings
        .first()
        .map(Crossing::microseconds)
        .unwrap_or_default();
    out.push_str("<form class=\"hc-form\" hidden><fieldset class=\"hc-fieldset\"><legend>What does a batch save?</legend>");
    let _ = write!(
        out,
        "<p class=\"hc-field\"><label for=\"{0}\">Take the crossing from</label> <select id=\"{0}\" name=\"preset\">",
        id("preset")
    );
    for crossing in crossings {
        let _ = write!(
            out,
            "<option value=\"{}\">{} ({})</option>",
            crossing.microseconds(),
            html::escape(&crossing.label),
            time(crossing.ns)
        );
    }
    out.push_str("</select></p>");
    let fields = [
        (
            "crossing_us",
            "One crossing there and back, µs",
            "0",
            "any",
            first.as_str(),
        ),
        ("item_us", "Work for one item, µs", "0", "any", "1"),
        ("items", "Items", "1", "1", "100"),
        ("batch", "Items in a batch", "1", "1", "100"),
        (
            "rate",
            "Items that arrive in a second (0: all are there)",
            "0",
            "any",
            "0",
        ),
    ];
    for (name, label, min, step, value) in fields {
        let _ = write!(
            out,
            "<p class=\"hc-field\"><label for=\"{0}\">{label}</label> <input type=\"number\" id=\"{0}\" name=\"{name}\" min=\"{min}\" step=\"{step}\" value=\"{value}\"></p>",
            id(name)
        );
    }
    out.push_str("</fieldset>");
    let results = [
        ("crossings", "Crossings"),
        ("alone", "One by one"),
        ("total", "In batches"),
        ("ratio", "Batches are faster by"),
        ("share", "Of that, spent crossing"),
        ("wait", "The first item waits for its batch to fill"),
    ]
    .map(|(name, label)| {
        let inputs: Vec<String> = fields.iter().map(|field| id(field.0)).collect();
        (
            label.to_owned(),
            format!(
                "<output name=\"{name}\" for=\"{}\"></output>",
                inputs.join(" ")
            ),
        )
    });
    out.push_str(&html::definitions("hc-results", &results));
    out.push_str("</form>");
}

fn examples(out: &mut String, crossings: &[Crossing]) {
    let _ = write!(
        out,
        "<div class=\"table-wrapper\" role=\"region\" aria-label=\"Worked examples\" tabindex=\"0\"><table class=\"hc-examples\"><caption>{ITEMS} items, {} of work for each</caption><thead><tr><th scope=\"col\">One crossing</th><th scope=\"col\">{ITEMS} calls</th><th scope=\"col\">10 batches of 10</th><th scope=\"col\">1 batch of {ITEMS}</th><th scope=\"col\">One batch is faster by</th></tr></thead><tbody>",
        time(ITEM_NS)
    );
    for crossing in crossings {
        let total =
            |crossings: u32| f64::from(crossings) * crossing.ns + f64::from(ITEMS) * ITEM_NS;
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{} <span class=\"hc-what\">{}</span></th><td>{}</td><td>{}</td><td>{}</td><td>{}×</td></tr>",
            time(crossing.ns),
            html::escape(&crossing.label),
            time(total(ITEMS)),
            time(total(10)),
            time(total(1)),
            number(total(ITEMS) / total(1))
        );
    }
    out.push_str("</tbody></table></div>");
}
