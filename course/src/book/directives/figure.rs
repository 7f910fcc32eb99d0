//! `{{#figure NAME | caption}}`: a drawing, inlined so that it takes the page's colours.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

use crate::book::context::Context;
use crate::book::html;

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let (name, caption) = name_and_caption("figure", arguments)?;
    let svg = drawn(context, name)?;
    Ok(format!(
        "<figure class=\"hc-figure\" id=\"figure-{name}\">{svg}<figcaption>{}</figcaption></figure>",
        html::inline(caption)
    ))
}

/// The two halves of `NAME | caption`.
pub(super) fn name_and_caption<'text>(
    directive: &str,
    arguments: &'text str,
) -> Result<(&'text str, &'text str)> {
    let Some((name, caption)) = arguments.split_once('|') else {
        bail!("a figure needs a caption: `{{{{#{directive} NAME | what it shows}}}}`");
    };
    let (name, caption) = (name.trim(), caption.trim());
    ensure!(
        !caption.is_empty(),
        "the caption of figure `{name}` says nothing"
    );
    ensure!(
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)),
        "`{name}` is no name of a figure: letters, digits, `-` and `_` only"
    );
    Ok((name, caption))
}

/// Where the drawing `name` is kept.
pub(super) fn file(context: &Context<'_>, name: &str) -> PathBuf {
    context
        .repo
        .book_src()
        .join("assets/figures")
        .join(format!("{name}.svg"))
}

/// The drawing `name`, fit for a page.
pub(super) fn drawn(context: &Context<'_>, name: &str) -> Result<String> {
    let path = file(context, name);
    let shown = context.repo.relative(&path);
    let drawing = std::fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
    inlined(name, &drawing).with_context(|| format!("{shown} cannot be shown"))
}

/// The `<svg>` element without what only a separate file needs; refuses what would harm a page.
fn inlined(name: &str, drawing: &str) -> Result<String> {
    let Some(start) = drawing.find("<svg") else {
        bail!("there is no <svg> in it")
    };
    let mut svg = drawing[start..].trim_end().to_owned();
    // A style is only for a separate file too: on a page it would apply to everything.
    for (opening, closing) in [("<!--", "-->"), ("<style", "</style>")] {
        while let Some(open) = svg.find(opening) {
            let close = svg[open..]
                .find(closing)
                .with_context(|| format!("a `{opening}` in it never ends"))?;
            svg.replace_range(open..open + close + closing.len(), "");
        }
    }
    for needed in ["<title", "<desc"] {
        ensure!(
            svg.contains(needed),
            "it has no {needed}>, so a reader who cannot see it learns nothing"
        );
    }
    for barred in ["<script", "http://", "https://"] {
        let found = svg.replace("http://www.w3.org/", "").contains(barred);
        ensure!(!found, "it holds `{barred}`, which has no place in a page");
    }
    let prefix = format!("{name}-");
    for id in attribute_values(&svg, "id") {
        ensure!(
            id.starts_with(&prefix),
            "the id `{id}` must start with `{prefix}`, for a page may hold several figures"
        );
    }
    let head = &svg[..svg.find('>').unwrap_or(0)];
    ensure!(
        head.contains("role=\"img\"") && head.contains("aria-labelledby=\""),
        "its <svg> needs role=\"img\" and aria-labelledby with the ids of its title and desc"
    );
    Ok(legible(&svg))
}

/// The smallest size that text on a page may have, in CSS pixels.
const MIN_TEXT_PX: f32 = 11.0;

/// The drawing with the least width at which its smallest text can be read; below that it scrolls.
pub(super) fn legible(svg: &str) -> String {
    let head = &svg[..svg.find('>').unwrap_or(0)];
    let view = attribute_values(head, "viewBox");
    let width = view
        .first()
        .and_then(|view| view.split_whitespace().nth(2)?.parse::<f32>().ok());
    let smallest = attribute_values(svg, "font-size")
        .iter()
        .filter_map(|size| size.parse::<f32>().ok())
        .reduce(f32::min);
    match (width, smallest) {
        (Some(width), Some(smallest)) => svg.replacen(
            "<svg",
            &format!(
                "<svg style=\"min-width:{:.0}px\"",
                (MIN_TEXT_PX * width / smallest).ceil()
            ),
            1,
        ),
        _ => svg.to_owned(),
    }
}

fn attribute_values<'svg>(svg: &'svg str, attribute: &str) -> Vec<&'svg str> {
    let opening = format!(" {attribute}=\"");
    svg.split(opening.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::inlined;

    const GOOD: &str = "<?xml version=\"1.0\"?><!-- a --><svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"a-t a-d\"><!-- b\n --><style>svg { color: red }</style><title id=\"a-t\">T</title><desc id=\"a-d\">D</desc></svg>\n";

    #[test]
    fn what_only_a_file_needs_is_dropped() {
        let svg = inlined("a", GOOD).unwrap();
        assert!(svg.starts_with("<svg xmlns") && svg.ends_with("</svg>"));
        assert!(!svg.contains("<!--") && !svg.contains("red"));
    }

    #[test]
    fn a_drawing_is_as_wide_as_its_smallest_text_needs() {
        let svg =
            "<svg viewBox=\"0 0 440 186\" font-size=\"15\"><text font-size=\"11\">a</text></svg>";
        assert!(super::legible(svg).starts_with("<svg style=\"min-width:440px\" viewBox"));
        assert_eq!(super::legible("<svg></svg>"), "<svg></svg>");
    }

    #[test]
    fn what_a_page_cannot_bear_is_refused() {
        let refused = |from: &str, to: &str| {
            inlined("a", &GOOD.replace(from, to))
                .unwrap_err()
                .to_string()
        };
        assert!(refused("<title id=\"a-t\">T</title>", "").contains("<title"));
        assert!(refused("id=\"a-d\"", "id=\"d\"").contains("must start with `a-`"));
        assert!(refused("role=\"img\"", "").contains("role"));
        assert!(refused("T</title>", "T</title><script>").contains("<script"));
    }
}
