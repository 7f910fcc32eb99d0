//! For programs. `version` is raised when a field changes its meaning or is removed.

use super::Lines;
use crate::lint::Report;
use ledger::{Finding, Ledger, Severity};
use serde_json::{Value, json};

/// The report as JSON.
pub fn render(report: &Report, ledger: &Ledger, file: &str) -> String {
    let lines = Lines::of(ledger.text());
    let all =
        |found: &[Finding]| -> Vec<Value> { found.iter().map(|it| finding(it, &lines)).collect() };
    let gone = report.gone.iter();
    let gaps = report.gaps.iter();
    let report = json!({
        "version": 1,
        "tool": { "name": "boundaries", "version": env!("CARGO_PKG_VERSION") },
        "file": file,
        "summary": {
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
            "notes": report.count(Severity::Note),
            "waived": report.waived.len(),
            "known": report.known.len(),
            "hidden_notes": report.notes,
            "unconfirmed_boundaries": report.unconfirmed,
            "open_questions": report.open,
        },
        "findings": all(&report.findings),
        "waived": all(&report.waived),
        "ending_soon": all(&report.soon),
        "stale_baseline": gone
            .map(|(rule, at)| json!({ "rule": rule, "at": at }))
            .collect::<Vec<_>>(),
        "not_checked": gaps
            .map(|gap| json!({ "rules": gap.rules, "count": gap.count, "question": gap.question }))
            .collect::<Vec<_>>(),
    });
    format!("{report:#}\n")
}

fn finding(finding: &Finding, lines: &Lines<'_>) -> Value {
    let place = lines.place(&finding.at);
    let also = finding.also.iter().map(|(at, what)| {
        let place = lines.place(at);
        json!({ "line": place.line, "column": place.column, "what": what })
    });
    json!({
        "rule": finding.rule.id,
        "name": finding.rule.name,
        "severity": finding.severity.to_string(),
        "at": finding.key(),
        "names": finding.names,
        "message": finding.message,
        "figure": finding.figure.filter(|it| it.is_finite()),
        "line": place.line,
        "column": place.column,
        "end_column": place.end_column,
        "also": also.collect::<Vec<_>>(),
    })
}
