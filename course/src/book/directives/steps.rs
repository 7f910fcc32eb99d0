//! `{{#steps NAME | caption}}`: one event in several pictures, one state a picture.
//!
//! The pictures are `NAME-1.svg`, `NAME-2.svg` and so on; a picture's title is what it says in a line.
//! All of them are in the page, one below the other, as they are on paper and without scripts.
//! `<course-steps>` shows them one at a time. An animation that plays by itself was rejected: it decides
//! for the reader how long a state takes to understand.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};

use super::figure;
use crate::book::context::Context;
use crate::book::html;

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let (name, caption) = figure::name_and_caption("steps", arguments)?;
    let mut drawings = vec![figure::drawn(context, &format!("{name}-1"))?];
    loop {
        let next = format!("{name}-{}", drawings.len() + 1);
        if !figure::file(context, &next).is_file() {
            break;
        }
        drawings.push(figure::drawn(context, &next)?);
    }
    ensure!(
        drawings.len() > 1,
        "`{name}` has one picture only: show it by `{{{{#figure {name}-1 | …}}}}`"
    );
    let mut out = format!(
        "<figure class=\"hc-figure hc-widget\" id=\"steps-{name}\"><course-steps class=\"hc-steps\"><ol class=\"hc-list\">"
    );
    for (index, drawing) in drawings.iter().enumerate() {
        let says = title(drawing).with_context(|| format!("{name}-{}.svg", index + 1))?;
        let _ = write!(
            out,
            "<li class=\"hc-step\"><p class=\"hc-says\"><strong>{}.</strong> {says}</p>{drawing}</li>",
            index + 1
        );
    }
    let _ = write!(
        out,
        "</ol></course-steps><figcaption>{}</figcaption></figure>",
        html::inline(caption)
    );
    Ok(out)
}

/// The drawing's title, escaped as it is there.
fn title(drawing: &str) -> Result<&str> {
    let text = drawing
        .split_once("<title")
        .and_then(|(_, rest)| rest.split_once('>'))
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .map(|(text, _)| text.trim())
        .unwrap_or_default();
    ensure!(!text.is_empty(), "its title says nothing");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn a_step_says_what_its_title_says() {
        let says = title("<svg><title id=\"a-1-t\">One &amp; only</title></svg>").unwrap();
        assert_eq!(says, "One &amp; only");
        assert!(title("<svg><title id=\"a-1-t\"> </title></svg>").is_err());
    }
}
