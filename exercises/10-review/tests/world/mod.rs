//! Shared by both targets: ledgers with marks, and what a rule has to find in them.

pub mod systems;

use ledger::{Finding, Ledger, Rule, Severity};
use std::fmt::Write as _;
use std::ops::Range;
use std::panic::Location;
use std::time::Duration;
use testbed::{live, live_or};

pub type Check = fn(&Ledger) -> Vec<Finding>;

pub const ERROR: Severity = Severity::Error;
pub const WARNING: Severity = Severity::Warning;

/// How long a rule may run where it could run for ever. A correct one takes a few milliseconds.
const SOON: Duration = Duration::from_secs(5);

/// Components, as `"api service, store authority"`.
pub fn parts(list: &str) -> String {
    list.split(',').fold(String::new(), |mut text, part| {
        let (name, role) = part.trim().split_once(' ').expect("a name and a role");
        let _ = writeln!(
            text,
            "[[component]]\nname = \"{name}\"\nrole = \"{role}\"\nscope = \"machine\""
        );
        text
    })
}

/// A network call, with any further keys.
pub fn call(from: &str, to: &str, rest: &str) -> String {
    edge("network", from, to, rest)
}

/// A boundary of any mode.
pub fn edge(mode: &str, from: &str, to: &str, rest: &str) -> String {
    format!("[[boundary]]\nfrom = \"{from}\"\nto = \"{to}\"\nmode = \"{mode}\"\n{rest}\n")
}

/// A step of the flow above it, with any further keys.
pub fn step(from: &str, to: &str, rest: &str) -> String {
    format!("[[flow.step]]\nfrom = \"{from}\"\nto = \"{to}\"\n{rest}\n")
}

/// Checks that a rule finds exactly what is marked as `⟦…⟧` in a ledger, in the order of the text: the
/// severity of each, and what it is about.
#[track_caller]
pub fn finds(promise: &'static str, check: Check, marked: &str, expected: &[(Severity, &str)]) {
    live(compared(promise, check, marked, expected));
}

/// Like [`finds`], for a rule that may never end; `promise` explains why.
#[track_caller]
pub fn finds_soon(
    promise: &'static str,
    check: Check,
    marked: &str,
    expected: &[(Severity, &str)],
) {
    live_or(SOON, promise, compared(promise, check, marked, expected));
}

/// Compares a rule's findings with the marks.
#[track_caller]
fn compared(
    promise: &'static str,
    check: Check,
    marked: &str,
    expected: &[(Severity, &str)],
) -> impl FnOnce() + Send + 'static {
    let asked = Location::caller();
    let (text, marks) = unmark(marked);
    assert_eq!(marks.len(), expected.len(), "the test has a mark for each");
    let expected: Vec<_> = expected
        .iter()
        .map(|(severity, names)| (*severity, (*names).to_owned()))
        .collect();
    move || {
        let ledger = read(&text);
        let mut found = check(&ledger);
        found.sort_by_key(|finding| finding.at.start);
        let right = found.len() == expected.len()
            && found
                .iter()
                .zip(&marks)
                .zip(&expected)
                .all(|((it, at), is)| {
                    it.at == *at && (it.severity, it.key()) == *is && !it.message.trim().is_empty()
                });
        let told = |lines: Vec<String>| match lines[..] {
            [] => "\n      nothing".to_owned(),
            _ => lines
                .iter()
                .fold(String::new(), |all, line| all + "\n      " + line),
        };
        let wanted = marks.iter().zip(&expected);
        let wanted = wanted.map(|(at, (severity, names))| told_of(&text, at, *severity, names));
        let got = found.iter().map(|it| {
            let mut line = told_of(&text, &it.at, it.severity, &it.key());
            if let Some(figure) = it.figure {
                let _ = write!(line, ", its figure {figure}");
            }
            if it.message.trim().is_empty() {
                line += ", without a message";
            }
            line
        });
        let file = asked.file();
        let file = file.find("tests/").map_or(file, |at| &file[at..]);
        assert!(
            right,
            "{promise}\n    expected:{}\n    found:{}\n    In this ledger, of {file}:{}:\n{}",
            told(wanted.collect()),
            told(got.collect()),
            asked.line(),
            numbered(&text)
        );
    }
}

/// Checks that a rule finds nothing in a ledger.
#[track_caller]
pub fn silent(promise: &'static str, check: Check, text: &str) {
    finds(promise, check, text, &[]);
}

/// The figures of a rule's findings, in the order of the text.
pub fn figures(check: Check, text: &str) -> Vec<f64> {
    let ledger = read(text);
    let mut found = check(&ledger);
    found.sort_by_key(|finding| finding.at.start);
    found.iter().map(figure).collect()
}

/// The figure of a finding that has to have one.
pub fn figure(finding: &Finding) -> f64 {
    finding.figure.unwrap_or_else(|| {
        let Rule { id, name, .. } = finding.rule;
        panic!(
            "A finding of {id} {name} must have a figure, as its contract says, but the finding about \
             `{}` has none (`Finding::with_figure`).",
            finding.key()
        )
    })
}

pub fn read(text: &str) -> Ledger {
    Ledger::parse(text).unwrap_or_else(|error| panic!("the test's ledger: {error}\n{text}"))
}

fn unmark(marked: &str) -> (String, Vec<Range<usize>>) {
    let mut text = String::new();
    let mut marks = Vec::new();
    for (at, piece) in marked.split('⟦').enumerate() {
        if at == 0 {
            text += piece;
            continue;
        }
        let (inside, after) = piece.split_once('⟧').expect("a mark ends");
        let start = text.len();
        text += inside;
        marks.push(start..text.len());
        text += after;
    }
    (text, marks)
}

fn told_of(text: &str, at: &Range<usize>, severity: Severity, names: &str) -> String {
    let line = ledger::form::line_at(text, at.start);
    let entries = entries(text);
    let entry = entries.iter().rfind(|(first, _)| *first <= line);
    let line = entry.map_or(line, |(first, _)| *first);
    let what = text.get(at.clone()).unwrap_or("?").replace('\n', " ");
    let what: String = what.chars().take(50).collect();
    format!("line {line}: {severity} at {what}, about {names:?}")
}

/// The entries of a ledger, each in one line, with the number of its first one.
fn entries(text: &str) -> Vec<(usize, String)> {
    let mut entries: Vec<(usize, String)> = Vec::new();
    let lines = text.lines().enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
        match entries.last_mut() {
            Some((_, entry)) if !line.starts_with('[') => {
                *entry += "  ";
                *entry += line;
            }
            _ => entries.push((at + 1, line.to_owned())),
        }
    }
    entries
}

fn numbered(text: &str) -> String {
    const SHOWN: usize = 40;
    let entries = entries(text);
    let shown = entries.iter().take(SHOWN);
    let mut all = shown.fold(String::new(), |mut all, (line, entry)| {
        let _ = writeln!(all, "      {line:>3} | {entry}");
        all
    });
    if entries.len() > SHOWN {
        all += "          …\n";
    }
    all.trim_end().to_owned()
}
