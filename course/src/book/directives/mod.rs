//! Our directives, one module each.

mod calculator;
mod chart;
mod coverage;
mod figure;
mod hints;
mod invariants;
mod lab;
mod ladder;
mod map;
mod measured;
mod mistakes;
mod numbers;
mod place;
mod predict;
mod quiz;
mod run;
mod stages;
mod steps;
mod way;

use anyhow::{Context as _, Result, anyhow, bail};
use strsim::levenshtein;

use super::context::Context;

/// The directives that mdBook itself handles.
pub const MDBOOK_OWN: [&str; 4] = ["include", "rustdoc_include", "playground", "title"];

/// The directives that we know.
pub const NAMES: [&str; 18] = [
    "calculator",
    "chart",
    "coverage",
    "figure",
    "hints",
    "invariants",
    "lab",
    "ladder",
    "map",
    "measured",
    "mistakes",
    "numbers",
    "place",
    "predict",
    "quiz",
    "stages",
    "steps",
    "way",
];

/// Those that can be within a sentence. All others need a line of their own.
pub const INLINE: [&str; 1] = ["measured"];

/// The HTML of one directive.
///
/// # Errors
/// When the directive is unknown, lacks an argument, or names something that is not there.
pub fn render(context: &Context<'_>, name: &str, arguments: &str) -> Result<String> {
    let html = match name {
        "calculator" => calculator::render(context, arguments)?,
        "chart" => chart::render(context, arguments)?,
        "coverage" => coverage::render(context, arguments)?,
        "measured" => return measured::render(context, arguments),
        // Figures and a lab's card are block elements that need no wrapper.
        "figure" => return figure::render(context, arguments),
        "hints" => hints::render(context, arguments)?,
        "invariants" => invariants::render(context, arguments)?,
        "lab" => lab::render(context, arguments)?,
        "ladder" => ladder::render(context, arguments)?,
        "map" => return map::render(context, arguments),
        "mistakes" => mistakes::render(context, arguments)?,
        "numbers" => numbers::render(context, arguments)?,
        "place" => {
            if !arguments.is_empty() {
                bail!("`{{{{#place}}}}` takes no argument: it shows the pieces of its own page");
            }
            place::render(context).context("cannot show the pieces to place")?
        }
        "predict" => predict::render(context, arguments)?,
        "stages" => stages::render(context, arguments)?,
        "steps" => return steps::render(context, arguments),
        "way" => way::render(context, arguments)?,
        "quiz" => {
            if !arguments.is_empty() {
                bail!("`{{{{#quiz}}}}` takes no argument: it shows the quiz of its own page");
            }
            quiz::render(context).context("cannot show this page's quiz")?
        }
        other => return Err(unknown(other)),
    };
    // Markdown takes a custom element for inline text unless it is alone on its line; a div is always
    // a block.
    Ok(format!("<div class=\"hc-widget\">{html}</div>"))
}

/// Lists the directives, and suggests the one that was probably meant.
pub fn unknown(name: &str) -> anyhow::Error {
    let known = || NAMES.iter().chain(&MDBOOK_OWN);
    let nearest = known()
        .map(|known| (levenshtein(known, name), known))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    let meant = nearest
        .map(|(_, known)| format!("; did you mean `{{{{#{known}}}}}`?"))
        .unwrap_or_default();
    let all: Vec<&str> = known().copied().collect();
    anyhow!(
        "there is no directive `{{{{#{name}}}}}`{meant} (known: {})",
        all.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        assert!(
            unknown("quizz")
                .to_string()
                .contains("did you mean `{{#quiz}}`")
        );
        assert!(!unknown("banana").to_string().contains("did you mean"));
    }
}
