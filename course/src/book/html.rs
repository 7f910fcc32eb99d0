//! HTML that survives its way through mdBook.
//!
//! A directive's HTML is put back into the markdown, so markdown rules apply to it: an HTML block
//! ends at the first blank line, and an indented line after that is code. So everything that a
//! directive emits is one line. And mdBook's own `{{#include}}` is expanded after us, so a pair of
//! braces in our output (from a diff, say) must not look like one.

use std::fmt::Write as _;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Escapes `text` for use between tags and in double-quoted attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Renders markdown to a sequence of blocks.
pub fn blocks(markdown: &str) -> String {
    let mut rendered = String::new();
    pulldown_cmark::html::push_html(&mut rendered, Parser::new_ext(markdown, options()));
    rendered
}

/// Renders markdown where only text may stand, such as in a label: paragraphs become line breaks.
pub fn inline(markdown: &str) -> String {
    let (first, rest) = lead(markdown);
    match rest.trim() {
        "" => first,
        rest => format!("{first} {rest}"),
    }
}

/// Renders markdown as its first paragraph, without the `<p>` around it, and the blocks after that.
pub fn lead(markdown: &str) -> (String, String) {
    let mut events = Parser::new_ext(markdown, options()).peekable();
    let mut first = Vec::new();
    if matches!(events.peek(), Some(Event::Start(Tag::Paragraph))) {
        events.next();
        first.extend(
            events
                .by_ref()
                .take_while(|event| *event != Event::End(TagEnd::Paragraph)),
        );
    }
    let (mut lead, mut rest) = (String::new(), String::new());
    pulldown_cmark::html::push_html(&mut lead, first.into_iter());
    pulldown_cmark::html::push_html(&mut rest, events);
    (lead, rest)
}

/// The words of some markdown, without its markup.
pub fn plain(markdown: &str) -> String {
    let mut words = String::new();
    for event in Parser::new_ext(markdown, options()) {
        match event {
            Event::Text(text) | Event::Code(text) => words.push_str(&text),
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph) => words.push(' '),
            _ => {}
        }
    }
    words.trim_end().to_owned()
}

/// A JSON value for the inside of a `<script type="application/json">`.
pub fn json(value: &serde_json::Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace("{{", "{\\u007b")
}

/// Makes `html` safe to stand in markdown: a single line, in which mdBook finds no directive.
///
/// Line breaks inside `<pre>` are kept as character references.
pub fn one_line(html: &str) -> String {
    let mut line = String::with_capacity(html.len());
    let mut rest = html.trim();
    while let Some(start) = rest.find("<pre") {
        let end = rest[start..]
            .find("</pre>")
            .map_or(rest.len(), |end| start + end);
        push_flowing(&mut line, &rest[..start]);
        line.push_str(&rest[start..end].replace('\n', "&#10;"));
        rest = &rest[end..];
    }
    push_flowing(&mut line, rest);
    line.replace("{{", "&#123;&#123;")
}

/// A `<p>` that is the answer to "what is here?" for a reader without JavaScript or figures.
pub fn labelled(label: &str) -> String {
    format!("<p class=\"hc-label\">{}</p>", escape(label))
}

/// Folds what would spoil a prediction.
pub fn after_predicting(what: &str, html: &str) -> String {
    format!(
        "<details class=\"hc-spoiler\"><summary>{}, for after your predictions</summary>{html}</details>",
        escape(what)
    )
}

/// A `<dl>` of a class; terms and descriptions are HTML already.
pub fn definitions(class: &str, rows: &[(String, String)]) -> String {
    let mut html = format!("<dl class=\"{class}\">");
    for (term, description) in rows {
        let _ = write!(html, "<div><dt>{term}</dt><dd>{description}</dd></div>");
    }
    html + "</dl>"
}

fn push_flowing(line: &mut String, html: &str) {
    for (index, part) in html.split('\n').enumerate() {
        if index > 0 {
            line.push(' ');
        }
        line.push_str(part.trim_end_matches('\r'));
    }
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_SMART_PUNCTUATION
}

#[cfg(test)]
mod tests {
    use super::{inline, lead, one_line, plain};

    #[test]
    fn one_line_keeps_the_breaks_of_preformatted_text_only() {
        let html = "<p>a\nb</p>\n\n<pre>1\n\n{{#include x}}</pre>\n<p>c</p>";
        assert_eq!(
            one_line(html),
            "<p>a b</p>  <pre>1&#10;&#10;&#123;&#123;#include x}}</pre> <p>c</p>"
        );
    }

    #[test]
    fn the_lead_is_the_first_paragraph_and_the_rest_keeps_its_blocks() {
        let (first, rest) = lead("How *many*?\n\n- one\n");
        assert_eq!(first, "How <em>many</em>?");
        assert!(rest.contains("<li>one</li>"));
        assert_eq!(inline("a < `b`"), "a &lt; <code>b</code>");
        assert_eq!(plain("a *b*\n`c`"), "a b c");
    }
}
