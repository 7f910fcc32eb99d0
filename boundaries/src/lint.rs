//! Running the rules, and removing what is known.

use crate::baseline::Baseline;
use crate::gaps::{self, Gap};
use crate::rules::{self, STALE};
use ledger::form::Waiver;
use ledger::{Date, Finding, Ledger, Severity, answered};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// The report about a ledger.
#[derive(Debug, Default)]
pub struct Report {
    /// What was found, the worst first and then in the order of the file.
    pub findings: Vec<Finding>,
    /// What was found and is waived.
    pub waived: Vec<Finding>,
    /// What was found and is in the baseline.
    pub known: Vec<Finding>,
    /// Entries of the baseline whose finding is gone: rule and names.
    pub gone: Vec<(String, String)>,
    /// Waivers that end soon.
    pub soon: Vec<Finding>,
    /// Notes that were found but not requested.
    pub notes: usize,
    /// Unanswered questions about unconfirmed boundaries.
    pub open: usize,
    /// Unconfirmed boundaries.
    pub unconfirmed: usize,
    /// What was not checked.
    pub gaps: Vec<Gap>,
}

/// What to take into account.
#[derive(Debug)]
pub struct Options<'a> {
    /// The day.
    pub today: Date,
    /// Whether to show notes.
    pub pedantic: bool,
    /// Known findings.
    pub baseline: Option<&'a Baseline>,
    /// The earlier ledger: its findings are not shown.
    pub before: Option<&'a Ledger>,
}

impl Report {
    /// How many findings there are of this severity; a baseline entry that is gone is an error.
    pub fn count(&self, severity: Severity) -> usize {
        let found = self.findings.iter();
        let of = found.filter(|it| it.severity == severity).count();
        if severity == Severity::Error {
            of + self.gone.len()
        } else {
            of
        }
    }

    /// Whether anything is at least as bad as `least`.
    pub fn fails(&self, least: Severity) -> bool {
        let gone = !self.gone.is_empty();
        gone || self.findings.iter().any(|it| it.severity >= least)
    }
}

/// Makes the report about a ledger.
pub fn lint(ledger: &Ledger, options: &Options<'_>) -> Report {
    let mut found = rules::findings(ledger, options.today);
    let waivers: Vec<_> = ledger.waivers.iter().collect();
    let mut used = vec![false; waivers.len()];
    let open = unconfirmed(ledger);
    let mut report = Report {
        gaps: gaps::of(ledger),
        unconfirmed: open.values().map(Vec::len).sum(),
        ..Report::default()
    };
    let before = options.before.map(|before| {
        let found = rules::findings(before, options.today);
        found.iter().map(identity).collect::<HashSet<_>>()
    });
    // The end of a waiver cannot itself be waived.
    let is_end = |finding: &Finding| finding.rule.id == "B901" && finding.names[0] == "waiver";
    let (ends, rest): (Vec<_>, Vec<_>) = found.drain(..).partition(is_end);
    for mut finding in rest {
        let key = finding.key();
        if finding.rule.id == "B202" && is_guess(&open, &finding) {
            finding.message += " Some of these lines are imported and unconfirmed: look first whether \
                                they are calls.";
        }
        let by = waivers.iter().position(|waiver| {
            holds(waiver, options.today)
                && waiver.at.get_ref().trim() == key
                && names_rule(waiver, &finding)
        });
        if let Some(by) = by {
            used[by] = true;
            report.waived.push(finding);
        } else if before
            .as_ref()
            .is_some_and(|it| it.contains(&identity(&finding)))
            || options
                .baseline
                .is_some_and(|it| it.has(finding.rule.id, &key))
        {
            report.known.push(finding);
        } else if is_question(&finding) && is_open(&open, &finding) {
            report.open += 1;
        } else if finding.severity == Severity::Note && !options.pedantic {
            report.notes += 1;
        } else {
            report.findings.push(finding);
        }
    }
    for finding in ends {
        if finding.severity == Severity::Note {
            report.soon.push(finding);
        } else {
            report.findings.push(finding);
        }
    }
    for (waiver, used) in waivers.iter().zip(used) {
        report.findings.extend(unfit(waiver, used, options.today));
    }
    if let Some(baseline) = options.baseline {
        let all: HashSet<_> = report.known.iter().map(identity).collect();
        report.gone = baseline.gone(&all);
    }
    report
        .findings
        .sort_by_key(|finding| (Reverse(finding.severity), finding.at.start, finding.rule.id));
    report
}

