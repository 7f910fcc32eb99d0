//! For a job's summary or a review's minutes.

use super::{Lines, counts};
use crate::lint::Report;
use ledger::Ledger;
use std::fmt::Write as _;

/// The report as Markdown.
pub fn render(report: &Report, ledger: &Ledger, file: &str) -> String {
    let lines = Lines::of(ledger.text());
    let mut text = format!("## Boundaries: {}\n\n", counts(report));
    if !report.findings.is_empty() {
        text += "| | rule | where | what |\n|---|---|---|---|\n";
    }
    for finding in &report.findings {
        let _ = writeln!(
            text,
            "| {} | {} {} | {}:{}<br>{} | {} |",
            finding.severity,
            finding.rule.id,
            finding.rule.name,
            cell(file),
            lines.place(&finding.at).line,
            cell(&finding.key()),
            cell(&finding.message)
        );
    }
    for (rule, at) in &report.gone {
        let _ = writeln!(
            text,
            "\n- B902: {rule} at {} is in the baseline but is no longer found.",
            cell(at)
        );
    }
    if report.unconfirmed > 0 {
        let (lines, open) = (report.unconfirmed, report.open);
        let _ = writeln!(
            text,
            "\n{lines} boundaries are unconfirmed, with {open} open questions."
        );
    }
    if !report.gaps.is_empty() {
        text += "\nNot checked, for want of an answer:\n\n";
        for gap in &report.gaps {
            let _ = writeln!(text, "- {} × {} ({})", gap.count, gap.question, gap.rules);
        }
    }
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('\n', " ")
        .replace('<', "&lt;")
}
