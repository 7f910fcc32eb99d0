//! For people: each finding with the lines that it points at.

use super::{Lines, counts};
use crate::baseline;
use crate::lint::Report;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use ledger::{Finding, Ledger, Severity};
use std::fmt::Write as _;
use std::ops::Range;

/// How many lines are shown before and after a place.
const AROUND: usize = 1;

/// The report as text.
pub fn render(report: &Report, ledger: &Ledger, file: &str, colour: bool) -> String {
    let lines = Lines::of(ledger.text());
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(
            text,
            "{}\n",
            finding_text(finding, ledger, &lines, file, &renderer)
        );
    }
    for (rule, at) in &report.gone {
        let _ = writeln!(
            text,
            "error[B902]: {rule} at `{at}` is in {} but is no longer found; `boundaries baseline \
             prune` removes it\n",
            baseline::FILE_NAME
        );
    }
    for finding in &report.soon {
        let _ = writeln!(text, "soon: {}\n", finding.message);
    }
    text + &summary(report)
}

/// Everything that is not a finding: the counts, what was left out, what was not checked.
pub fn summary(report: &Report) -> String {
    let mut text = format!("{}.", counts(report));
    let left_out = [
        (report.waived.len(), "waived"),
        (report.known.len(), "known before"),
        (report.notes, "notes (`--pedantic` shows them)"),
    ];
    for (count, what) in left_out {
        if count > 0 {
            let _ = write!(text, " {count} {what}.");
        }
    }
    text.push('\n');
    if report.unconfirmed > 0 {
        let (lines, are) = match report.unconfirmed {
            1 => ("boundary", "is"),
            _ => ("boundaries", "are"),
        };
        let _ = write!(
            text,
            "{} {lines} {are} imported and unconfirmed",
            report.unconfirmed
        );
        let _ = match report.open {
            0 => writeln!(text, "."),
            1 => writeln!(text, "; 1 question about them waits for that."),
            open => writeln!(text, "; {open} questions about them wait for that."),
        };
    }
    if !report.gaps.is_empty() {
        text += "\nNot checked, for want of an answer:\n";
        for gap in &report.gaps {
            let _ = writeln!(
                text,
                "  {:>4} × {}  [{}]",
                gap.count, gap.question, gap.rules
            );
        }
    }
    if let Some(first) = report.findings.first() {
        let _ = writeln!(text, "\n`boundaries explain {}` says more.", first.rule.id);
    }
    text
}

fn finding_text(
    finding: &Finding,
    ledger: &Ledger,
    lines: &Lines<'_>,
    file: &str,
    renderer: &Renderer,
) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let snippet = |at: &Range<usize>, kind: AnnotationKind, label: String| {
        let (window, first) = lines.around(at, AROUND);
        let source = ledger.text().get(window.clone()).unwrap_or("");
        let inside = |offset: usize| offset.saturating_sub(window.start).min(source.len());
        let annotation = kind.span(inside(at.start)..inside(at.end)).label(label);
        Snippet::source(source.trim_end_matches(['\n', '\r']).to_owned())
            .line_start(first)
            .path(file.to_owned())
            .annotation(annotation)
    };
    let what = format!("{}: {}", finding.rule.name, finding.key());
    let mut group = level
        .primary_title(finding.message.as_str())
        .id(finding.rule.id)
        .element(snippet(&finding.at, AnnotationKind::Primary, what));
    for (at, label) in &finding.also {
        group = group.element(snippet(at, AnnotationKind::Context, label.clone()));
    }
    renderer.render(&[group])
}
