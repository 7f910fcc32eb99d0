//! `{{#measured …}}`: a figure of the reference machine, within a sentence.
//!
//! | written | shown |
//! |---|---|
//! | `tcp-loopback one-cpu` | the median, `17 µs` |
//! | `rpc one-cpu / tcp-loopback one-cpu` | how many times the second the first is, `1.4` |
//! | `shards-1 in rounds` | the ratio to the rung's base, paired within rounds, `1.2` |
//! | `shards-1 over rounds` | its lowest and its highest round, `1.1–1.3` |
//!
//! A figure that is typed into a sentence is out of date as soon as the machine is measured again. This one
//! cannot be.

use anyhow::{Context as _, Result, bail, ensure};

use crate::book::context::Context;
use crate::book::measured::Measured;
use records::record::{Figure, Placement, Ratio};
use records::units::{number, time};

/// The word that asks for a ratio paired within rounds.
const IN_ROUNDS: &str = " in rounds";

/// The word that asks for its spread.
const OVER_ROUNDS: &str = " over rounds";

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let reference = Measured::reference(context.repo)?;
    if let Some(of) = arguments.strip_suffix(IN_ROUNDS) {
        return Ok(number(paired(&reference, of)?.median));
    }
    if let Some(of) = arguments.strip_suffix(OVER_ROUNDS) {
        let Ratio { low, high, .. } = paired(&reference, of)?;
        return Ok(format!("{}–{}", number(*low), number(*high)));
    }
    if let Some((of, base)) = arguments.split_once(" / ") {
        return Ok(number(median(&reference, of)? / median(&reference, base)?));
    }
    Ok(time(median(&reference, arguments)?))
}

fn median(reference: &Measured, of: &str) -> Result<f64> {
    let rung = rung(reference, of)?;
    rung.p50()
        .with_context(|| format!("the reference machine has no median of `{}`", of.trim()))
}

fn paired<'a>(reference: &'a Measured, of: &str) -> Result<&'a Ratio> {
    let rung = rung(reference, of)?;
    rung.ratio
        .as_ref()
        .with_context(|| format!("`{}` has no base to compare it with", of.trim()))
}

/// The rung that `tcp-loopback one-cpu` names. The placement may be left out where there is only one.
fn rung<'a>(reference: &'a Measured, named: &str) -> Result<&'a Figure> {
    let mut words = named.split_whitespace();
    let id = words.next().unwrap_or_default();
    ensure!(
        !id.is_empty(),
        "`{{{{#measured}}}}` needs a rung: `{{{{#measured tcp-loopback one-cpu}}}}`"
    );
    let figures = reference
        .with_rung(id)
        .with_context(|| format!("the reference machine has measured no `{id}`"))?;
    let placements: Vec<&Figure> = figures.rungs.iter().filter(|rung| rung.id == id).collect();
    let known = || {
        let known: Vec<&str> = placements
            .iter()
            .map(|rung| rung.placement.name())
            .collect();
        known.join(", ")
    };
    match (words.next(), words.next()) {
        (None, None) if placements.len() == 1 => Ok(placements[0]),
        (None, None) => bail!(
            "`{id}` was measured in several placements; say which: {}",
            known()
        ),
        (Some(placement), None) => Placement::named(placement)
            .and_then(|placement| figures.figure(id, placement))
            .with_context(|| format!("`{id}` was measured {}, and not `{placement}`", known())),
        (_, Some(more)) => bail!("`{id}` and a placement are enough; what is `{more}`?"),
    }
}
