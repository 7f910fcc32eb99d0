//! Annotations of a GitHub workflow.
//!
//! GitHub shows ten of each kind per step and silently drops the rest. So at most nine are written, the
//! worst first, and the tenth says how many more there are.

use super::{Lines, counts};
use crate::lint::Report;
use ledger::{Ledger, Severity};
use std::fmt::Write as _;

/// How many of a kind are shown.
const SHOWN: usize = 10;

/// The report as workflow commands.
pub fn render(report: &Report, ledger: &Ledger, file: &str) -> String {
    let lines = Lines::of(ledger.text());
    let mut text = String::new();
    for (severity, command) in [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Note, "notice"),
    ] {
        let found = report.findings.iter().filter(|it| it.severity == severity);
        let found: Vec<_> = found.collect();
        let gone = if severity == Severity::Error {
            report.gone.len()
        } else {
            0
        };
        let all = found.len() + gone;
        let room = if all > SHOWN { SHOWN - 1 } else { SHOWN };
        for finding in found.iter().take(room) {
            let place = lines.place(&finding.at);
            let _ = writeln!(
                text,
                "::{command} file={},line={},col={},endColumn={},title={}::{}",
                property(file),
                place.line,
                place.column,
                place.end_column,
                property(&format!("{} {}", finding.rule.id, finding.rule.name)),
                data(&format!("{}: {}", finding.key(), finding.message))
            );
        }
        for (rule, at) in report
            .gone
            .iter()
            .take(room.saturating_sub(found.len()).min(gone))
        {
            let said = format!("{rule} at {at} is in the baseline but is no longer found.");
            let _ = writeln!(text, "::error title=B902 stale-exception::{}", data(&said));
        }
        if all > SHOWN {
            let more = all - room;
            let _ = writeln!(
                text,
                "::{command}::and {more} more of these; the log has all of them"
            );
        }
    }
    text + "boundaries: " + &counts(report) + "\n"
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