/// The identity of a finding: its rule and its names, wherever it is.
pub fn identity(finding: &Finding) -> (String, String) {
    (finding.rule.id.to_owned(), finding.key())
}

/// Whether a finding asks for an answer that an importer cannot know. It is too early to ask that about
/// a line that may not be a call.
fn is_question(finding: &Finding) -> bool {
    ["B302", "B401", "B403"].contains(&finding.rule.id)
}

/// The unconfirmed boundaries, by where they begin.
fn unconfirmed(ledger: &Ledger) -> HashMap<&str, Vec<&str>> {
    let mut open: HashMap<&str, Vec<&str>> = HashMap::new();
    for it in &ledger.boundaries {
        if it.confirmed.as_ref().is_some_and(|it| !it.get_ref()) {
            open.entry(it.from.get_ref())
                .or_default()
                .push(it.to.get_ref());
        }
    }
    open
}

/// Whether a finding is about an unconfirmed boundary.
fn is_open(open: &HashMap<&str, Vec<&str>>, finding: &Finding) -> bool {
    let [from, to] = &finding.names[..] else {
        return false;
    };
    let lines = open.get(from.as_str());
    lines.is_some_and(|lines| lines.contains(&to.as_str()))
}

/// Whether an unconfirmed boundary is between the names that a finding is about.
fn is_guess(open: &HashMap<&str, Vec<&str>>, finding: &Finding) -> bool {
    let names: HashSet<_> = finding.names.iter().map(String::as_str).collect();
    let lines = names.iter().filter_map(|name| open.get(name));
    lines.flatten().any(|to| names.contains(to))
}

fn names_rule(waiver: &Waiver, finding: &Finding) -> bool {
    let named = waiver.rule.get_ref().trim();
    [finding.rule.id, finding.rule.name]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(named))
}

/// Whether a waiver is complete, and its day has not passed. On the last day it still holds.
fn holds(waiver: &Waiver, today: Date) -> bool {
    let expires = waiver.expires.as_ref();
    missing(waiver).is_empty() && expires.is_some_and(|day| *day.get_ref() >= today)
}

fn missing(waiver: &Waiver) -> Vec<&'static str> {
    let text = |it: &Option<ledger::Spanned<String>>| {
        let text = it.as_ref().and_then(|it| answered(it.get_ref()));
        text.is_some()
    };
    let all = [
        ("reason", text(&waiver.reason)),
        ("owner", text(&waiver.owner)),
        ("expires", waiver.expires.is_some()),
    ];
    let missing = all.into_iter().filter(|(_, there)| !there);
    missing.map(|(key, _)| key).collect()
}

/// What is wrong with a waiver itself.
fn unfit(waiver: &Waiver, used: bool, today: Date) -> Option<Finding> {
    let (rule, at) = (waiver.rule.get_ref(), waiver.at.get_ref());
    let names = ["waiver", rule.as_str(), at.as_str()];
    if let Err(meant) = rules::named(rule.trim()) {
        let finding = Finding::at(STALE, Severity::Error, &waiver.rule).about(names);
        return Some(finding.saying(format!("There is no rule `{rule}`.{meant}")));
    }
    let missing = missing(waiver);
    if !missing.is_empty() {
        let finding = Finding::at(STALE, Severity::Error, &waiver.rule).about(names);
        return Some(finding.saying(format!(
            "The waiver has no `{}`, so it waives nothing: why is this accepted, who is responsible, \
             and until when?",
            missing.join("`, no `")
        )));
    }
    // A waiver that has ended is reported as that.
    (!used && holds(waiver, today)).then(|| {
        Finding::at(STALE, Severity::Error, &waiver.at)
            .about(names)
            .saying(format!(
                "There is no finding of {rule} at `{at}`: remove the waiver."
            ))
    })
}
