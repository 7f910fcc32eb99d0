//! Which ledgers are answers, and which are wishes.

use ledger::{Ledger, LedgerError};

/// A ledger in which everything is answered.
const GOOD: &str = r#"
[[component]]
name = "api"
role = "service"
scope = "process"

[[component]]
name = "store"
role = "authority"
scope = "machine"

[[component]]
name = "cache"
role = "cache"
scope = "process"

[[boundary]]
from = "api"
to = "store"
mode = "same-machine"
[boundary.pressure]
kind = "isolation"
metric = "completions lost by a crash"
value = "0 a year"
[boundary.cost]
adds = "a sync a group"
[boundary.correctness]
owner = "store"
[boundary.fallback]
when_slow = "writers queue"
when_absent = "writers are told"
"#;

fn complaints(text: &str) -> Vec<String> {
    let ledger = Ledger::parse(text).expect("the form is right");
    let complaints = ledger.complaints();
    complaints.iter().map(ToString::to_string).collect()
}

#[test]
fn an_answered_ledger_has_no_complaints() {
    assert_eq!(complaints(GOOD), [""; 0]);
}

#[test]
fn the_ledgers_of_the_course_are_ledgers() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readers = ledger::nearest(folder).expect("the reader's ledger");
    let readers = std::fs::read_to_string(readers).expect("readable");
    Ledger::parse(&readers).expect("the reader's ledger has the right form");
    let ours = folder.join("../../../solutions/boundaries.toml");
    let ours = std::fs::read_to_string(ours).expect("readable");
    assert_eq!(complaints(&ours), [""; 0]);
}

/// Each fault: the text that it replaces, its own text, and what the message has to contain.
#[test]
fn each_fault_is_named_with_its_line() {
    let faults = [
        (
            "value = \"0 a year\"",
            "value = \"\"",
            "`pressure.value` is empty",
        ),
        ("value = \"0 a year\"", "value = \"few\"", "no number"),
        (
            "metric = \"completions lost by a crash\"",
            "metric = \"  \"",
            "`pressure.metric` is empty",
        ),
        (
            "adds = \"a sync a group\"",
            "adds = \"\"",
            "`cost.adds` is empty",
        ),
        (
            "owner = \"store\"",
            "owner = \"\"",
            "`correctness.owner` is empty",
        ),
        (
            "owner = \"store\"",
            "owner = \"cache\"",
            "only an authority can be right",
        ),
        (
            "owner = \"store\"",
            "owner = \"database\"",
            "not a component of this ledger",
        ),
        (
            "when_absent = \"writers are told\"",
            "when_absent = \"Writers queue\"",
            "the same sentence",
        ),
        (
            "to = \"store\"",
            "to = \"stor\"",
            "there is no component \"stor\"",
        ),
    ];
    for (right, wrong, said) in faults {
        let told = complaints(&GOOD.replace(right, wrong));
        assert!(
            told.iter()
                .any(|told| told.contains(said) && told.starts_with("line 18, api → ")),
            "{wrong}: {told:?}"
        );
    }
}

#[test]
fn the_same_entry_twice_is_a_fault() {
    let (_, boundary) = GOOD.split_once("[[boundary]]").expect("it has one");
    let told = complaints(&format!("{GOOD}[[boundary]]{boundary}"));
    assert!(told.len() == 1 && told[0].contains("twice"), "{told:?}");
    let told = complaints(&GOOD.replace("name = \"cache\"", "name = \"api\""));
    assert!(
        told.len() == 1 && told[0].contains("component api"),
        "{told:?}"
    );
}

#[test]
fn what_is_not_of_the_form_is_refused_with_its_line() {
    for (right, wrong) in [
        ("role = \"cache\"", "role = \"database\""),
        ("scope = \"machine\"", "scope = \"moon\""),
        ("kind = \"isolation\"", "kind = \"fashion\""),
        (
            "when_absent = \"writers are told\"",
            "when_abzent = \"writers are told\"",
        ),
        ("from = \"api\"", "from = 7"),
        ("name = \"cache\"", "name = \"cache"),
    ] {
        let text = GOOD.replace(right, wrong);
        let line = 1 + text[..text.find(wrong).expect("replaced")]
            .matches('\n')
            .count();
        let error = Ledger::parse(&text).expect_err(wrong);
        let LedgerError::Form { line: told, .. } = error else {
            panic!("{wrong}: {error}");
        };
        // A missing field is reported where its table begins.
        assert!(
            told <= line && told + 3 > line,
            "{wrong} on line {line}: {error}"
        );
    }
    let large = "#".repeat(ledger::form::MAX_LEDGER_BYTES + 1);
    assert!(matches!(
        Ledger::parse(&large),
        Err(LedgerError::TooLarge { .. })
    ));
}
