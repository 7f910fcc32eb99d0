//! What the full ledger holds: values with their places in the text, and slips that are refused.

use ledger::{Date, Ledger, LedgerError, answered, rules};

/// One of everything.
const FULL: &str = r#"
[limits]
tries_warning = 3

[[component]]
name = "api"
role = "service"
scope = "machine"
owner = "learning"
objective = 0.9995

[[component]]
name = "store"
role = "authority"
scope = "machine"
capacity = 900

[[component]]
name = "cache"
role = "cache"
scope = "process"
peak = 2_000.5
hit = 0.95
coalesces = true

[[fact]]
name = "progress"
decided_by = "store"
audience = "user"

[[copy]]
of = "progress"
at = "cache"
stale_at_most = "5 s"
rebuilt_from = "store"
keyed_by = ["user", "lesson"]

[[boundary]]
from = "api"
to = "store"
mode = "network"
access = "write"
carries = ["progress"]
timeout = "300 ms"
tries = 2
per_try = "120 ms"
retry_on = ["connect", "timeout"]
retry_budget = 0.2
deadline = "propagated"
proven_by = "writes::an_absent_store_is_an_error"
review_by = 2027-06-30
pressure = { kind = "load", metric = "writes", value = 1200, unit = "a second", measured = 2026-11-29, alternative_carries = 900 }

[[flow]]
name = "complete"
deadline = "1 s"
objective = 0.99

[[flow.step]]
from = "api"
to = "store"
writes = "progress"

[[waiver]]
rule = "B301"
at = "api -> store"
reason = "the new client comes with release 9"
owner = "learning"
expires = 2027-01-31
"#;

#[test]
fn each_value_points_back_at_its_text() {
    let ledger = Ledger::parse(FULL).expect("of the form");
    let boundary = ledger.boundary("api", "store").expect("it has one");
    let text = |span: std::ops::Range<usize>| &FULL[span];
    assert_eq!(text(boundary.from.span()), "\"api\"");
    assert_eq!(text(boundary.tries.as_ref().unwrap().span()), "2");
    assert_eq!(
        text(boundary.timeout.as_ref().unwrap().span()),
        "\"300 ms\""
    );
    assert_eq!(
        text(boundary.review_by.as_ref().unwrap().span()),
        "2027-06-30"
    );
    assert_eq!(
        text(boundary.retry_on.as_ref().unwrap().span()),
        "[\"connect\", \"timeout\"]"
    );
    let pressure = boundary.pressure.as_ref().unwrap();
    assert_eq!(text(pressure.value.as_ref().unwrap().span()), "1200");
    let fact = &ledger.facts[0];
    assert_eq!(text(fact.decided_by.as_ref().unwrap().span()), "\"store\"");
    let keys = ledger.copies[0].keyed_by.as_ref().unwrap();
    assert_eq!(text(keys.span()), "[\"user\", \"lesson\"]");
    let writes = ledger.flows[0].steps[0].writes.as_ref().unwrap();
    assert_eq!(text(writes.span()), "\"progress\"");
    let objective = ledger.components[0].objective.as_ref().unwrap();
    assert_eq!(text(objective.span()), "0.9995");
}

#[test]
fn a_full_ledger_has_no_findings_by_entry() {
    let ledger = Ledger::parse(FULL).expect("of the form");
    for (rule, check) in rules::CHECKS {
        assert_eq!(check(&ledger), [], "{}", rule.name);
    }
    let day = |text| Date::parse(text).expect("a day");
    assert_eq!(rules::expired::check(&ledger, day("2026-11-29")), []);
    assert_eq!(
        rules::expired::check(&ledger, day("2027-01-31")).len(),
        1,
        "announced"
    );
    assert_eq!(rules::expired::check(&ledger, day("2027-07-01")).len(), 2);
}

