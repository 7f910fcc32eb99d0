//! `{{#place}}`: pieces of work to be placed.
//!
//! The answers are folded after the last piece, so that the page is also an exercise on paper and without
//! JavaScript.

use std::fmt::Write as _;

use anyhow::Result;

use crate::book::context::Context;
use crate::book::place::{Piece, Placing, Word};
use crate::book::{html, page};

/// The pieces of the context's page.
///
/// # Errors
/// When the page's file is missing or wrong.
pub fn render(context: &Context<'_>) -> Result<String> {
    let placing = Placing::read(&context.page.sidecar(&context.repo.book_src(), "place"))?;
    let mut out = format!(
        "<course-place class=\"hc-place\" data-page=\"{}\"><ol class=\"hc-questions hc-pieces\">",
        html::escape(context.page.key())
    );
    for piece in &placing.pieces {
        let name = format!("place-{}-{}", context.page.slug(), page::slug(&piece.id));
        question(&mut out, &name, &placing, piece);
    }
    out.push_str("</ol><details class=\"hc-placed\"><summary>Where each belongs, and why the others tempt</summary><ol class=\"hc-list\">");
    for piece in &placing.pieces {
        answer(&mut out, &placing, piece);
    }
    out.push_str("</ol><p class=\"hc-label\">What would show a pressure</p><ul class=\"hc-list\">");
    for (index, pressure) in placing.pressures.iter().enumerate() {
        let _ = write!(
            out,
            "<li data-pressure=\"{index}\"><span>{}</span></li>",
            html::inline(&pressure.shows)
        );
    }
    Ok(out + "</ul></details></course-place>")
}

fn question(out: &mut String, name: &str, placing: &Placing, piece: &Piece) {
    let _ = write!(
        out,
        "<li class=\"hc-piece\" id=\"{name}\" data-piece=\"{}\"><form class=\"hc-form\" aria-labelledby=\"{name}-title\"><p class=\"hc-prompt\" id=\"{name}-title\">{}</p><div class=\"hc-more\">{}</div>",
        html::escape(&piece.id),
        html::inline(&piece.title),
        html::blocks(&piece.prompt),
    );
    for (part, legend, words) in [
        ("scope", "Where is it enough?", &placing.scopes),
        ("pressure", "What decides that?", &placing.pressures),
    ] {
        let _ = write!(
            out,
            "<fieldset class=\"hc-fieldset\"><legend class=\"hc-label\">{legend}</legend><div class=\"hc-choices\">"
        );
        for (index, word) in words.iter().enumerate() {
            let _ = write!(
                out,
                "<label class=\"hc-option\"><input type=\"radio\" name=\"{part}\" value=\"{index}\"> <span>{}</span></label>",
                html::inline(&word.text)
            );
        }
        out.push_str("</div></fieldset>");
    }
    out.push_str("</form></li>");
}

/// The answer and the others, with the numbers of their options for the script.
fn answer(out: &mut String, placing: &Placing, piece: &Piece) {
    let name_of = |words: &[Word], index: Option<usize>| {
        index.map_or(String::new(), |index| html::inline(&words[index].text))
    };
    let scope = placing.scope(&piece.scope);
    let pressure = placing.pressure(&piece.pressure);
    let number = |index: Option<usize>| index.map_or(String::new(), |index| index.to_string());
    let _ = write!(
        out,
        "<li class=\"hc-answer\" data-piece=\"{}\" data-scope=\"{}\" data-pressure=\"{}\"><p class=\"hc-prompt\">{}: {}; {}</p><div class=\"hc-reason\">{}</div><ul class=\"hc-whys\">",
        html::escape(&piece.id),
        number(scope),
        number(pressure),
        html::inline(&piece.title),
        name_of(&placing.scopes, scope),
        name_of(&placing.pressures, pressure),
        html::blocks(&piece.why),
    );
    // In the order of the scopes, whatever the file's.
    for (index, scope) in placing.scopes.iter().enumerate() {
        let tempting = piece.tempts.iter().find(|t| t.scope == scope.id);
        if let Some(tempting) = tempting {
            let _ = write!(
                out,
                "<li data-scope=\"{index}\"><strong>{}?</strong> <span>{}</span></li>",
                html::inline(&scope.text),
                html::inline(&tempting.why)
            );
        }
    }
    out.push_str("</ul></li>");
}
