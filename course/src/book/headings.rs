//! What a page's headings carry in addition to their words: a chapter's number, and the invariants that a
//! section is about.
//!
//! Both are written elsewhere: the number in SUMMARY.md, an invariant's section in `lab.toml`. So no
//! author has to write them twice.

use std::fmt::Write as _;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

use super::html;
use super::page::Page;
use crate::lab::Lab;

/// A heading of some markdown.
struct Heading {
    level: HeadingLevel,
    id: Option<String>,
    /// Where its line begins and where the next one does.
    line: std::ops::Range<usize>,
}

/// Adds to the headings of `text`, the page `page` that SUMMARY.md calls `name`.
pub fn furnish(labs: &[Lab], page: &Page, name: &str, text: &str) -> String {
    let number = number_of(name);
    let lab = labs.iter().find(|lab| lab.chapter == page.path());
    let mut furnished = String::with_capacity(text.len());
    let mut done = 0;
    for heading in headings(text) {
        furnished.push_str(&text[done..heading.line.start]);
        let line = &text[heading.line.clone()];
        match (heading.level, number, line.strip_prefix("# ")) {
            (HeadingLevel::H1, Some(number), Some(title)) => {
                let id = heading
                    .id
                    .is_none()
                    .then(|| format!(" {{#{}}}", id_of(title)));
                let title = title.trim_end();
                let _ = writeln!(furnished, "# {number} · {title}{}", id.unwrap_or_default());
            }
            _ => furnished.push_str(line),
        }
        if let (Some(lab), Some(id)) = (lab, &heading.id) {
            furnished.push_str(&proves(lab, page, id));
        }
        done = heading.line.end;
    }
    furnished.push_str(&text[done..]);
    furnished
}

/// The number in `3 · One source of truth`.
fn number_of(name: &str) -> Option<u8> {
    name.split_once(" · ")?.0.parse().ok()
}

/// The id that mdBook gives to a heading which has none.
fn id_of(title: &str) -> String {
    let words = html::plain(title).to_lowercase();
    let kept = words.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || "-_".contains(c) => Some(c),
        _ => None,
    });
    kept.collect()
}

/// The invariants whose section has the id `id`, each with a place for its mark.
fn proves(lab: &Lab, page: &Page, id: &str) -> String {
    let section = format!("{}#{id}", page.path());
    let here = lab
        .invariants
        .iter()
        .filter(|invariant| invariant.read == section);
    let links: Vec<String> = here
        .map(|invariant| {
            let of = html::escape(&invariant.id);
            format!(
                "<a href=\"#invariant-{}-{of}\" data-invariant=\"{of}\" title=\"{}\"><span class=\"hc-mark\"></span>{of}</a>",
                page.slug(),
                html::escape(&html::plain(&invariant.text)),
            )
        })
        .collect();
    if links.is_empty() {
        return String::new();
    }
    let lab = html::escape(&lab.name);
    format!(
        "\n<p class=\"hc-proves\" data-lab=\"{lab}\">Proves {}</p>\n\n",
        links.join(" ")
    )
}

fn headings(text: &str) -> Vec<Heading> {
    let options = Options::ENABLE_HEADING_ATTRIBUTES | Options::ENABLE_TABLES;
    Parser::new_ext(text, options)
        .into_offset_iter()
        .filter_map(|(event, range)| match event {
            Event::Start(Tag::Heading { level, id, .. }) => Some(Heading {
                level,
                id: id.map(|id| id.to_string()),
                line: range.start
                    ..text[range.start..]
                        .find('\n')
                        .map_or(text.len(), |end| range.start + end + 1),
            }),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{furnish, id_of};
    use crate::book::page::Page;

    #[test]
    fn a_chapter_carries_its_number_and_keeps_its_id() {
        let page = Page::new(Path::new("roles/authority.md"));
        let text = "# One source of truth\n\n```sh\n# no heading\n```\n\n## More\n";
        let furnished = furnish(&[], &page, "3 · One source of truth", text);
        assert!(
            furnished
                .starts_with("# 3 · One source of truth {#one-source-of-truth}\n\n```sh\n# no")
        );
        assert!(furnished.ends_with("\n## More\n"));
        assert_eq!(furnish(&[], &page, "Glossary", text), text);
    }

    #[test]
    fn an_id_is_what_mdbook_makes_of_the_words() {
        assert_eq!(
            id_of("The *price* of a `boundary`"),
            "the-price-of-a-boundary"
        );
    }
}
