//! For code scanning: SARIF 2.1.0.
//!
//! GitHub reads one location per result and shows an alert in a pull request only if all its lines are
//! in the diff, so a region has one line; other places are related locations. It distinguishes alerts by
//! `primaryLocationLineHash`, which is made from the rule and the names here, so an alert stays the same
//! when lines move.

use super::Lines;
use crate::baseline;
use crate::lint::Report;
use crate::rules::{ALL, STALE};
use ledger::{Finding, Ledger, Severity};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// GitHub accepts no more results than this.
const MAX_RESULTS: usize = 5_000;

/// The report as SARIF.
pub fn render(report: &Report, ledger: &Ledger, file: &str) -> String {
    let lines = Lines::of(ledger.text());
    let uri = uri(file);
    let found = report.findings.iter().take(MAX_RESULTS);
    let mut results: Vec<_> = found.map(|it| result(it, &lines, &uri)).collect();
    let waived = report.waived.iter().take(MAX_RESULTS - results.len());
    results.extend(waived.map(|it| {
        let mut result = result(it, &lines, &uri);
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted" }]);
        result
    }));
    let room = MAX_RESULTS - results.len();
    results.extend(report.gone.iter().take(room).map(stale));
    let rules: Vec<_> = ALL
        .iter()
        .map(|known| {
            let finds = known.rule.finds;
            json!({
                "id": known.rule.id,
                "name": known.rule.name,
                "shortDescription": { "text": cut(finds) },
                "fullDescription": { "text": cut(&format!("Finds {finds}.")) },
                "help": { "text": known.page, "markdown": known.page },
                "properties": { "tags": ["architecture"] },
            })
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "boundaries",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn result(finding: &Finding, lines: &Lines<'_>, uri: &str) -> Value {
    let mut message = finding.message.clone();
    let mut related = Vec::new();
    for (at, (place, what)) in finding.also.iter().enumerate() {
        let _ = write!(message, " [{}]({at})", what.replace(['[', ']'], ""));
        let mut location = location(lines, place, uri);
        location["id"] = json!(at);
        location["message"] = json!({ "text": what });
        related.push(location);
    }
    json!({
        "ruleId": finding.rule.id,
        "level": finding.severity.to_string(),
        "message": { "text": message },
        "locations": [location(lines, &finding.at, uri)],
        "relatedLocations": related,
        "partialFingerprints": { "primaryLocationLineHash": fingerprint(finding.rule.id, &finding.key()) },
    })
}

fn location(lines: &Lines<'_>, at: &std::ops::Range<usize>, uri: &str) -> Value {
    let place = lines.place(at);
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri },
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.line,
            "endColumn": place.end_column,
        },
    }})
}

fn stale((rule, at): &(String, String)) -> Value {
    let level = Severity::Error.to_string();
    let text = format!("{rule} at {at} is in the baseline but is no longer found.");
    json!({
        "ruleId": STALE.id,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": baseline::FILE_NAME },
            "region": { "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2 },
        }}],
        "partialFingerprints": { "primaryLocationLineHash": fingerprint(STALE.id, &format!("{rule} {at}")) },
    })
}

/// A hash of rule and names that is the same on every machine and in every version: FNV-1a.
pub fn fingerprint(rule: &str, names: &str) -> String {
    let hash = rule
        .bytes()
        .chain([0])
        .chain(names.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}:1")
}

/// A relative address: characters that are not allowed in one are escaped.
fn uri(file: &str) -> String {
    let file = file.trim_start_matches("./").replace('\\', "/");
    file.bytes().fold(String::new(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"/.-_~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}

/// GitHub accepts 1,024 characters of a description.
fn cut(text: &str) -> String {
    text.chars().take(1_024).collect()
}