#[test]
fn what_could_only_be_a_slip_is_refused_on_its_line() {
    let slips = [
        ("\"300 ms\"", "300", "duration"),
        ("\"300 ms\"", "\"300\"", "no unit"),
        ("\"300 ms\"", "\"300 parsecs\"", "not a unit of time"),
        ("\"300 ms\"", "\"-3 s\"", "unit"),
        (
            "\"300 ms\"",
            "\"99999999999999999999999 d\"",
            "not a duration",
        ),
        ("tries = 2", "tries = 0", "at least 1"),
        ("tries = 2", "tries = -1", "at least 1"),
        (
            "objective = 0.9995",
            "objective = 99.95",
            "99.9% is written 0.999",
        ),
        ("objective = 0.9995", "objective = nan", "a share"),
        ("capacity = 900", "capacity = -1", "0 or more"),
        ("capacity = 900", "capacity = inf", "0 or more"),
        ("expires = 2027-01-31", "expires = \"soon\"", ""),
        (
            "expires = 2027-01-31",
            "expires = 12:30:00",
            "a day is written",
        ),
        (
            "decided_by = \"store\"",
            "decided_by = 7",
            "a name or a list",
        ),
        (
            "keyed_by = [\"user\", \"lesson\"]",
            "keyed_by = [[\"user\"]]",
            "",
        ),
        ("tries = 2", "trys = 2", "unknown field `trys`"),
    ];
    for (right, wrong, said) in slips {
        let text = FULL.replacen(right, wrong, 1);
        assert_ne!(text, FULL);
        let expected = 1 + text[..text.find(wrong).unwrap()].matches('\n').count();
        match Ledger::parse(&text) {
            Err(LedgerError::Form { line, message, .. }) => {
                assert_eq!(line, expected, "{wrong}: {message}");
                assert!(message.contains(said), "{wrong}: {message}");
            }
            other => panic!("{wrong}: {other:?}"),
        }
    }
}

#[test]
fn words_that_only_promise_an_answer_are_none() {
    for none in [
        "",
        "  ",
        "TODO",
        "todo: ask Kim",
        "tbd.",
        "?",
        "…",
        "...",
        "N/A",
        "unknown",
    ] {
        let none = none.replace('…', "...");
        assert_eq!(answered(&none), None, "{none:?}");
    }
    for some in [
        "writers queue",
        " 5 ",
        "todo list is shown",
        "unknown outcomes are retried",
    ] {
        assert_eq!(answered(some), Some(some.trim()));
    }
}

#[test]
fn days_are_counted_across_months_and_leap_years() {
    let day = |text| Date::parse(text).expect("a day");
    for (later, earlier, days) in [
        ("2027-03-01", "2027-02-28", 1),
        ("2028-03-01", "2028-02-28", 2),
        ("2027-01-01", "2026-12-31", 1),
        ("2101-01-01", "2001-01-01", 36_524),
        ("2026-11-29", "2026-12-13", -14),
    ] {
        assert_eq!(day(later).days_since(day(earlier)), days, "{later}");
    }
    assert_eq!(Date::parse("2027-02-30"), None);
    assert_eq!(Date::parse("soon"), None);
}

/// Whatever its input, the parser returns, and names a line.
#[test]
fn no_text_makes_it_panic() {
    let deep = format!("a = {}1{}", "[".repeat(1_000), "]".repeat(1_000));
    let tables = format!("[{}]", vec!["a"; 1_000].join("."));
    let inline = format!("a = {}1{}", "{a = ".repeat(1_000), "}".repeat(1_000));
    for text in [
        &deep,
        &tables,
        &inline,
        "\u{0}",
        "\u{feff}[[component]]",
        "[[component]]\nname",
    ] {
        let error = Ledger::parse(text).expect_err("no ledger");
        assert!(error.to_string().starts_with("line "), "{error}");
    }
    let cut = (0..FULL.len()).filter(|at| FULL.is_char_boundary(*at));
    for end in cut {
        let _ = Ledger::parse(&FULL[..end]);
    }
}
